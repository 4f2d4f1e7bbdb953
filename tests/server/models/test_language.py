"""Which language models are loaded, by the settings; never none where one is wanted."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.options import TextModels
from pipelines.weights.lock import Lock, LockedFile, LockedWeights, read_lock, render_lock
from server.models.language import CLASSIFIER, REWRITERS, build_texts
from server.terminal import CommandError
from server.weights.place import Place, place

SHIPPED = Path(__file__).parents[3] / "weights.lock"
CONFIG = b"{}"


def site(folder: Path, *known: str) -> Place:
    """A lock that knows these to the byte, and the others by name alone."""
    lock = read_lock(SHIPPED)
    file = LockedFile("config.json", len(CONFIG), hashlib.sha256(CONFIG).hexdigest())
    entries: list[LockedWeights] = []
    for name in (*REWRITERS, CLASSIFIER):
        entry = lock.get(name)
        if name in known:
            entry = replace(entry, files=(file,), unlocked=None, revision="a" * 40)
        entries.append(entry)
    path = folder / "weights.lock"
    path.write_text(render_lock(Lock("0" * 64, tuple(entries))))
    return place(folder, path, "")


def fetch(here: Place, name: str) -> Path:
    folder = here.store.folder(here.lock().get(name))
    folder.mkdir(parents=True)
    (folder / "config.json").write_bytes(CONFIG)
    return folder


def build(
    here: Place, rewriter: str = "off", classifier: str = "off", allowed: str = ""
) -> TextModels:
    return build_texts(rewriter, classifier, here, seconds=5.0, allowed=allowed)


def test_off_is_nothing(tmp_path: Path) -> None:
    assert build(site(tmp_path)) == TextModels(rewriter_s=5.0)


def test_folders_are_taken_as_they_are(tmp_path: Path) -> None:
    folder = str(tmp_path)
    assert build(site(tmp_path), folder, folder) == TextModels(tmp_path, 5.0, tmp_path)


def test_the_best_of_what_was_fetched_rewrites(tmp_path: Path) -> None:
    here = site(tmp_path, *REWRITERS, CLASSIFIER)
    small = fetch(here, REWRITERS[2])
    assert build(here, "fetched").rewriter == small
    large = fetch(here, REWRITERS[0])
    assert build(here, "fetched").rewriter == large
    judge = fetch(here, CLASSIFIER)
    assert build(here, "fetched", "fetched") == TextModels(large, 5.0, judge)


def test_what_is_not_locked_or_not_here_ends_the_start(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=f"rewriter=fetched: .*weights lock {REWRITERS[0]}"):
        build(site(tmp_path), "fetched")
    with pytest.raises(CommandError, match=f"text_classifier=fetched: .*fetch {CLASSIFIER}"):
        build(site(tmp_path, CLASSIFIER), classifier="fetched")


def test_a_folder_that_is_not_there_ends_the_start(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="rewriter=no-such: there is no such folder; off, fetch"):
        build(site(tmp_path), "no-such")


def test_categories_are_words_that_are_known(tmp_path: Path) -> None:
    allowed = build(site(tmp_path), allowed=" political,copyright ,").allowed
    assert allowed == {"political", "copyright"}
    with pytest.raises(CommandError, match="polite: there is no such category; did you mean"):
        build(site(tmp_path), allowed="polite")
