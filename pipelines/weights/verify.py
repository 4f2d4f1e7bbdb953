"""Compares a folder with the lock. No network, and nothing but the lock is believed.

Sizes are always compared; sha256 too, unless a file has not changed since it was hashed.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import ModelBroken
from pipelines.weights.errors import Tampered
from pipelines.weights.lock import LockedFile, LockedWeights
from pipelines.weights.marks import Hashed, Marks, sha256_of, stamp
from pipelines.weights.tensors import check_safetensors

_HASHERS = min(8, os.cpu_count() or 1)
"""Files hashed at the same time: hashing leaves Python's lock alone."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one file, in a few words that follow its name."""

    path: str
    problem: str

    def __str__(self) -> str:
        return f"{self.path} {self.problem}"


def verify(
    entry: LockedWeights,
    folder: Path,
    marks: Marks | None = None,
    deep: bool = False,
    count: Callable[[int], None] = lambda _: None,
) -> list[Fault]:
    """Everything in which a folder differs from the lock, sorted by path.

    `deep` hashes every file again; `count` is told of every piece that was looked at, in bytes.
    Raises: Unlocked.
    """
    entry.require_locked()
    faults = list(_misfits(entry, folder))
    spoilt = {fault.path for fault in faults}
    sound = [file for file in entry.files if file.path not in spoilt]
    found: dict[Path, Hashed] = {}

    def look(file: LockedFile) -> Fault | None:
        try:
            return _compare(file, folder / file.path, None if deep else marks, found, count)
        except OSError as error:
            return Fault(file.path, f"cannot be read: {error.strerror}")

    with ThreadPoolExecutor(_HASHERS, "seedbed-hash") as pool:
        faults += [fault for fault in pool.map(look, sound) if fault is not None]
    if marks is not None:
        marks.add(found)
    return sorted(faults, key=lambda fault: fault.path)


def require_locked_files(
    entry: LockedWeights, folder: Path, marks_root: Path | None = None
) -> None:
    """Refuse to load a folder that is not exactly what the lock says, one file too many included.

    Raises: ModelBroken: naming the first file at fault. Unlocked.
    """
    faults = verify(entry, folder, None if marks_root is None else Marks(marks_root))
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise ModelBroken(
            f"{folder / faults[0].path} {faults[0].problem}{more}; "
            f"`seedbed weights fetch {entry.id}` mends it"
        )


def _misfits(entry: LockedWeights, folder: Path) -> Iterator[Fault]:
    """What can be seen without reading: missing and extra files, links, wrong sizes."""
    there = dict(_files_below(folder))
    for path in sorted(there.keys() - entry.by_path.keys()):
        yield Fault(path, "is not in the lock")
    for file in entry.files:
        kind = there.get(file.path)
        if kind is None:
            yield Fault(file.path, "is missing")
        elif kind.is_symlink() or not kind.is_file(follow_symlinks=False):
            yield Fault(file.path, "is no plain file; a link could lead anywhere")
        elif kind.stat(follow_symlinks=False).st_size != file.size:
            size = kind.stat(follow_symlinks=False).st_size
            yield Fault(file.path, f"has {size:,} bytes; {file.size:,} are locked")


def _files_below(folder: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Everything but real folders, by its path."""
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        if not here.is_dir():
            continue
        with os.scandir(here) as found:
            for item in found:
                if item.is_dir(follow_symlinks=False):
                    waiting.append(Path(item.path))
                else:
                    yield Path(item.path).relative_to(folder).as_posix(), item


def _compare(
    file: LockedFile,
    path: Path,
    marks: Marks | None,
    found: dict[Path, Hashed],
    count: Callable[[int], None],
) -> Fault | None:
    sha256 = None if marks is None else marks.known(path)
    if sha256 is None:
        was = stamp(path)
        sha256 = sha256_of(path, count)
        found[path] = was, sha256
    else:
        count(file.bytes)
    if sha256 != file.sha256:
        return Fault(file.path, f"has sha256 {sha256}; locked is {file.sha256}")
    try:
        check_safetensors(path, file.path)
    except Tampered as error:
        return Fault(file.path, str(error).removeprefix(f"{file.path} ").removeprefix(":").strip())
    return None
