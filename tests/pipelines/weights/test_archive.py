"""`seedbed weights import`: one file over the air gap, none of its bytes believed."""

import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.weights.archive import (
    CONTENTS,
    END,
    Member,
    header,
    padding,
    parse_contents,
    render_contents,
)
from pipelines.weights.store import Store
from pipelines.weights.unpack import install, open_archive
from tests.pipelines.weights.archives import fingerprint, members
from tests.pipelines.weights.conftest import Site, model_files, spoil

REPOSITORY = Path(__file__).parents[3]
UNET = "unet/model.safetensors"


def write(archive: Path, goods: list[tuple[str, bytes]], contents: bytes | None = None) -> None:
    """An archive in seedbed's layout with whatever somebody wants in it."""
    if contents is None:
        contents = render_contents(
            [Member(p, len(data), hashlib.sha256(data).hexdigest()) for p, data in goods]
        )
    parts = [
        header(p, len(data)) + data + padding(len(data))
        for p, data in [(CONTENTS, contents), *goods]
    ]
    archive.write_bytes(b"".join(parts) + END)


def nothing_here(far: Site) -> bool:
    staging = far.store / ".staging"
    left = [file for file in staging.rglob("*") if file.is_file()] if staging.exists() else []
    return not far.installed().exists() and not left


def test_an_archive_carries_the_weights_over_the_gap(far_site: Site) -> None:
    done = far_site.good("import", "in.tar")
    assert "licence Apache-2.0" in done.stderr
    far_site.good("verify", "--deep", "--strict")
    assert (far_site.installed() / UNET).read_bytes() == model_files()[UNET]
    assert far_site.hub.asked == []
    assert nothing_here(far_site) is False
    far_site.good("import", "in.tar")  # once more changes nothing


def test_a_disk_that_fills_up_is_named_by_both(site: Site, far_site: Site) -> None:
    said = site.on_full_disk("pack", "out.tar")
    assert "File too large; what was written is kept" in said
    site.good("pack", "out.tar")
    assert "cannot be written: File too large" in far_site.on_full_disk("import", "in.tar")
    assert nothing_here(far_site)
    far_site.good("import", "in.tar")


def test_wheels_travel_with_it(site: Site, far_site: Site) -> None:
    wheels = site.folder / "wheels"
    wheels.mkdir()
    assert "holds no wheels" in site.bad("pack", "out.tar", "--wheels", "wheels")
    (odd := wheels / "a-1!2-py3-none-any.whl").write_bytes(b"PK epoch")
    assert "a-1!2-py3-none-any.whl' is not a safe" in site.bad(
        "pack", "o.tar", "--wheels", "wheels"
    )
    odd.unlink()
    (wheels / "a-1-py3-none-any.whl").write_bytes(b"PK wheel")
    site.good("pack", "out.tar", "--wheels", "wheels")
    shutil.copy(site.folder / "out.tar", far_site.folder / "in.tar")
    assert "1 wheels stay in the archive" in far_site.good("import", "in.tar").stderr
    assert "wheels are code" in far_site.bad("import", "in.tar", "--wheels", "house")
    number = fingerprint(far_site.folder / "in.tar")
    far_site.good("import", "in.tar", "--wheels", "house", "--fingerprint", number)
    assert (far_site.folder / "house/a-1-py3-none-any.whl").read_bytes() == b"PK wheel"


@pytest.mark.parametrize("position", [0, 100, 600, 3_000, 9_000, 30_000, -30_000, -2_000, -1])
def test_a_tampered_byte_anywhere_is_refused(position: int, far_site: Site) -> None:
    spoil(far_site.folder / "in.tar", position)
    far_site.bad("import", "in.tar")
    assert nothing_here(far_site)


def test_every_header_and_text_is_compared_to_the_byte(far_site: Site) -> None:
    """The bytes between the large files, a sample of them."""
    file = far_site.folder / "in.tar"
    whole = file.read_bytes()
    texts = whole.index(model_files()["LICENSE"])
    for position in range(0, texts, texts // 12):
        file.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        far_site.bad("import", "in.tar")
    assert nothing_here(far_site)


@pytest.mark.parametrize("keep", [0.0, 0.001, 0.5, 0.999])
def test_an_archive_that_was_cut_short_is_refused(keep: float, far_site: Site) -> None:
    file = far_site.folder / "in.tar"
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * keep)])
    far_site.bad("import", "in.tar")
    assert nothing_here(far_site)


def test_something_added_behind_the_end_is_refused(far_site: Site) -> None:
    with (far_site.folder / "in.tar").open("ab") as file:
        file.write(bytes(512))
    assert "something was added to it" in far_site.bad("import", "in.tar")


Change = Callable[[tarfile.TarInfo], None]


def _symlink(info: tarfile.TarInfo) -> None:
    info.type, info.linkname, info.size = tarfile.SYMTYPE, "/etc/passwd", 0


