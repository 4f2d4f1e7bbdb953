"""Which classifier looks at pictures, by the setting; never none where one is wanted."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.options import Inspection
from pipelines.weights.lock import Lock, LockedFile, read_lock, render_lock
from server.models.classifier import build_inspection
from server.terminal import CommandError
from server.weights.place import Place, place

SHIPPED = Path(__file__).parents[3] / "weights.lock"
WEIGHTS = "nsfw-image-detection"
CONFIG = b"{}"


def site(folder: Path, unlocked: str | None) -> Place:
    """No weights, and a lock that knows the classifier to the byte, or does not."""
    known = LockedFile("config.json", len(CONFIG), hashlib.sha256(CONFIG).hexdigest())
    entry = replace(read_lock(SHIPPED).get(WEIGHTS), files=(known,), unlocked=unlocked)
    lock = folder / "weights.lock"
    lock.write_text(render_lock(Lock("0" * 64, (entry,))))
    return place(folder, lock, "")


@pytest.fixture
def locked(tmp_path: Path) -> Place:
    return site(tmp_path, None)


def test_off_is_nothing(locked: Place) -> None:
    assert build_inspection("off", 0.5, locked) is None


def test_a_folder_is_taken_as_it_is(locked: Place, tmp_path: Path) -> None:
    assert build_inspection(str(tmp_path), 0.3, locked) == Inspection(tmp_path, 0.3)


def test_a_folder_that_is_not_there_ends_the_start(locked: Place) -> None:
    with pytest.raises(CommandError, match="image_classifier=no-such: there is no such folder"):
        build_inspection("no-such", 0.5, locked)


def test_weights_that_are_not_locked_end_the_start(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=f"`seedbed weights lock {WEIGHTS}`"):
        build_inspection("fetched", 0.5, site(tmp_path, "nobody knows"))


def test_weights_that_are_not_here_end_the_start(locked: Place) -> None:
    with pytest.raises(CommandError, match=f"`seedbed weights fetch {WEIGHTS}`"):
        build_inspection("fetched", 0.5, locked)


def test_weights_whose_licence_was_not_accepted_end_the_start(locked: Place) -> None:
    lock = locked.lock()
    gated = replace(lock.get(WEIGHTS), gated=True)
    locked.lock_file.write_text(render_lock(replace(lock, weights=(gated,))))
    (folder := locked.store.folder(gated)).mkdir(parents=True)
    (folder / "config.json").write_bytes(CONFIG)
    with pytest.raises(CommandError, match="these weights are gated"):
        build_inspection("fetched", 0.5, locked)
    accepting = replace(locked, accepted=frozenset({WEIGHTS}))
    assert build_inspection("fetched", 0.5, accepting) == Inspection(folder, 0.5)


def test_fetched_weights_are_found(locked: Place) -> None:
    folder = locked.store.folder(locked.lock().get(WEIGHTS))
    folder.mkdir(parents=True)
    (folder / "config.json").write_bytes(CONFIG)
    assert build_inspection("fetched", 0.5, locked) == Inspection(folder, 0.5)
