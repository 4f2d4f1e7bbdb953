"""What is handed out over HTTP: named, marked, the same for the same call, and known beforehand."""

import asyncio
import base64
import hashlib
import io
import json
import logging
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from pipelines.provenance.claims import read_claims
from pipelines.tilemark.mark import TileMark
from server.batches.office import BatchSettings
from server.labelling import Labelling
from server.provenance.keys import read_keys, read_or_make_keys
from server.provenance.policy import LabelPolicy
from server.provenance.publishing import Publishing
from server.provenance.registry import Registry
from server.store.database import FILE, Database, prepare
from tests.server.batches.conftest import ended, jsonl, lines, row, sdk_of, send
from tests.server.conformance.calls import (
    ARK,
    EDITS,
    GENERATIONS,
    M3,
    VARIATIONS,
    fetched,
    png,
)
from tests.server.conftest import KEY, Site, serving
from tests.server.drawer import Drawer
from tests.server.pictures import pixels
from tests.server.shapes import ark_error, openai_error

NATIVE = "/seedbed/v1/images"
OTHER_KEY = "other-key-0123456789"
HEADER = "x-seedbed-provenance"
LARGE = {"model": "seedbed", "prompt": "a cat", "size": "512x512", "seed": 7}


@contextmanager
def publishing_site(
    drawer: Drawer, folder: Path, policy: LabelPolicy | None = None, **said: Any
) -> Iterator[Site]:
    """A server that marks, and keeps a row of each picture."""
    policy = policy or LabelPolicy()
    prepare(folder)
    database = Database(folder)
    try:
        with serving(
            drawer,
            folder,
            publishing=Publishing(keys=read_or_make_keys(folder), keeping=policy),
            registry=Registry(database),
            labelling=Labelling(policy=policy),
            **said,
        ) as site:
            yield site
    finally:
        asyncio.run(database.close())