def _hard_link(info: tarfile.TarInfo) -> None:
    info.type, info.linkname, info.size = tarfile.LNKTYPE, "weights.lock", 0


def _traversal(info: tarfile.TarInfo) -> None:
    info.name = "../../escape"


def _absolute(info: tarfile.TarInfo) -> None:
    info.name = "/tmp/escape"


def _folder(info: tarfile.TarInfo) -> None:
    info.type, info.size = tarfile.DIRTYPE, 0


def _device(info: tarfile.TarInfo) -> None:
    info.type, info.size = tarfile.CHRTYPE, 0


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (_symlink, "a symbolic link"),
        (_hard_link, "a hard link"),
        (_traversal, "'../../escape' of"),
        (_absolute, "'/tmp/escape' of"),
        (_folder, "a folder"),
        (_device, "a device"),
    ],
    ids=["symlink", "hard link", "..", "absolute", "folder", "device"],
)
def test_a_member_that_is_no_plain_file_is_refused(
    change: Change, complaint: str, far_site: Site
) -> None:
    file = far_site.folder / "in.tar"
    old = members(file)
    with tarfile.open(file, "w", format=tarfile.GNU_FORMAT) as tar:
        for name, data in old:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            if name.endswith("model_index.json"):
                change(info)
            tar.addfile(info, io.BytesIO(data))
    said = far_site.bad("import", "in.tar")
    assert "model_index.json' of 21 bytes, but there is" in said
    assert complaint in said
    assert nothing_here(far_site)


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("weights/tiny/{commit}/unet/extra.json", "is not in its weights.lock"),
        ("weights/other/{commit}/x.json", "'other' is not in weights.lock"),
        ("weights/loose.json", "is not in its weights.lock"),
        ("weights/tiny/{commit}/unet/code.py", "could run code when loaded"),
        ("../escape.txt", "not a safe file name"),
        ("/escape.txt", "not a safe file name"),
        ("run-me.txt", "does not belong into an archive"),
        ("licences/deep/x.txt", "does not belong into an archive"),
        ("wheels/x.sh", "does not belong into an archive"),
    ],
)
def test_an_extra_file_is_refused_though_the_contents_list_it(
    path: str, complaint: str, far_site: Site
) -> None:
    file = far_site.folder / "in.tar"
    goods = members(file)[1:]
    write(file, [*goods, (path.format(commit=far_site.entry().commit), b"surprise")])
    assert complaint in far_site.bad("import", "in.tar")
    assert nothing_here(far_site)


def test_a_missing_file_is_refused(far_site: Site) -> None:
    file = far_site.folder / "in.tar"
    write(file, [one for one in members(file)[1:] if not one[0].endswith(UNET)])
    assert f"{UNET} is missing" in far_site.bad("import", "in.tar")


def test_contents_that_were_changed_with_the_bytes_still_miss_the_lock(far_site: Site) -> None:
    file = far_site.folder / "in.tar"
    evil = [(p, b'{"evil": 1}\n' if p.endswith("config.json") else d) for p, d in members(file)[1:]]
    write(file, evil)
    assert "but its list of contents says otherwise" in far_site.bad("import", "in.tar")
    assert nothing_here(far_site)


def _evil_archive(far: Site) -> None:
    """Weights, contents and lock, all changed so that they agree with each other."""
    file = far.folder / "in.tar"
    goods = dict(members(file)[1:])
    path = next(p for p in goods if p.endswith("unet/config.json"))
    old, new = goods[path], b"[]\n"
    goods[path] = new
    digests = [hashlib.sha256(data).hexdigest().encode() for data in (old, new)]
    goods["weights.lock"] = goods["weights.lock"].replace(*digests)
    write(file, list(goods.items()))


def test_an_archive_with_a_lock_of_its_own_needs_somebody_who_vouches(far_site: Site) -> None:
    number = fingerprint(far_site.folder / "in.tar")
    _evil_archive(far_site)
    before = (far_site.folder / "weights.lock").read_bytes()
    said = far_site.bad("import", "in.tar")
    assert "this site's weights.lock does not vouch for tiny" in said
    assert f"not {number}" in far_site.bad("import", "in.tar", "--fingerprint", number)
    assert nothing_here(far_site)
    assert (far_site.folder / "weights.lock").read_bytes() == before


def test_a_site_without_a_lock_takes_the_one_that_a_person_vouched_for(
    far_site: Site, site: Site
) -> None:
    lock, intent = far_site.folder / "weights.lock", far_site.folder / "weights.toml"
    number = fingerprint(far_site.folder / "in.tar")
    lock.unlink()
    intent.unlink()
    shipped = REPOSITORY / "weights.lock"
    before = shipped.read_bytes()
    assert "--fingerprint" in far_site.bad("import", "in.tar")
    assert not far_site.store.exists()
    far_site.good("import", "in.tar", "--fingerprint", number)
    assert shipped.read_bytes() == before
    assert lock.read_bytes() == (site.folder / "weights.lock").read_bytes()
    assert intent.read_bytes() == (site.folder / "weights.toml").read_bytes()
    far_site.good("verify", "--deep", "--strict")


