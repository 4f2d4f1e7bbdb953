"""The files of batches, as the openai SDK sends, lists, reads and deletes them."""

import io
import threading
from dataclasses import replace
from pathlib import Path

import httpx2
import openai
import pytest

from server.batches.office import BatchSettings
from server.store.database import prepare
from tests.server.batches.conftest import ended, jsonl, row, sdk_of, send
from tests.server.conftest import KEY, Site, serving
from tests.server.drawer import Drawer

CONTENT = b'{"custom_id": "\xc3\xa9"}\n'


def keep(sdk: openai.OpenAI, name: str = "rows.jsonl", content: bytes = CONTENT) -> str:
    return sdk.files.create(file=(name, io.BytesIO(content)), purpose="batch").id


def test_a_file_comes_back_byte_for_byte(sdk: openai.OpenAI) -> None:
    file = sdk.files.create(file=("sweep é.jsonl", io.BytesIO(CONTENT)), purpose="batch")
    assert file.filename == "sweep é.jsonl"
    assert file.bytes == len(CONTENT)
    assert file.purpose == "batch"
    assert file.status == "processed"
    assert file.expires_at == file.created_at + 30 * 24 * 3600
    assert sdk.files.retrieve(file.id) == file
    assert sdk.files.content(file.id).content == CONTENT


def test_a_file_is_wanted_for_a_while(sdk: openai.OpenAI) -> None:
    file = sdk.files.create(
        file=("a.jsonl", io.BytesIO(CONTENT)),
        purpose="batch",
        expires_after={"anchor": "created_at", "seconds": 7200},
    )
    assert file.expires_at == file.created_at + 7200


def test_a_deleted_file_is_gone(sdk: openai.OpenAI, office: Site) -> None:
    file_id = keep(sdk)
    deleted = sdk.files.delete(file_id)
    assert deleted.deleted
    assert deleted.id == file_id
    assert not (office.data_dir / "uploads" / file_id).exists()
    for ask in (sdk.files.retrieve, sdk.files.content, sdk.files.delete):
        with pytest.raises(openai.NotFoundError, match="No such File object"):
            ask(file_id)


def test_a_file_whose_time_is_over_is_gone(drawer: Drawer, tmp_path: Path) -> None:
    prepare(tmp_path)
    settings = BatchSettings(tmp_path, ttl_s=7200)
    with serving(drawer, tmp_path, batches=settings) as site, sdk_of(site.url) as sdk:
        file = sdk.files.create(file=("a.jsonl", io.BytesIO(CONTENT)), purpose="batch")
        assert file.expires_at == file.created_at + 7200
        left = tmp_path / "uploads" / "file-left.tmp"
        left.write_bytes(b"by a server that died")
    later = replace(settings, now=lambda: file.created_at + 7201)
    with serving(drawer, tmp_path, batches=later) as site, sdk_of(site.url) as sdk:
        with pytest.raises(openai.NotFoundError):
            sdk.files.retrieve(file.id)
        assert not sdk.files.list().data
    assert list((tmp_path / "uploads").iterdir()) == []


def test_lists_come_in_pages_newest_first(neighbour: openai.OpenAI) -> None:
    ids = [keep(neighbour) for _ in range(5)]
    page = neighbour.files.list(limit=2)
    assert [file.id for file in page.data] == [ids[4], ids[3]]
    assert page.has_more
    following = neighbour.files.list(limit=2, after=ids[3])
    assert [file.id for file in following.data] == [ids[2], ids[1]]
    assert [file.id for file in neighbour.files.list(limit=2)][:5] == ids[::-1]
    assert [file.id for file in neighbour.files.list(order="asc") if file.id in ids] == ids
    assert not neighbour.files.list(purpose="vision").data


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 10_001}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"limit": "9" * 30}, "limit"),
        ({"limit": "²"}, "limit"),
        ({"order": "up"}, "order"),
        ({"after": "file-unknown"}, "after"),
    ],
)
def test_a_wrong_page_is_refused(sdk: openai.OpenAI, query: dict[str, object], param: str) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        sdk.files.list(extra_query=query)
    assert caught.value.param == param
    assert caught.value.status_code in (400, 404)


