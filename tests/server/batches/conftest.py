"""A server with batches over the torch-free drawer, called with the real openai SDK."""

import io
import json
import time
from collections.abc import Iterator, Sequence
from typing import Any

import openai
import pytest
from openai.types import Batch

from server.batches.office import BatchSettings
from server.store.database import prepare
from tests.server.conftest import KEY, Site, serving
from tests.server.drawer import Drawer

ENDPOINT = "/v1/images/generations"
ENDED = {"failed", "completed", "expired", "cancelled"}
PATIENCE_S = 30.0


def sdk_of(url: str, key: str = KEY) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0, timeout=30)


def row(custom_id: str, prompt: str, **body: Any) -> dict[str, Any]:
    drawn = {"model": "seedbed", "prompt": prompt, "size": "64x64"} | body
    return {"custom_id": custom_id, "method": "POST", "url": ENDPOINT, "body": drawn}


def jsonl(rows: Sequence[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in rows)


def send(sdk: openai.OpenAI, content: bytes, **said: Any) -> Batch:
    """Upload the lines and make a batch of them, as the vendor's guide does."""
    file = sdk.files.create(file=("rows.jsonl", io.BytesIO(content)), purpose="batch")
    return sdk.batches.create(
        **({"input_file_id": file.id, "endpoint": ENDPOINT, "completion_window": "24h"} | said)
    )


def ended(sdk: openai.OpenAI, batch: Batch) -> Batch:
    """Ask until the batch is at its end."""
    give_up_s = time.monotonic() + PATIENCE_S
    while batch.status not in ENDED:
        assert time.monotonic() < give_up_s, batch
        batch = sdk.batches.retrieve(batch.id)
    return batch


def lines(sdk: openai.OpenAI, file_id: str | None) -> dict[str, dict[str, Any]]:
    """The lines of an output file by custom_id; each is there once."""
    assert file_id is not None
    read = [json.loads(line) for line in sdk.files.content(file_id).text.splitlines()]
    by_id = {line["custom_id"]: line for line in read}
    assert len(by_id) == len(read)
    return by_id


@pytest.fixture(scope="module")
def office(drawer: Drawer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("batches")
    prepare(folder)
    with serving(drawer, folder, batches=BatchSettings(folder, max_file_bytes=100_000)) as site:
        yield site


@pytest.fixture(scope="module")
def sdk(office: Site) -> Iterator[openai.OpenAI]:
    with sdk_of(office.url) as sdk:
        yield sdk


@pytest.fixture(scope="module")
def neighbour(office: Site) -> Iterator[openai.OpenAI]:
    """Another key of the same server."""
    with sdk_of(office.url, "other-key-0123456789") as sdk:
        yield sdk
