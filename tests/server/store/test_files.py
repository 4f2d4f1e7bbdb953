"""Pictures on disk and their addresses."""

import os
import stat
from pathlib import Path

import httpx2
import pytest

from pipelines.errors import StorageFailure
from pipelines.types import Picture, Size
from server.errors import BadLink, NoSuchPicture
from server.store.files import DAY_S, FileStore
from tests.server.conftest import KEY, Site, serving
from tests.server.drawer import Drawer

PICTURE = Picture(b"bytes of a picture", "jpeg", Size(1, 1), seed=1)


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def parts(path: str) -> tuple[str, str]:
    _, files, token, name = path.split("/")
    assert files == "files"
    return token, name


def test_a_saved_picture_is_found_by_its_address(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    found = store.find(*parts(store.path(store.save(PICTURE))))
    assert found.read_bytes() == PICTURE.data
    assert found.suffix == ".jpg"
    assert list(found.parent.iterdir()) == [found]


def test_it_is_still_found_after_a_restart(tmp_path: Path) -> None:
    address = parts((store := FileStore(tmp_path)).path(store.save(PICTURE)))
    assert FileStore(tmp_path).find(*address).read_bytes() == PICTURE.data


def test_an_address_is_valid_for_its_time_and_then_no_more(tmp_path: Path) -> None:
    clock = Clock(1_000_000.0)
    store = FileStore(tmp_path, now=clock)
    address = parts(store.path(store.save(PICTURE)))
    clock.now += DAY_S
    assert store.find(*address)
    clock.now += 1
    with pytest.raises(BadLink, match="expired"):
        store.find(*address)


def test_a_changed_address_is_refused(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    token, name = parts(store.path(store.save(PICTURE)))
    expires, signature = token.split(".")
    other = store.save(PICTURE)
    for forged in (
        (f"{int(expires) + 1}.{signature}", name),
        (f"{expires}.{signature[:-1]}", name),
        (token, other),
        ("", name),
        ("x", name),
        (".", name),
        ("\u00e4.\u00e4", name),
    ):
        with pytest.raises(BadLink, match="not signed"):
            store.find(*forged)


def test_another_servers_address_is_refused(tmp_path: Path) -> None:
    one, two = FileStore(tmp_path / "one"), FileStore(tmp_path / "two")
    with pytest.raises(BadLink):
        two.find(*parts(one.path(one.save(PICTURE))))


@pytest.mark.parametrize(
    "name", ["../link-secret", "x.jpg", "a" * 26, "a" * 26 + ".txt", "A" * 26 + ".jpg", ""]
)
def test_what_is_no_name_of_ours_is_unknown(tmp_path: Path, name: str) -> None:
    store = FileStore(tmp_path)
    token, _ = parts(store.path(name.replace("/", "")))
    with pytest.raises(NoSuchPicture):
        store.find(token, name)


def test_a_picture_that_is_gone_is_unknown(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    address = parts(store.path(store.save(PICTURE)))
    store.find(*address).unlink()
    with pytest.raises(NoSuchPicture):
        store.find(*address)


def test_expired_and_half_written_pictures_are_swept_at_the_start(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    old, fresh = store.save(PICTURE), store.save(PICTURE)
    folder = store.find(*parts(store.path(old))).parent
    (folder / f"{'a' * 26}.png.tmp").write_bytes(b"half")
    long_ago = (folder / old).stat().st_mtime - 2 * DAY_S
    os.utime(folder / old, (long_ago, long_ago))
    FileStore(tmp_path)
    assert [path.name for path in folder.iterdir()] == [fresh]


def test_a_kept_picture_outlives_the_others_and_is_swept_at_last(tmp_path: Path) -> None:
    clock = Clock(tmp_path.stat().st_mtime)
    store = FileStore(tmp_path, now=clock)
    kept, other = store.save(PICTURE), store.save(PICTURE)
    early = parts(store.path(kept))
    store.keep(kept)
    assert store.find(*early).read_bytes() == PICTURE.data
    address = parts(store.path(kept, kept=True))
    clock.now += 29 * DAY_S
    assert store.sweep() == 1
    assert store.find(*address).read_bytes() == PICTURE.data
    with pytest.raises(BadLink):
        store.find(*early)
    with pytest.raises(StorageFailure):
        store.keep(other)
    clock.now += 2 * DAY_S
    assert store.sweep() == 1
    with pytest.raises(BadLink, match="expired"):
        store.find(*address)


def test_what_vanishes_while_it_is_swept_keeps_nothing_else_from_it(tmp_path: Path) -> None:
    clock = Clock(tmp_path.stat().st_mtime)
    store = FileStore(tmp_path, now=clock)
    store.save(PICTURE)
    (tmp_path / "pictures" / "renamed.tmp").symlink_to(tmp_path / "gone")
    clock.now += 2 * DAY_S
    assert store.sweep() == 1


def test_only_the_owner_can_read_the_signing_secret(tmp_path: Path) -> None:
    FileStore(tmp_path)
    secret = tmp_path / "link-secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert len(secret.read_bytes()) == 32


def test_a_disk_that_takes_nothing_is_a_storage_failure(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    (tmp_path / "pictures").rmdir()
    with pytest.raises(StorageFailure):
        store.save(PICTURE)
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailure):
        FileStore(tmp_path / "file")


def test_the_picture_is_synced_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FileStore(tmp_path)
    calls: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def watched_fsync(descriptor: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        calls.append(f"sync {kind}")
        fsync(descriptor)

    def watched_replace(path: Path, target: Path) -> Path:
        calls.append("rename")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(Path, "replace", watched_replace)
    store.save(PICTURE)
    assert calls == ["sync file", "rename", "sync folder"]


@pytest.fixture(scope="module")
def url(client: httpx2.Client) -> str:
    body = {"prompt": "a cat", "model": "dall-e-2", "size": "256x256"}
    address: str = client.post("/v1/images/generations", json=body).json()["data"][0]["url"]
    return address


@pytest.mark.parametrize("headers", [{}, {"authorization": "junk"}, {"authorization": "Bearer x"}])
def test_no_key_is_needed_and_none_is_looked_at(url: str, headers: dict[str, str]) -> None:
    got = httpx2.get(url, headers=headers)
    head = httpx2.head(url, headers=headers)
    assert got.status_code == head.status_code == 200
    assert got.content.startswith(b"\x89PNG")
    assert head.content == b""
    for answer in (got, head):
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert int(answer.headers["content-length"]) == len(got.content)


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [(".png", ".jpg", 403), (".png", "", 404), ("/files/", "/files/1", 403), ("/files/", "/", 401)],
)
def test_other_addresses_are_refused_in_json(url: str, old: str, new: str, status: int) -> None:
    answer = httpx2.get(url.replace(old, new))
    assert answer.status_code == status
    assert answer.json()["error"].keys() == {"message", "type", "param", "code"}


def test_addresses_are_where_the_caller_reached_us(site: Site, client: httpx2.Client) -> None:
    body = {"prompt": "a cat", "model": "dall-e-2", "size": "256x256"}
    answer = client.post("/v1/images/generations", json=body, headers={"host": "pictures.lan:8443"})
    assert answer.json()["data"][0]["url"].startswith("http://pictures.lan:8443/files/")


def test_a_public_address_goes_before_all(tmp_path: Path, drawer: Drawer) -> None:
    with serving(drawer, tmp_path, public_url="https://img.example.org/base/") as site:
        answer = httpx2.post(
            f"{site.url}/v1/images/generations",
            json={"prompt": "a cat", "size": "256x256"},
            headers={"authorization": f"Bearer {KEY}"},
        )
    url = answer.json()["data"][0]["url"]
    assert url.startswith("https://img.example.org/base/files/")
