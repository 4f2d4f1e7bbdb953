"""A batch survives the death of its server: no row is lost, none is answered twice."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import openai
import pytest
from openai.types import Batch

from tests.server.batches.conftest import ended, jsonl, lines, row, sdk_of, send

REPOSITORY = Path(__file__).parents[3]
ROWS = 40
EARLY = 25
"""So many rows are drawn before the server is killed; the others wait for the next one."""


@contextmanager
def process(folder: Path, gate: str) -> Iterator[tuple[subprocess.Popen[str], openai.OpenAI]]:
    started = subprocess.Popen(
        [sys.executable, "-m", "tests.server.batches.office_process", str(folder), gate],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert started.stdout is not None
        url = started.stdout.readline().strip()
        with sdk_of(url) as sdk:
            yield started, sdk
    finally:
        started.kill()
        started.communicate()


@dataclass(frozen=True)
class Killed:
    """What a server left that was killed in the middle of a batch."""

    folder: Path
    batch: str
    output: bytes
    """Its output file so far."""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Killed:
    folder = tmp_path_factory.mktemp("killed")
    names = ["soon"] * EARLY + ["later"] * (ROWS - EARLY)
    rows = [row(f"r{i}", name, response_format="b64_json") for i, name in enumerate(names)]
    rows[3]["body"]["size"] = "nonsense"
    with process(folder, "shut") as (server, sdk):
        batch = send(sdk, jsonl(rows)).id
        while sum(counts(sdk, batch)[1:]) < EARLY:
            pass
        os.kill(server.pid, signal.SIGKILL)
        assert server.wait(20) == -signal.SIGKILL
    (output,) = [p for p in (folder / "uploads").iterdir() if b'"status_code":200' in first_line(p)]
    before = output.read_bytes()
    # As if it had died later: one answer is whole and not yet counted, one is half written.
    with output.open("ab") as file:
        file.write(b'{"id":"batch_req_x","custom_id":"r30"}\n{"id":"batch_req_y","custom')
    return Killed(folder, batch, before)


@pytest.fixture(scope="module")
def resumed(
    killed: Killed, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[openai.OpenAI, Batch]]:
    """The server started again, and the batch at its end."""
    folder = tmp_path_factory.mktemp("resumed") / "data"
    shutil.copytree(killed.folder, folder)
    with process(folder, "open") as (_, sdk):
        yield sdk, ended(sdk, sdk.batches.retrieve(killed.batch))


def test_a_killed_server_loses_no_row_and_answers_none_twice(
    killed: Killed, resumed: tuple[openai.OpenAI, Batch]
) -> None:
    sdk, batch = resumed
    assert batch.status == "completed"
    assert counts(sdk, batch.id) == (ROWS, ROWS - 1, 1)
    assert sdk.files.content(str(batch.output_file_id)).content.startswith(killed.output)
    assert len(killed.output.splitlines()) == EARLY - 1
    answers = lines(sdk, batch.output_file_id)
    assert answers.keys() == {f"r{i}" for i in range(ROWS)} - {"r3"}
    assert lines(sdk, batch.error_file_id).keys() == {"r3"}


def test_a_server_that_is_stopped_gives_its_rows_back_and_they_keep_their_seeds(
    killed: Killed, resumed: tuple[openai.OpenAI, Batch]
) -> None:
    with process(killed.folder, "shut") as (server, sdk):
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write("stop\n")
        server.stdin.flush()
        assert server.stdout.readline() == "rows were given back\n"
        assert server.wait(20) == 0
    with process(killed.folder, "open") as (_, sdk):
        here = drawn(sdk, ended(sdk, sdk.batches.retrieve(killed.batch)))
    assert here == drawn(*resumed)
    assert len(set(here.values())) == ROWS - 1


def drawn(sdk: openai.OpenAI, batch: Batch) -> dict[str, str]:
    """The pictures of a batch, as base64."""
    answers = lines(sdk, batch.output_file_id)
    return {k: v["response"]["body"]["data"][0]["b64_json"] for k, v in answers.items()}


def first_line(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.readline()


def counts(sdk: openai.OpenAI, batch_id: str) -> tuple[int, int, int]:
    found = sdk.batches.retrieve(batch_id).request_counts
    assert found is not None
    return found.total, found.completed, found.failed
