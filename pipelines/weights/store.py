"""Where weights lie: plain folders `<store>/<id>/<revision>/...`, whole or not there at all.

What is on its way lies in `.staging` under names no loader looks for, and is renamed in one step
once every byte was compared with the lock. Invariant: a folder `<id>/<revision>` was complete when
it appeared.
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import FileLock, Timeout

from pipelines.errors import ModelBroken
from pipelines.weights.errors import NoSpace, StoreBusy, WeightsError
from pipelines.weights.lock import Lock, LockedFile, LockedWeights, read_lock, render_lock
from pipelines.weights.marks import Marks, stamp
from pipelines.weights.names import is_commit
from pipelines.weights.verify import Fault, require_locked_files, verify

_STAGING = ".staging"
_LEAVING = ".leaving-"
"""What is to be deleted is called so first, and no id can be; what a stop leaves of it goes with
the next command."""
_RECORDS = ".licences.json"
_SPARE_BYTES = 64 << 20
"""What shall stay free on the disk."""


class Store:
    """The weights of this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, entry: LockedWeights) -> Path:
        """Where locked weights lie once they are installed. Raises: Unlocked."""
        return self.root / entry.id / entry.commit

    def staging(self, entry: LockedWeights) -> Path:
        """Where they lie while they come in. Raises: Unlocked."""
        return self.root / _STAGING / entry.id / entry.commit

    def installed(self, entry: LockedWeights) -> bool:
        """Whether the locked revision is here, going by names and sizes alone."""
        if not entry.locked:
            return False
        folder = self.folder(entry)
        return all(_has_size(folder / file.path, file.bytes) for file in entry.files)

    def sound(self, entry: LockedWeights) -> bool:
        """Whether the locked revision is here to the byte; what is new or changed is hashed."""
        folder = self.folder(entry)
        return folder.is_dir() and not verify(entry, folder, self.marks())

    def usable_folder(self, entry: LockedWeights) -> Path | None:
        """The folder of weights that may be loaded; None where they are not here.

        Sizes are compared each time, sha256 when a file is new or has changed.
        Raises: ModelBroken: naming the file that is not what is locked, or not in the lock.
        """
        if not entry.locked or not self.folder(entry).is_dir():
            return None
        require_locked_files(entry, self.folder(entry), self.root)
        return self.folder(entry)

    def staged_bytes(self, entry: LockedWeights) -> int:
        """How much of it came in before. Units: bytes."""
        if not entry.locked:
            return 0
        return sum(f.stat().st_size for f in self.staging(entry).rglob("*") if f.is_file())

    def revisions(self, entry_id: str) -> list[str]:
        """The revisions of an id that are here."""
        return [name for name in _plain_folders(self.root / entry_id) if is_commit(name)]

    def ids(self) -> list[str]:
        """Every id that has a revision here."""
        return [name for name in _plain_folders(self.root) if self.revisions(name)]

    def removable(self) -> dict[str, list[str]]:
        """Every id with its revisions, those that have only begun to come in too."""
        staging = self.root / _STAGING
        begun = {name: _plain_folders(staging / name) for name in _plain_folders(staging)}
        return {
            name: sorted({*self.revisions(name), *filter(is_commit, begun.get(name, ()))})
            for name in sorted({*self.ids(), *begun})
        }

    def marks(self) -> Marks:
        return Marks(self.root)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Be the only command that changes the store. Raises: StoreBusy, NoSpace."""
        try:
            (self.root / _STAGING).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise NoSpace(f"{self.root} cannot be made: {error.strerror}") from error
        lock = FileLock(self.root / ".store.lock")
        try:
            lock.acquire(blocking=False)
        except Timeout as error:
            raise StoreBusy(f"another seedbed command is at work in {self.root}") from error
        try:
            for left in (self.root / _STAGING).glob(f"{_LEAVING}*"):
                shutil.rmtree(left)
            yield
        finally:
            lock.release()

    def scratch(self) -> TemporaryDirectory[str]:
        """A folder on the store's disk for what goes elsewhere. Use it within `exclusive`."""
        return TemporaryDirectory(dir=self.root / _STAGING, prefix=_LEAVING)

    def require_space(self, needed_bytes: int) -> None:
        """Raises: NoSpace: when the disk is too small for what is still to come."""
        free = shutil.disk_usage(self.root).free
        if needed_bytes + _SPARE_BYTES > free:
            raise NoSpace(
                f"{self.root} has {free / 1e9:,.2f} GB free; {needed_bytes / 1e9:,.2f} GB are "
                f"needed, and {_SPARE_BYTES / 1e9:.2f} GB are kept free"
            )

    def install(self, entry: LockedWeights, source: str, accepted: str) -> list[Fault]:
        """Put what lies in the staging folder in place, if it is exactly what is locked.

        Returns the faults that kept it out, none when it is installed.
        """
        staged, final = self.staging(entry), self.folder(entry)
        was = {
            file: stamp(staged / file.path) for file in entry.files if (staged / file.path).exists()
        }
        faults = verify(entry, staged, self.marks())
        if faults:
            return faults
        final.parent.mkdir(parents=True, exist_ok=True)
        alone = Lock("0" * 64, (entry,))
        with self._aside(final):
            # Before the folder: a loader never meets a folder without its list of files.
            write_whole(_beside(final), render_lock(alone))
            staged.replace(final)
        sync(final.parent)
        self._clear(staged)
        self.marks().add({final / f.path: (was[f], str(f.sha256)) for f in entry.files})
        self._record(entry, source, accepted)
        return []

    def remove(self, entry_id: str, revision: str) -> int:
        """Take a revision off the disk, also one that only began to come in; returns its bytes."""
        installed = self.root / entry_id / revision
        taken = 0
        for folder in (installed, self.root / _STAGING / entry_id / revision):
            if folder.is_dir():
                taken += sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
                aside = self.root / _STAGING / f"{_LEAVING}{entry_id}-{revision}"
                folder.replace(aside)
                _beside(folder).unlink(missing_ok=True)
                shutil.rmtree(aside)
                self._clear(folder)
        records = self.records()
        if records.get(entry_id, {}).get("revision") == revision:
            self._write_records({name: one for name, one in records.items() if name != entry_id})
        return taken

    def discard_staged(self, entry: LockedWeights) -> None:
        """Throw away what came in before."""
        staged = self.staging(entry)
        if staged.is_dir():
            shutil.rmtree(staged)
        self._clear(staged)

    def records(self) -> Mapping[str, Mapping[str, str]]:
        """Per id: the licence under which it was installed, who accepted it, where it came from."""
        try:
            records = json.loads((self.root / _RECORDS).read_text())
        except (OSError, ValueError):
            return {}  # nothing was installed by us
        return records if isinstance(records, dict) else {}

    def _record(self, entry: LockedWeights, source: str, accepted: str) -> None:
        record = {
            "revision": entry.commit,
            "license": entry.licence,
            "accepted": accepted,
            "source": source,
        }
        self._write_records({**self.records(), entry.id: record})

    def _write_records(self, records: Mapping[str, Mapping[str, str]]) -> None:
        text = json.dumps(records, indent=2, sort_keys=True) + "\n"
        write_whole(self.root / _RECORDS, text)

    @contextmanager
    def _aside(self, final: Path) -> Iterator[None]:
        """Move a folder that has to be replaced out of the way; back again when that fails."""
        if not final.exists():
            yield
            return
        old = self.root / _STAGING / f"{_LEAVING}{final.parent.name}-{final.name}"
        final.replace(old)
        try:
            yield
        except OSError:
            old.replace(final)
            raise
        shutil.rmtree(old)

    def _clear(self, revision: Path) -> None:
        """Take the folder of an id away with its last revision."""
        if revision.parent.is_dir() and not any(revision.parent.iterdir()):
            revision.parent.rmdir()


