"""`seedbed watermark verify`: what it prints, how it ends, and that it leaves everything alone."""

import asyncio
import tracemalloc
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from pipelines.types import Pixels, Size
from server.provenance.keys import read_or_make_keys
from server.provenance.registry import Record, Registry
from server.store.database import Database, prepare
from tests.server.commands import Command, Done, command
from tests.server.provenance.marked import (
    IDENT,
    known,
    marked,
    published,
    said,
    saved,
    scenery,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a server has run: its data, and pictures beside them."""
    folder = tmp_path_factory.mktemp("verify")
    data_dir = folder / "data"
    data_dir.mkdir()
    prepare(data_dir)
    key = read_or_make_keys(data_dir)[0]
    pixels = marked(scenery(1), key.secret)
    file = published(pixels)
    asyncio.run(_register(data_dir, record(pixels, file, key.name)))
    pictures = {
        "ours.png": file,
        "cut.jpg": saved(pixels[40:460, 80:500], "JPEG", quality=70),
        "swapped.jpg": saved(pixels, "JPEG", quality=90, xmp=said(7)),
        "plain.png": saved(scenery(2, 64)),
        "claimed.png": published(scenery(2, 64), 5),
        "broken.png": file[:5000],
    }
    for name, content in pictures.items():
        (folder / name).write_bytes(content)
    return folder


async def _register(data_dir: Path, row: Record) -> None:
    database = Database(data_dir)
    await Registry(database).add(row)
    await database.close()


def record(pixels: Pixels, file: bytes, key: str) -> Record:
    return Record(
        **asdict(known(pixels, file)),
        expires_at=2**40,
        drawn_by="embedded",
        size=Size(512, 512),
        format="png",
        labelled=False,
        label_declined=True,
        mark_key=key,
        mark_strength=1.0,
    )


@pytest.fixture
def verify(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    return command(folder, monkeypatch, capsys, "watermark", "verify")


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = (path for path in (folder / "data").rglob("*") if path.is_file())
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


@pytest.mark.parametrize(
    ("names", "status", "words"),
    [
        (["ours.png"], 0, "AI-generated, by this server"),
        (["plain.png"], 1, "does not mean that no AI made it"),
        (["claimed.png"], 1, "nothing proves who made it"),
        (["swapped.jpg"], 2, "CONFLICT"),
        (["broken.png"], 3, "cannot be read: The picture is damaged or cut off."),
        (["missing.png"], 3, "cannot be read: No such file"),
        (["."], 3, "cannot be read: Is a directory"),
        (["ours.png", "plain.png", "swapped.jpg"], 2, "ours.png"),
    ],
)
def test_the_exit_status_is_the_worst_of_the_files(
    verify: Command, names: list[str], status: int, words: str
) -> None:
    done = verify("--depth", "fast", *names)
    assert done.status == status, done
    assert words in done.out
    assert [name for name in names if f"{name}: " not in done.out] == []
    assert done.err == ""


def test_a_person_reads_a_table_without_colours(verify: Command) -> None:
    out = verify("cut.jpg").out
    assert "\x1b" not in out
    rows = {line.split()[0]: line for line in out.splitlines() if line.startswith("  ")}
    assert "absent" in rows["credentials"]
    assert "absent" in rows["metadata"]
    assert f"verified  {IDENT:016x}" in rows["invisible"]
    assert "cropped to 1/1.2" in rows["invisible"]
    assert "request req_1 of tester" in rows["registry"]
    assert "looks alike" in rows["registry"]


def test_what_looks_like_an_emoji_is_printed_as_it_is(verify: Command) -> None:
    done = verify("AF:CD:34.png")
    assert "AF:CD:34.png: cannot be read" in done.out
    assert verify("ours.png", "--manifest", ":cd:.c2pa").err == "wrote :cd:.c2pa\n"


def test_memory_does_not_grow_with_the_files(verify: Command) -> None:
    def peak(files: int) -> int:
        tracemalloc.start()
        try:
            verify("--depth", "fast", *["ours.png"] * files)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    verify("--depth", "fast", "ours.png")
    assert peak(12) - peak(2) < 1_000_000


def test_json_holds_one_object_for_each_file(verify: Command) -> None:
    done = verify("--json", "--depth", "fast", "ours.png", "broken.png", "swapped.jpg")
    ours, broken, swapped = done.json["data"]
    assert done.status == 3
    assert (ours["file"], ours["verdict"]) == ("ours.png", "ai_generated_by_this_server")
    assert (ours["registry"]["same_file"], ours["registry"]["client"]) == (True, "tester")
    assert broken == {
        "file": "broken.png",
        "index": 1,
        "error": {"message": "The picture is damaged or cut off."},
    }
    assert (swapped["verdict"], swapped["ids_agree"]) == ("conflict", False)


def test_a_stripped_picture_leads_to_its_manifest(verify: Command, folder: Path) -> None:
    done = verify("cut.jpg", "--manifest", "kept.c2pa")
    assert (done.status, done.err) == (0, "wrote kept.c2pa\n")
    assert (folder / "kept.c2pa").read_bytes() == b"a manifest"
    again = verify("cut.jpg", "--manifest", "kept.c2pa")
    assert (again.status, again.err) == (3, "seedbed: cannot write kept.c2pa: File exists\n")


def test_there_is_no_manifest_of_what_is_not_known(verify: Command) -> None:
    done = verify("plain.png", "--depth", "fast", "--manifest", "none.c2pa")
    assert done.status == 3
    assert "no manifest is kept of plain.png" in done.err
    assert verify("plain.png", "ours.png", "--manifest", "none.c2pa").status == 3


def test_the_data_folder_is_left_as_it_was(verify: Command, folder: Path) -> None:
    before = contents(folder)
    verify("ours.png")
    assert contents(folder) == before
    assert len(before) == 2


def test_it_reads_beside_a_server_that_writes(verify: Command, folder: Path) -> None:
    async def write() -> Done:
        database = Database(folder / "data")
        small = scenery(3, 64)
        row = record(small, (folder / "claimed.png").read_bytes(), "none")
        await Registry(database).add(Record(**{**_members(row), "id": 5}))
        async with database.write():
            done = await asyncio.to_thread(verify, "--json", "--depth", "fast", "claimed.png")
        await database.close()
        return done

    (claimed,) = asyncio.run(write()).json["data"]
    assert claimed["registry"]["same_file"] is True


def _members(row: Record) -> dict[str, Any]:
    return {name: getattr(row, name) for name in Record.__dataclass_fields__}


def test_without_a_data_folder_it_says_what_it_did_not_look_for(
    verify: Command, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    done = verify("--json", str(folder / "ours.png"))
    (one,) = done.json["data"]
    assert done.status == 1
    assert one["verdict"] == "claims_ai_generated"
    assert one["layers"]["invisible"]["status"] == "not_searched"
    assert "no key of the invisible mark" in done.err
    assert "nothing is known of single pictures" in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_key_is_told_and_the_rest_is_looked_at(
    verify: Command, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    read_or_make_keys(tmp_path / "data")
    (file,) = (tmp_path / "data" / "mark-keys").iterdir()
    file.write_text("short")
    done = verify("--json", str(folder / "ours.png"))
    assert done.status == 3, "nobody may take this for a picture without a mark"
    assert done.json["data"][0]["verdict"] == "claims_ai_generated"
    assert file.name in done.err