def test_a_lock_that_would_give_up_what_is_installed_is_not_taken_over(
    site: Site, archive: Path
) -> None:
    archive = archive.rename(site.folder / "in.tar")
    _evil_archive(site)
    site.hub.add("lab/mine", model_files(seed=5))
    site.want("tiny", "mine")
    site.good("lock")
    site.good("fetch", "mine")
    before = (site.folder / "weights.lock").read_bytes()
    vouched = ("--fingerprint", fingerprint(archive))
    said = site.bad("import", "in.tar", *vouched)
    assert "mine is installed here, and the archive's weights.lock does not list it" in said
    assert (site.folder / "weights.lock").read_bytes() == before
    site.good("verify", "--strict")
    site.good("rm", "mine")
    site.good("import", "in.tar", *vouched)
    site.good("verify", "tiny", "--deep")


def test_an_archive_of_a_newer_version_is_refused(far_site: Site) -> None:
    file = far_site.folder / "in.tar"
    goods = dict(members(file)[1:])
    goods["weights.lock"] = goods["weights.lock"].replace(b'"1.0"', b'"2.0"')
    write(file, list(goods.items()))
    assert "a newer seedbed wrote it" in far_site.bad("import", "in.tar")
    contents = dict(members(file))[CONTENTS].replace(b'"1"', b'"2"', 1)
    write(file, list(goods.items()), contents)
    assert "the archive has format '2'" in far_site.bad("import", "in.tar")


@pytest.mark.parametrize(
    "data",
    [b"", b"not a tar at all" * 100, bytes(2048), b"\x80\x04}q\x00." * 200],
    ids=["empty", "text", "zeros", "pickle"],
)
def test_what_is_no_archive_of_ours_is_refused(data: bytes, far_site: Site) -> None:
    (far_site.folder / "in.tar").write_bytes(data)
    assert "is no archive of `seedbed weights pack`" in far_site.bad("import", "in.tar")
    assert "cannot be read" in far_site.bad("import", "nowhere.tar")


def test_an_import_mends_what_was_spoilt_here(far_site: Site) -> None:
    far_site.good("import", "in.tar")
    spoil(far_site.installed() / UNET)
    (far_site.installed() / UNET).touch()
    far_site.good("import", "in.tar")
    far_site.good("verify", "--deep", "--strict")


def test_every_imported_byte_is_on_the_disk_before_it_is_in_place(
    far_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced, fsync = set[int](), os.fsync

    def note(descriptor: int) -> None:
        synced.add(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    store = Store(far_site.store)
    with store.exclusive():
        install(open_archive(far_site.folder / "in.tar"), store, {"tiny": "in this test"})
    files = [file for file in far_site.installed().rglob("*") if file.is_file()]
    assert files
    assert {file.stat().st_ino for file in files} <= synced


def test_a_bad_archive_leaves_what_was_there_before(far_site: Site) -> None:
    far_site.good("import", "in.tar")
    before = {p: p.read_bytes() for p in far_site.installed().rglob("*") if p.is_file()}
    spoil(far_site.folder / "in.tar", -30_000)
    far_site.bad("import", "in.tar")
    assert {p: p.read_bytes() for p in far_site.installed().rglob("*") if p.is_file()} == before
    far_site.good("verify", "--deep", "--strict")


@pytest.mark.parametrize(
    "contents",
    [
        b"{}",
        b"[]",
        b"\xff",
        b'{"format": "1", "members": [1]}',
        b'{"format": "1", "members": [{"path": "a", "size": -1, "sha256": ""}]}',
        b'{"format": "1", "members": [{"path": "a", "size": 1, "sha256": "x"}]}',
        b'{"format": "1", "members": [{"path": 1, "size": 1, "sha256": "x"}]}',
        render_contents([Member("weights/a/b/c", 10**40, "0" * 64)]),
        b"[" * 100_000,
    ],
    ids=["empty", "list", "bytes", "number", "size", "sha256", "path", "huge", "deep"],
)
def test_contents_that_are_nonsense_are_refused(contents: bytes, far_site: Site) -> None:
    write(far_site.folder / "in.tar", [], contents)
    assert CONTENTS in far_site.bad("import", "in.tar")


def test_contents_survive_a_round() -> None:
    one = Member("weights/a/b", 3, "0" * 64)
    assert parse_contents(render_contents([one, replace(one, path="c")])) == (
        one,
        replace(one, path="c"),
    )
    assert json.loads(render_contents([]))["members"] == []