def test_a_key_sees_its_own_files_and_batches_only(
    sdk: openai.OpenAI, neighbour: openai.OpenAI
) -> None:
    batch = ended(sdk, send(sdk, jsonl([row("mine", "mine alone")])))
    assert batch.output_file_id is not None
    for file_id in (batch.input_file_id, batch.output_file_id):
        for ask in (neighbour.files.retrieve, neighbour.files.content, neighbour.files.delete):
            with pytest.raises(openai.NotFoundError):
                ask(file_id)
        assert file_id not in [file.id for file in neighbour.files.list()]
    for look in (neighbour.batches.retrieve, neighbour.batches.cancel):
        with pytest.raises(openai.NotFoundError, match="No batch found"):
            look(batch.id)
    assert batch.id not in [other.id for other in neighbour.batches.list()]
    with pytest.raises(openai.NotFoundError):
        neighbour.batches.create(
            input_file_id=batch.input_file_id,
            endpoint="/v1/images/generations",
            completion_window="24h",
        )


def test_a_file_that_is_being_read_stays(sdk: openai.OpenAI, drawer: Drawer) -> None:
    gate = threading.Event()
    drawer.script("reads its file", gate=gate)
    batch = send(sdk, jsonl([row("slow", "reads its file")]))
    with pytest.raises(openai.ConflictError, match="cancel it first"):
        sdk.files.delete(batch.input_file_id)
    gate.set()
    ended(sdk, batch)
    assert sdk.files.delete(batch.input_file_id).deleted


@pytest.mark.parametrize("purpose", ["fine-tune", "assistants", "vision", "user_data", "evals"])
def test_another_purpose_is_refused_and_named(sdk: openai.OpenAI, purpose: str) -> None:
    with pytest.raises(openai.BadRequestError, match=f"'{purpose}'.*batches only") as caught:
        sdk.files.create(file=("a.jsonl", io.BytesIO(CONTENT)), purpose=purpose)  # type: ignore[arg-type]
    assert caught.value.param == "purpose"


def test_a_file_that_is_too_large_is_refused(sdk: openai.OpenAI) -> None:
    for size in (100_001, 400_000):
        with pytest.raises(openai.APIStatusError) as caught:
            keep(sdk, content=b"x" * size)
        assert caught.value.status_code == 413
    assert keep(sdk, content=b"x" * 100_000)


def test_an_empty_file_is_refused(sdk: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="empty"):
        keep(sdk, content=b"")


@pytest.mark.parametrize(
    "sent",
    [
        {"json": {"purpose": "batch"}},
        {"data": {"purpose": "batch"}},
        {"content": b"--x", "headers": {"content-type": "multipart/form-data"}},
        {"content": b"--y\r\n", "headers": {"content-type": "multipart/form-data; boundary=x"}},
        {"files": {"purpose": (None, "batch")}},
        {"files": {"file": ("a", CONTENT), "purpose": ("b", b"batch")}},
        {"files": {"file": (None, "text"), "purpose": (None, "batch")}},
        {"files": {"file": ("a", CONTENT)}},
        {
            "files": {"file": ("a", CONTENT), "purpose": (None, "batch")}
            | {"expires_after[seconds]": (None, "7200")}
        },
        {
            "files": {"file": ("a", CONTENT), "purpose": (None, "batch")}
            | {"expires_after[anchor]": (None, "created_at")}
            | {"expires_after[seconds]": (None, "10")}
        },
        {
            "files": {"file": ("a", CONTENT), "purpose": (None, "batch")}
            | {"expires_after[anchor]": (None, "created_at")}
            | {"expires_after[seconds]": (None, "9" * 5000)}
        },
    ],
    ids=lambda sent: str(sent)[:200],
)
def test_what_is_no_form_with_a_file_is_refused(office: Site, sent: dict[str, object]) -> None:
    headers = {"authorization": f"Bearer {KEY}", **sent.pop("headers", {})}  # type: ignore[dict-item]
    answer = httpx2.post(f"{office.url}/v1/files", headers=headers, **sent)  # type: ignore[arg-type]
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"].keys() == {"code", "message", "param", "type"}


def test_names_from_outside_never_become_paths(sdk: openai.OpenAI, office: Site) -> None:
    file_id = keep(sdk, name="../../../etc/passwd")
    assert (office.data_dir / "uploads" / file_id).read_bytes() == CONTENT
    with pytest.raises(openai.NotFoundError):
        sdk.files.retrieve("..%2f..%2fseedbed.db")
