"""Brings locked weights into the store, many files at once; nothing that is not whole.

It plans first: whatever can stop a download, licence and disk too, stops it before its first byte.

Files that are here already under another name, equal to the byte, are linked and not fetched.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TypeAlias

from pipelines.weights.errors import NoSpace, Tampered, WeightsError
from pipelines.weights.licences import acceptance
from pipelines.weights.lock import Lock, LockedFile, LockedWeights
from pipelines.weights.marks import stamp
from pipelines.weights.receive import PART, PATIENT, Patience, Progress, Receiver, Source, Supply
from pipelines.weights.store import Store, sync

SourcesOf: TypeAlias = Callable[[LockedWeights], tuple[Source, ...]]
"""Where some weights can come from, first choice first; at least one."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done for some weights. Units: bytes."""

    entry: LockedWeights
    accepted: str
    """How its licence came to be accepted."""
    installed: bool
    missing: tuple[LockedFile, ...]
    """Files that have to be fetched."""
    linked: tuple[tuple[LockedFile, Path], ...]
    """Files that are here already, and where."""
    needed_bytes: int
    """What is still to be written."""

    @property
    def missing_bytes(self) -> int:
        return sum(file.bytes for file in self.missing)


def plan(
    store: Store, lock: Lock, entries: Sequence[LockedWeights], accepted: frozenset[str]
) -> list[Plan]:
    """Look at everything that could stop a download before its first byte.

    Raises: Unlocked, LicenceNotAccepted.
    """
    for entry in entries:
        entry.require_locked()
    words = [acceptance(entry, accepted) for entry in entries]
    # First of all, because it notes what is sound in folders that came by other ways.
    sound = {entry.id for entry in entries if store.sound(entry)}
    here = dict(_installed_files(store, lock))
    return [
        Plan(entry, word, True, (), (), 0) if entry.id in sound else _plan(store, entry, word, here)
        for entry, word in zip(entries, words, strict=True)
    ]


def _plan(store: Store, entry: LockedWeights, accepted: str, here: Mapping[str, Path]) -> Plan:
    staging = store.staging(entry)
    missing, linked, needed = [], [], 0
    for file in entry.files:
        twin = here.get(str(file.sha256))
        if twin is not None:
            linked.append((file, twin))
        else:
            missing.append(file)
            needed += max(0, file.bytes - _arrived(staging / file.path))
    return Plan(entry, accepted, False, tuple(missing), tuple(linked), needed)


def _installed_files(store: Store, lock: Lock) -> Iterator[tuple[str, Path]]:
    """sha256 -> a file in the store that is known to have it."""
    marks = store.marks()
    for entry in lock.weights:
        if not entry.locked:
            continue
        for file in entry.files:
            path = store.folder(entry) / file.path
            if path.is_file() and not path.is_symlink() and marks.known(path) == file.sha256:
                yield str(file.sha256), path


def _arrived(staged: Path) -> int:
    """How much of a file came in before. Units: bytes."""
    for file in (staged, staged.with_name(staged.name + PART)):
        if file.is_file():
            return file.stat().st_size
    return 0


def fetch(
    store: Store,
    plans: Sequence[Plan],
    sources: SourcesOf,
    progress: Progress,
    jobs: int = 4,
    patience: Patience = PATIENT,
) -> None:
    """Bring in everything that is planned, several files at once. Call it within `exclusive`.

    Raises: NoSpace, SourceFailed, Tampered; what came whole until then is kept for the next time.
    """
    store.require_space(sum(one.needed_bytes for one in plans))
    for one in plans:
        if not one.installed:
            try:
                _fetch_one(store, one, sources, progress, jobs, patience)
            except OSError as error:
                raise NoSpace(
                    f"{store.root} takes no more: {error.strerror}; what came is kept, so the same "
                    f"command goes on from here"
                ) from error


def _fetch_one(
    store: Store, one: Plan, sources: SourcesOf, progress: Progress, jobs: int, patience: Patience
) -> None:
    staging = store.staging(one.entry)
    _prune(staging, one.entry)
    for file, twin in one.linked:
        _link(twin, staging / file.path)
        progress.finished(one.entry, file)
    stop = Event()
    supply = Supply(sources(one.entry))
    receiver = Receiver(supply, progress, stop, patience)
    marks = store.marks()

    def bring(file: LockedFile) -> None:
        target = staging / file.path
        if target.is_file() and marks.known(target) == file.sha256:
            progress.finished(one.entry, file)
            return
        target.unlink(missing_ok=True)
        receiver.receive(one.entry, file, target)
        marks.add({target: (stamp(target), str(file.sha256))})

    # The largest first: then the last thread to finish has the least left to do.
    waiting = sorted(one.missing, key=lambda file: -file.bytes)
    with ThreadPoolExecutor(jobs, "seedbed-fetch") as pool:
        coming = [pool.submit(bring, file) for file in waiting]
        try:
            done, _ = wait(coming, return_when=FIRST_EXCEPTION)
        finally:  # also when somebody pressed Ctrl-C
            stop.set()
            pool.shutdown(cancel_futures=True)
    faults = [fault for one_of in done if (fault := one_of.exception()) is not None]
    for fault in sorted(faults, key=lambda fault: not isinstance(fault, WeightsError)):
        raise fault
    if left := store.install(one.entry, supply.names, one.accepted):
        (staging / left[0].path).unlink(missing_ok=True)
        raise Tampered(f"{one.entry.id}: {left[0]}")


def _prune(staging: Path, entry: LockedWeights) -> None:
    """Throw away what lies in the staging folder and belongs to no file of the lock."""
    expected = {staging / file.path for file in entry.files}
    expected |= {path.with_name(path.name + PART) for path in expected}
    for found in sorted(staging.rglob("*"), reverse=True):
        if found.is_symlink() or not found.is_dir():
            if found not in expected or found.is_symlink():
                found.unlink()
        elif not any(found.iterdir()):
            found.rmdir()


def _link(twin: Path, target: Path) -> None:
    """The same file a second time: no bytes where the disk can, else a copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(twin, target)
    except OSError:
        shutil.copyfile(twin, target)
        sync(target)
