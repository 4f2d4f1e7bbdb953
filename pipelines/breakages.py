"""Remembers which models could not be loaded, until their files change.

Loading takes a minute and other models' place; a broken one would take both with each request.
Looks at names, sizes and times of files, and reads none.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from pipelines.catalog import StandIn
from pipelines.errors import ModelBroken

_State: TypeAlias = tuple[tuple[str, int, int, int], ...]
"""Of each file its path, inode, size, and the time of its last change in nanoseconds."""


@dataclass(frozen=True, slots=True)
class _Breakage:
    message: str
    state: _State


class Breakages:
    """The broken models of one worker."""

    def __init__(self) -> None:
        self._known: dict[str, _Breakage] = {}

    def note(self, stand_in: StandIn, error: ModelBroken) -> None:
        """It cannot be loaded, or cannot draw, from the files as they are now."""
        self._known[stand_in.name] = _Breakage(error.message, _state(stand_in))

    def check(self, stand_in: StandIn) -> None:
        """Raises: ModelBroken: as it was noted, while the files are the same."""
        known = self._known.get(stand_in.name)
        if known is None:
            return
        if known.state == _state(stand_in):
            raise ModelBroken(known.message)
        del self._known[stand_in.name]


def _state(stand_in: StandIn) -> _State:
    return tuple(sorted(_files(stand_in)))


def _files(stand_in: StandIn) -> Iterator[tuple[str, int, int, int]]:
    singles = [lora.file for lora in stand_in.loras]
    if stand_in.file is not None:
        singles.append(stand_in.file)
    for path in (*stand_in.folder.rglob("*"), *singles):
        with suppress(OSError):  # gone meanwhile: then it is not among them
            yield _one(path)


def _one(path: Path) -> tuple[str, int, int, int]:
    found = path.stat()
    return str(path), found.st_ino, found.st_size, found.st_mtime_ns
