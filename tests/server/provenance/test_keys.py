"""The keys of the invisible mark on the disk."""

import stat
from pathlib import Path

import pytest

from pipelines.errors import StorageFailure
from server.provenance.key_commands import rotate_key
from server.provenance.keys import BYTES, FOLDER, make_key, read_keys, read_or_make_keys
from tests.running import seedbed


def test_a_folder_without_keys_gets_one_only_when_it_is_asked_for(tmp_path: Path) -> None:
    assert read_keys(tmp_path) == ()
    assert not list(tmp_path.iterdir())
    made = read_or_make_keys(tmp_path)
    assert read_or_make_keys(tmp_path) == read_keys(tmp_path) == made
    assert len(made[0].secret) == BYTES


def test_a_new_key_marks_and_the_old_ones_stay(tmp_path: Path) -> None:
    old = make_key(tmp_path)
    new = make_key(tmp_path)
    assert old.secret != new.secret
    assert read_keys(tmp_path) == (new, old)
    assert (old.name[:5], new.name[:5]) == ("0001-", "0002-")


def test_the_tenth_thousand_is_newer_than_the_first(tmp_path: Path) -> None:
    first = make_key(tmp_path)
    path = tmp_path / FOLDER / f"{first.name}.key"
    path.rename(path.with_name(f"9999-{first.name[5:]}.key"))
    newest = make_key(tmp_path)
    assert newest.name.startswith("10000-")
    assert read_keys(tmp_path)[0] == newest


def test_only_its_owner_reads_a_key_and_nothing_shows_it(tmp_path: Path) -> None:
    key = make_key(tmp_path)
    path = tmp_path / FOLDER / f"{key.name}.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert key.secret.hex() not in repr(key)
    assert repr(key.secret) not in repr(key)


@pytest.mark.parametrize("content", [b"", b"x" * BYTES])
def test_a_key_that_is_not_what_it_was_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    key = make_key(tmp_path)
    path = tmp_path / FOLDER / f"{key.name}.key"
    path.write_bytes(content)
    with pytest.raises(StorageFailure, match=rf"{key.name}\.key is not the key that it was"):
        read_or_make_keys(tmp_path)


def test_what_is_no_key_is_left_alone(tmp_path: Path) -> None:
    key = make_key(tmp_path)
    (tmp_path / FOLDER / "notes.txt").write_text("nothing")
    (tmp_path / FOLDER / f".{key.name}.key.0123").write_bytes(b"half")
    assert read_keys(tmp_path) == (key,)


def test_the_command_makes_a_key_and_says_what_becomes_of_the_old_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = seedbed(tmp_path, "watermark", "rotate-key")
    assert first.returncode == 0, first.stderr
    (old,) = read_keys(tmp_path / "data")
    assert first.stdout.startswith(f"made the key {old.name} in data/mark-keys\na server marks ")
    rotate_key(tmp_path / "data")
    said = capsys.readouterr().out.replace("\n", " ")
    new, kept = read_keys(tmp_path / "data")
    assert kept == old
    assert f"made the key {new.name} " in said
    assert f"recognised: {old.name} " in said
    assert new.secret.hex() not in said