@pytest.fixture(scope="module")
def marking(drawer: Drawer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("marking")
    with publishing_site(drawer, folder, batches=BatchSettings(folder)) as site:
        yield site


def post(site: Site, path: str, key: str = KEY, **body: Any) -> httpx2.Response:
    headers = {"authorization": f"Bearer {key}"}
    return httpx2.post(site.url + path, json=body, headers=headers, timeout=60)


def drawn(site: Site, path: str, key: str = KEY, **body: Any) -> bytes:
    """The only picture of an answer."""
    answer = post(site, path, key, **body)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    (one,) = told.get("images") or told["data"]
    return base64.b64decode(one["b64_json"]) if one.get("b64_json") else fetched(one["url"])


def rows_of(folder: Path, data: bytes) -> list[dict[str, Any]]:
    """What the registry has of a file, read by somebody else than the server."""
    digest = hashlib.sha256(data).hexdigest()
    with closing(sqlite3.connect(folder / FILE)) as opened:
        opened.row_factory = sqlite3.Row
        found = opened.execute("SELECT * FROM pictures WHERE sha256 = ?", (digest,)).fetchall()
    return [dict(one) for one in found]


def named(data: bytes) -> str:
    """The id that a file says."""
    (label,) = read_claims(data).labels
    assert label.produce_id is not None
    return label.produce_id


@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
def test_the_same_call_gives_the_same_bytes_with_the_mark_on(marking: Site, form: str) -> None:
    body = LARGE | {"output_format": form, "response_format": "b64_json"}
    first, second = (drawn(marking, GENERATIONS, **body) for _ in range(2))
    assert first == second
    (key,) = read_keys(marking.data_dir)
    assert f"{TileMark(key.secret).detect(pixels(first)).ident:016x}" == named(first)
    assert len(rows_of(marking.data_dir, first)) == 2


def test_the_same_picture_for_somebody_else_has_another_id(marking: Site) -> None:
    body = LARGE | {"response_format": "b64_json"}
    mine, yours = (drawn(marking, GENERATIONS, key, **body) for key in (KEY, OTHER_KEY))
    assert named(mine) != named(yours)
    assert [one["client"] for one in rows_of(marking.data_dir, yours)] == ["other"]


def test_what_is_asked_for_otherwise_has_another_id(marking: Site) -> None:
    said = ({}, {"seed": 8}, {"output_format": "jpeg"}, {"prompt": "a dog"}, {"watermark": True})
    body = LARGE | {"response_format": "b64_json"}
    ids = {named(drawn(marking, GENERATIONS, **body | one)) for one in said}
    assert len(ids) == len(said)


def test_the_row_is_there_when_the_answer_comes(marking: Site) -> None:
    answer = post(marking, ARK, model=M3, prompt="a cat", size="512x512", watermark=False)
    data = fetched(answer.json()["data"][0]["url"])
    (one,) = rows_of(marking.data_dir, data)
    assert one["id"] == named(data)
    assert one["request_id"] == answer.headers["x-request-id"]
    assert (one["client"], one["model"], one["drawn_by"]) == ("tester", M3, "embedded")
    assert (one["width"], one["height"], one["format"]) == (512, 512, "jpeg")
    assert (one["labelled"], one["label_declined"]) == (0, 1)
    assert one["expires_at"] - one["created_at"] == 183 * 24 * 3600
    assert one["mark_key"] == read_keys(marking.data_dir)[0].name
    assert one["mark_strength"] >= 1


def test_a_streams_row_is_there_when_its_event_comes(marking: Site) -> None:
    body = {"model": "gpt-image-1.5", "prompt": "a cat", "stream": True, "partial_images": 1}
    body |= {"size": "1024x1024", "output_format": "jpeg", "output_compression": 80}
    headers = {"authorization": f"Bearer {KEY}"}
    with httpx2.stream(
        "POST", marking.url + GENERATIONS, json=body, headers=headers, timeout=60
    ) as answer:
        assert answer.headers[HEADER] == "planned=metadata+invisible+registry"
        for event in httpx2.EventSource(answer):
            data = base64.b64decode(json.loads(event.data)["b64_json"])
            found = len(rows_of(marking.data_dir, data))
            assert found == (1 if event.event.endswith("completed") else 0)
            assert re.fullmatch("[0-9a-f]{16}", named(data)), "previews say what they are too"


@pytest.mark.parametrize("path", [EDITS, VARIATIONS])
def test_edits_are_known_like_everything(marking: Site, path: str) -> None:
    said = {"model": "seedbed", "size": "512x512", "response_format": "b64_json"}
    said |= {"prompt": "a hat"} if path == EDITS else {}
    answer = httpx2.post(
        marking.url + path,
        data=said,
        files={"image": ("a.png", io.BytesIO(png()))},
        headers={"authorization": f"Bearer {KEY}"},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    data = base64.b64decode(answer.json()["data"][0]["b64_json"])
    assert len(rows_of(marking.data_dir, data)) == 1
    assert read_claims(data).source_types == ("compositeWithTrainedAlgorithmicMedia",)


def test_a_batchs_pictures_are_known_like_everything(marking: Site) -> None:
    with sdk_of(marking.url) as sdk:
        batch = ended(sdk, send(sdk, jsonl([row("one", "in a batch", size="512x512")])))
        response = lines(sdk, batch.output_file_id)["one"]["response"]
    (one,) = rows_of(marking.data_dir, fetched(response["body"]["data"][0]["url"]))
    assert one["request_id"] == response["request_id"]
    assert response["headers"][HEADER].startswith(f"{one['id']}; layers=metadata+invisible+")


def test_the_header_names_each_picture_with_its_layers(marking: Site) -> None:
    answer = post(marking, NATIVE, **LARGE, n=3, stream=False, watermark=True)
    told = [one["provenance"] for one in answer.json()["images"]]
    layers = ["label", "metadata", "invisible", "registry"]
    assert [(one["layers"], one["skipped"]) for one in told] == [(layers, {})] * 3
    ids = [one["id"] for one in told]
    assert len(set(ids)) == 3
    assert answer.headers[HEADER] == f"{' '.join(ids)}; layers={'+'.join(layers)}"


def test_why_a_picture_bears_no_mark_is_said(marking: Site) -> None:
    answer = post(marking, NATIVE, **LARGE | {"size": "256x256"}, stream=False)
    (one,) = answer.json()["images"]
    assert "invisible" not in one["provenance"]["layers"]
    why = "the short side is 256 px, and a mark needs at least 384"
    assert one["provenance"]["skipped"] == {"invisible": why}
    assert answer.headers[HEADER].endswith(f"; skipped=invisible; why={why.replace(',', '')}")
    (kept,) = rows_of(marking.data_dir, base64.b64decode(one["b64_json"]))
    assert (kept["mark_key"], kept["mark_strength"]) == (None, None)


def test_what_cannot_be_written_down_is_not_handed_out(drawer: Drawer, tmp_path: Path) -> None:
    body = LARGE | {"size": "64x64", "response_format": "b64_json"}
    with publishing_site(drawer, tmp_path) as site:
        with closing(sqlite3.connect(tmp_path / FILE)) as opened:
            opened.execute(
                "CREATE TRIGGER full BEFORE INSERT ON pictures "
                "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
            )
            assert openai_error(post(site, GENERATIONS, **body), 500)["type"] == "server_error"
            refused = post(site, ARK, model=M3, prompt="a cat", size="512x512")
            assert ark_error(refused, 500)["code"] == "InternalServiceError"
            assert not list((tmp_path / "pictures").iterdir()), "nobody was told its address"
            opened.execute("DROP TRIGGER full")
        assert post(site, GENERATIONS, **body).status_code == 200


def test_a_site_may_forbid_pictures_without_a_label(drawer: Drawer, tmp_path: Path) -> None:
    policy = LabelPolicy(unlabelled="forbid")
    with publishing_site(drawer, tmp_path, policy) as site:
        error = openai_error(post(site, GENERATIONS, **LARGE, watermark=False), 403)
        assert (error["type"], error["param"]) == ("request_forbidden", "watermark")
        assert "leave watermark out, or send true" in error["message"]
        error = openai_error(post(site, NATIVE, **LARGE, watermark=False), 403)
        assert error["param"] == "watermark"
        body = {"model": M3, "prompt": "a cat", "size": "512x512"}
        refused = ark_error(post(site, ARK, **body, watermark=False), 403)
        assert (refused["type"], refused["code"]) == ("Forbidden", "AccessDenied")
        assert refused["param"] == "watermark"
        said = post(site, NATIVE, **LARGE | {"size": "64x64"}, stream=False).json()
        assert "label" in said["images"][0]["provenance"]["layers"], "also where nothing is said"


@pytest.mark.parametrize("policy", [LabelPolicy(unlabelled="log"), LabelPolicy(compliance="cn")])
def test_who_declines_a_label_is_written_down(
    policy: LabelPolicy, drawer: Drawer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    small = LARGE | {"size": "64x64"}
    with caplog.at_level(logging.INFO, "server"), publishing_site(drawer, tmp_path, policy) as site:
        answer = post(site, NATIVE, **small, stream=False, watermark=False)
        (one,) = answer.json()["images"]
        line = f"{answer.headers['x-request-id']} of tester: the picture {one['provenance']['id']} "
        assert [record.message for record in caplog.records if line in record.message]
        (kept,) = rows_of(tmp_path, base64.b64decode(one["b64_json"]))
        assert (kept["labelled"], kept["label_declined"]) == (0, 1)
        caplog.clear()
        post(site, NATIVE, **small, stream=False, watermark=True)
        assert not [record for record in caplog.records if "label" in record.message]