def recorded_files(folder: Path) -> tuple[LockedFile, ...]:
    """The files of an installed folder as they were locked; none of any other folder.

    Raises: ModelBroken: what was written at the install cannot be read.
    """
    if not _was_installed(folder):
        return ()
    beside = _beside(folder)
    try:
        return tuple(file for entry in read_lock(beside).weights for file in entry.files)
    except WeightsError as error:
        raise ModelBroken(f"{beside} is not what was written at the install: {error}") from error


def check_installed(folder: Path) -> None:
    """Refuse a folder of a store that is not exactly what was locked; pass any other folder.

    Sizes are compared each time, sha256 when a file is new or has changed.
    Raises: ModelBroken: naming the file at fault.
    """
    if not _was_installed(folder):
        return
    beside = _beside(folder)
    try:
        (entry,) = read_lock(beside).weights
        require_locked_files(entry, folder, folder.parents[1])
    except (WeightsError, ValueError) as error:
        raise ModelBroken(f"{beside} is not what was written at the install: {error}") from error


def check_installed_file(file: Path) -> None:
    """The same of the folder that a single file was installed with. Raises: ModelBroken."""
    for folder in file.absolute().parents:
        check_installed(folder)


def _was_installed(folder: Path) -> bool:
    """Programs keep locks of other kinds beside folders of other names."""
    return is_commit(folder.name) and _beside(folder).is_file()


def _beside(folder: Path) -> Path:
    """The file next to an installed folder that lists what may be in it."""
    return folder.with_name(f"{folder.name}.lock")


def write_whole(file: Path, text: str) -> None:
    """Write a small file in one step: it is the old one or the new one, never half of it.

    Raises: OSError: naming the file.
    """
    aside = file.with_name(f".{file.name}.new")
    try:
        with aside.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(file)) from error
    aside.replace(file)
    sync(file.parent)


def sync(path: Path) -> None:
    """Make sure that a file's bytes, or a rename in a folder, outlive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _plain_folders(folder: Path) -> list[str]:
    """The names of what is in it and not hidden, if it is there."""
    if not folder.is_dir():
        return []
    return sorted(f.name for f in folder.iterdir() if f.is_dir() and not f.name.startswith("."))


def _has_size(file: Path, size: int) -> bool:
    return file.is_file() and not file.is_symlink() and file.stat().st_size == size
