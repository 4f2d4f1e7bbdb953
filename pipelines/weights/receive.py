"""One file from its sources into the store: hashed while it comes, resumed where it stopped.

A part that is on the disk already is hashed once more, so the whole file is compared with the lock
whatever happened in between, and whoever sent it. Knows sources only as a Protocol.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock
from typing import Protocol

from pipelines.weights.errors import SourceBusy, SourceCut, SourceFailed, Tampered
from pipelines.weights.lock import LockedFile, LockedWeights

PART = ".part"
_CHUNK = 4 << 20
_TELL_BYTES = 1 << 20
"""Progress is told this often: telling it of each piece costs more than hashing the piece."""
_LONGEST_WAIT_S = 120.0


class Source(Protocol):
    """Where bytes come from. It need not be trusted: every byte is compared with the lock."""

    @property
    def name(self) -> str:
        """As people know it: an address or a folder."""
        ...

    def open(
        self, entry: LockedWeights, file: LockedFile, offset: int
    ) -> AbstractContextManager[Iterator[bytes]]:
        """The bytes of a file from `offset` on.

        Raises: SourceFailed: it will not deliver. SourceBusy, SourceCut: try again.
        """
        ...


class Progress(Protocol):
    """Who is told how far a file is. Called from several threads. Units: bytes."""

    def at(self, entry: LockedWeights, file: LockedFile, done: int) -> None: ...

    def finished(self, entry: LockedWeights, file: LockedFile) -> None: ...

    def moved_on(self, fault: Exception, source: str) -> None:
        """A source failed; from now on another one is asked."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a source is asked again that gave nothing. Units: seconds."""

    attempts: int = 6
    pause_s: float = 1.0
    """After the first attempt in vain; doubled with every further one."""


PATIENT = Patience()
_AT_ONCE = Patience(attempts=1, pause_s=0)
"""For a source that another one can take the place of."""


@dataclass
class Supply:
    """The sources of some weights in their order. One that failed is not asked again."""

    sources: tuple[Source, ...]
    failed: int = 0
    """How many of them have. The last is never given up for good."""
    _guard: Lock = field(default_factory=Lock)

    @property
    def source(self) -> Source:
        return self.sources[self.failed]

    @property
    def names(self) -> str:
        """Of those that were asked."""
        return ", ".join(source.name for source in self.sources[: self.failed + 1])

    def after(self, source: Source) -> Source | None:
        """Whom to ask when this one has failed; None when nobody is left."""
        with self._guard:
            position = self.sources.index(source) + 1
            if position == len(self.sources):
                return None
            self.failed = max(self.failed, position)
            return self.source


@dataclass(frozen=True, slots=True)
class Receiver:
    """Takes in files until it is told to stop."""

    supply: Supply
    progress: Progress
    stop: Event
    patience: Patience = PATIENT

    def receive(self, entry: LockedWeights, file: LockedFile, target: Path) -> None:
        """Bring one file, whole and compared with the lock, under its own name.

        What came before a fault is kept for the next time, unless it was wrong.
        Raises: SourceFailed, Tampered: of the last source. InterruptedError: it was told to stop.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + PART)
        source: Source | None = self.supply.source
        while source is not None:
            try:
                self._receive_from(source, entry, file, part)
                break
            except (SourceFailed, Tampered) as fault:
                source = self.supply.after(source)
                if source is None:
                    raise
                self.progress.moved_on(fault, source.name)
        part.replace(target)
        self.progress.finished(entry, file)

    def _receive_from(
        self, source: Source, entry: LockedWeights, file: LockedFile, part: Path
    ) -> None:
        resumed = part.exists()
        try:
            self._complete(source, entry, file, part)
        except Tampered:
            part.unlink(missing_ok=True)
            if not resumed:
                raise
            # The part may have been spoilt on our own disk; one more try from the beginning.
            self._complete(source, entry, file, part)

    def _complete(self, source: Source, entry: LockedWeights, file: LockedFile, part: Path) -> None:
        with part.open("ab+", buffering=0) as out:
            digest = hashlib.sha256()
            done = _hash_what_is_there(out.fileno(), file.bytes, digest.update)
            self.progress.at(entry, file, done)
            told, vain = done, 0
            while done < file.bytes:
                before = done
                try:
                    for piece in self._pieces(source, entry, file, done):
                        done += len(piece)
                        if done > file.bytes:
                            raise Tampered(
                                f"{entry.id}: {file.path} from {source.name} is longer than "
                                f"the {file.bytes:,} bytes that are locked"
                            )
                        _write_all(out.fileno(), piece)
                        digest.update(piece)
                        if done - told >= _TELL_BYTES:
                            self.progress.at(entry, file, told := done)
                except (SourceBusy, SourceCut) as error:
                    vain = 0 if done > before else vain + 1
                    self._wait(source, error, vain)
            if digest.hexdigest() != file.sha256:
                out.close()
                part.unlink()
                raise Tampered(
                    f"{entry.id}: {file.path} from {source.name} has sha256 "
                    f"{digest.hexdigest()}; locked is {file.sha256}"
                )
            os.fsync(out.fileno())

    def _pieces(
        self, source: Source, entry: LockedWeights, file: LockedFile, done: int
    ) -> Iterator[bytes]:
        received = done
        with source.open(entry, file, done) as pieces:
            for piece in pieces:
                if self.stop.is_set():
                    raise InterruptedError
                received += len(piece)
                yield piece
        if received < file.bytes:
            raise SourceCut(f"{entry.id}: {file.path} ended after {received:,} bytes")

    def _wait(self, source: Source, error: SourceBusy | SourceCut, vain: int) -> None:
        patience = self.patience if source is self.supply.sources[-1] else _AT_ONCE
        if vain >= patience.attempts:
            raise SourceFailed(f"{error}; given up after {vain} attempts in vain") from error
        wait_s = patience.pause_s * 2.0 ** (vain - 1) if vain else 0.0
        if isinstance(error, SourceBusy) and error.retry_after_s is not None:
            wait_s = error.retry_after_s
        if self.stop.wait(min(wait_s, _LONGEST_WAIT_S)):
            raise InterruptedError


def _hash_what_is_there(descriptor: int, size: int, update: Callable[[bytes], None]) -> int:
    """Feed what came before to the hash; a part longer than the file is thrown away."""
    if os.fstat(descriptor).st_size > size:
        os.ftruncate(descriptor, 0)
    done = 0
    while piece := os.pread(descriptor, _CHUNK, done):
        update(piece)
        done += len(piece)
    return done


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
