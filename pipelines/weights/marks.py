"""What was hashed before: a file that has not changed since need not be hashed again.

A mark holds as long as inode, size and time of change are what they were. Whoever can set those can
fool it; `seedbed weights verify --deep` asks no marks.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from filelock import FileLock, Timeout

_FILE = ".verified.json"
_LOCK_S = 10.0
_CHUNK = 4 << 20

log = logging.getLogger(__name__)

Stamp: TypeAlias = tuple[int, int, int]
"""Inode, size in bytes, time of change in nanoseconds."""
Hashed: TypeAlias = tuple[Stamp, str]
"""A sha256, and the stamp from before its first byte was read: what changed since is not marked."""


def stamp(file: Path) -> Stamp:
    found = file.stat(follow_symlinks=False)
    return found.st_ino, found.st_size, found.st_mtime_ns


def sha256_of(file: Path, count: Callable[[int], None] = lambda _: None) -> str:
    """Hash a file; `count` is told of every piece. Units: bytes."""
    digest = hashlib.sha256()
    with file.open("rb", buffering=0) as stream:
        while piece := stream.read(_CHUNK):
            digest.update(piece)
            count(len(piece))
    return digest.hexdigest()


class Marks:
    """The marks of one store, in a file of it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._marks = self._read()

    def known(self, file: Path) -> str | None:
        """The sha256 that was found the last time; None when the file has changed since."""
        mark = self._marks.get(self._name(file))
        if mark is None or mark[:3] != list(stamp(file)):
            return None
        return str(mark[3])

    def add(self, found: Mapping[Path, Hashed]) -> None:
        """Keep what was found. A store that cannot be written to is hashed again next time."""
        if not found:
            return
        new: dict[str, list[int | str]] = {
            self._name(file): [*was, sha256] for file, (was, sha256) in found.items()
        }
        self._marks.update(new)
        try:
            with FileLock(self._root / f"{_FILE}.lock", timeout=_LOCK_S):
                self._write({**self._read(), **new})
        except (OSError, Timeout) as error:
            log.warning("what was verified cannot be noted in %s: %s", self._root, error)

    def _name(self, file: Path) -> str:
        return str(file.relative_to(self._root))

    def _read(self) -> dict[str, list[int | str]]:
        try:
            marks = json.loads((self._root / _FILE).read_text())
        except (OSError, ValueError):
            return {}  # no marks: everything is hashed
        if not isinstance(marks, dict):
            return {}
        return {k: v for k, v in marks.items() if isinstance(v, list) and len(v) == 4}

    def _write(self, marks: Mapping[str, list[int | str]]) -> None:
        living = {name: mark for name, mark in marks.items() if (self._root / name).is_file()}
        aside = self._root / f"{_FILE}.new"
        aside.write_text(json.dumps(living, indent=0, sort_keys=True))
        aside.replace(self._root / _FILE)
