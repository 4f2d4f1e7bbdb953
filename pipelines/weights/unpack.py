"""Reads an archive that crossed an air gap, and believes nothing of it.

Nor is anything used before all of it was compared: headers with the list of contents, the list with
the lock, bytes with their sha256.
"""

import hashlib
import io
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipelines.weights.archive import (
    BLOCK,
    CONTENTS,
    END,
    INTENT,
    LICENCES,
    LOCK,
    MAX_TEXT,
    WEIGHTS,
    WHEELS,
    Member,
    describe_header,
    header,
    layout,
    member_path,
    padding,
    parse_contents,
    total_size,
)
from pipelines.weights.errors import ArchiveBroken, LockBroken, NoSpace, Tampered
from pipelines.weights.lock import Lock, LockedWeights, parse_lock
from pipelines.weights.marks import stamp
from pipelines.weights.store import Store
from pipelines.weights.verify import Fault, verify

_CHUNK = 4 << 20
_TAR_SIZE = slice(124, 136)


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive whose structure was checked; its large members have not been read."""

    file: Path
    members: tuple[Member, ...]
    offsets: Mapping[str, int]
    """Where the bytes of each member begin."""
    fingerprint: str
    """sha256 of its list of contents, and so of all that is in it."""
    lock: Lock
    lock_text: bytes
    intent_text: bytes | None
    entries: tuple[LockedWeights, ...]
    """The weights in it, each of them whole, as its own lock describes them."""

    @property
    def wheels(self) -> tuple[Member, ...]:
        return tuple(member for member in self.members if member.room == WHEELS)


def open_archive(file: Path) -> Archive:
    """Read the small members and compare every header. Nothing is written.

    Raises: ArchiveBroken, LockBroken, Unlocked.
    """
    try:
        with file.open("rb") as stream:
            return _open(file, stream)
    except OSError as error:
        raise ArchiveBroken(f"{file} cannot be read: {error.strerror}") from error


def _open(file: Path, stream: io.BufferedReader) -> Archive:
    contents = _read_contents(file, stream)
    members = parse_contents(contents)
    expected, found = total_size(members, len(contents)), file.stat().st_size
    offsets: dict[str, int] = {}
    for number, (member, offset) in enumerate(layout(members, len(contents)), start=2):
        head = header(member.path, member.size)
        stream.seek(offset)
        there = stream.read(len(head))
        if there != head and offset + len(head) <= found:
            raise ArchiveBroken(
                f"{file}: member {number} should be {member.path!r} of {member.size:,} bytes, but "
                f"there is {describe_header(there)}"
            )
        offsets[member.path] = offset + len(head)
    if found != expected:
        raise ArchiveBroken(
            f"{file} has {found:,} bytes; its list of contents needs {expected:,}: "
            + ("the copy was cut short" if found < expected else "something was added to it")
        )
    stream.seek(-len(END), io.SEEK_END)
    if stream.read() != END:
        raise ArchiveBroken(f"{file}: something was added at its end")
    texts = {m.path: _text(stream, m, offsets) for m in members if m.path in (LOCK, INTENT)}
    if LOCK not in texts:
        raise ArchiveBroken(f"{file} holds no {LOCK}")
    lock = parse_lock(texts[LOCK].decode("utf-8", "replace"), f"{file}: {LOCK}")
    entries = _entries(file, members, lock)
    fingerprint = hashlib.sha256(contents).hexdigest()
    return Archive(
        file, members, offsets, fingerprint, lock, texts[LOCK], texts.get(INTENT), entries
    )


def _read_contents(file: Path, stream: io.BufferedReader) -> bytes:
    head = stream.read(BLOCK)
    said = head[_TAR_SIZE].rstrip(b" \0")
    size = int(said, 8) if said.isdigit() and len(head) == BLOCK else -1
    if not 0 <= size <= MAX_TEXT or head != header(CONTENTS, size):
        raise ArchiveBroken(
            f"{file} is no archive of `seedbed weights pack`: it begins with "
            f"{describe_header(head)}"
        )
    contents = stream.read(size)
    if len(contents) < size:
        raise ArchiveBroken(f"{file} has {file.stat().st_size:,} bytes: the copy was cut short")
    _check_padding(stream, CONTENTS, size)
    return contents


def _check_padding(stream: io.BufferedReader, path: str, size: int) -> None:
    if any(stream.read(len(padding(size)))):
        raise ArchiveBroken(f"{path}: there is something in the space behind it")


def _text(stream: io.BufferedReader, member: Member, offsets: Mapping[str, int]) -> bytes:
    if member.size > MAX_TEXT:
        raise ArchiveBroken(f"{member.path} has {member.size:,} bytes, too many for a text")
    stream.seek(offsets[member.path])
    data = stream.read(member.size)
    if hashlib.sha256(data).hexdigest() != member.sha256:
        raise Tampered(f"{member.path} in the archive is not what its list of contents says")
    return data


def _entries(file: Path, members: tuple[Member, ...], lock: Lock) -> tuple[LockedWeights, ...]:
    """The weights whose files are there, and nothing else may be."""
    promised = {m.path: m for m in members if m.room == WEIGHTS}
    named = {path.split("/")[1] for path in promised if path.count("/") >= 2}
    entries = tuple(lock.get(name) for name in sorted(named))
    known: dict[str, Member] = {}
    for entry in entries:
        for one in entry.files if entry.commit else ():
            path = member_path(entry, one)
            known[path] = Member(path, one.bytes, str(one.sha256))
    for path in sorted(known.keys() - promised.keys()):
        raise ArchiveBroken(f"{file}: {path} is missing")
    for path, member in promised.items():
        if path not in known:
            raise ArchiveBroken(f"{file}: {path} is not in its {LOCK}")
        if member != known[path]:
            raise ArchiveBroken(
                f"{file}: {path} should have {known[path].size:,} bytes and sha256 "
                f"{known[path].sha256}, but its list of contents says otherwise"
            )
    for member in members:
        if not _allowed(member):
            raise ArchiveBroken(f"{file}: {member.path!r} does not belong into an archive")
    return entries


def _allowed(member: Member) -> bool:
    depth = member.path.count("/")
    match member.room:
        case "weights.lock" | "weights.toml":
            return depth == 0
        case room if room == LICENCES:
            return depth == 1 and member.path.endswith(".txt") and member.size <= MAX_TEXT
        case room if room == WHEELS:
            return depth == 1 and member.path.endswith(".whl")
        case room:
            return room == WEIGHTS


def install(
    archive: Archive,
    store: Store,
    accepted: Mapping[str, str],
    wheels_to: Path | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> None:
    """Compare every byte of an archive, then put its weights in place. Call it within `exclusive`.

    What is not sound in one place is installed in none. `accepted` says per id how its licence
    came to be accepted; `progress` is told of every piece, in bytes.
    Raises: ArchiveBroken, Tampered, NoSpace.
    """
    new = [entry for entry in archive.entries if not store.sound(entry)]
    taken_out = archive.wheels if wheels_to is not None else ()
    needed = sum(entry.size for entry in new) + sum(member.size for member in taken_out)
    store.require_space(needed)
    targets = {
        member_path(entry, one): store.staging(entry) / one.path
        for entry in new
        for one in entry.files
    }
    with _cleared(store, new), store.scratch() as aside:
        wheels = {member.path: Path(aside, member.name) for member in taken_out}
        with archive.file.open("rb") as stream:
            for member in archive.members:
                stream.seek(archive.offsets[member.path])
                target = targets.get(member.path, wheels.get(member.path))
                _read_member(stream, member, target, progress)
        written = {targets[m.path]: m.sha256 for m in archive.members if m.path in targets}
        store.marks().add({file: (stamp(file), sha256) for file, sha256 in written.items()})
        for entry in new:
            _require_none(entry, verify(entry, store.staging(entry), store.marks()))
        for entry in new:
            source = f"archive {archive.file.name}"
            _require_none(entry, store.install(entry, source, accepted[entry.id]))
        if wheels_to is not None:
            _take_out(wheels.values(), wheels_to)


def _require_none(entry: LockedWeights, faults: Sequence[Fault]) -> None:
    if faults:
        raise Tampered(f"{entry.id}: {faults[0]}")


def _take_out(wheels: Iterable[Path], folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for wheel in wheels:
            shutil.move(wheel, folder / wheel.name)
    except OSError as error:
        raise NoSpace(f"{folder} does not take the wheels: {error.strerror}") from error


def _read_member(
    stream: io.BufferedReader,
    member: Member,
    target: Path | None,
    progress: Callable[[int], None],
) -> None:
    digest, left = hashlib.sha256(), member.size
    with _sink(target) as write:
        while left:
            piece = stream.read(min(left, _CHUNK))
            if not piece:
                raise ArchiveBroken(f"{member.path} ends {left:,} bytes too early")
            digest.update(piece)
            write(piece)
            left -= len(piece)
            progress(len(piece))
    if digest.hexdigest() != member.sha256:
        raise Tampered(
            f"{member.path} in the archive has sha256 {digest.hexdigest()}; it should be "
            f"{member.sha256}; nothing was installed"
        )
    _check_padding(stream, member.path, member.size)


@contextmanager
def _sink(target: Path | None) -> Iterator[Callable[[bytes], object]]:
    """Where bytes go: into a file, or nowhere when they are only compared."""
    if target is None:
        yield len
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as out:
            yield out.write
            out.flush()
            os.fsync(out.fileno())  # before its folder is renamed
    except OSError as error:
        raise NoSpace(f"{target} cannot be written: {error.strerror}") from error


@contextmanager
def _cleared(store: Store, entries: list[LockedWeights]) -> Iterator[None]:
    """Begin with empty staging folders, and leave nothing in them when something is wrong."""
    for entry in entries:
        store.discard_staged(entry)
    try:
        yield
    except BaseException:
        for entry in entries:
            store.discard_staged(entry)
        raise


def agrees(archive: Archive, site: Lock | None) -> list[str]:
    """Ids in an archive that this site's lock does not describe in just the same way."""
    known = {} if site is None else {entry.id: entry for entry in site.weights}
    return [entry.id for entry in archive.entries if known.get(entry.id) != entry]


def require_agreement(archive: Archive, site: Lock | None, fingerprint: str | None) -> bool:
    """Whether the archive's lock has to take the place of the site's, which somebody must allow.

    An archive carries its own lock, so whoever changes the weights can change that too. Only a lock
    that was here before, or a fingerprint said by a person, makes its weights trustworthy.
    Raises: LockBroken: saying what to do. Tampered: it is not the archive that was packed.
    """
    if fingerprint is not None and fingerprint.lower() != archive.fingerprint:
        raise Tampered(
            f"{archive.file} has the fingerprint {archive.fingerprint}, not {fingerprint}: it is "
            f"not the archive that was packed"
        )
    strange = agrees(archive, site)
    if strange and fingerprint is None:
        raise LockBroken(
            f"this site's {LOCK} does not vouch for {', '.join(strange)}. Either copy the "
            f"{LOCK} of the machine that packed {archive.file.name}, or say --fingerprint with the "
            f"number that `seedbed weights pack` printed there"
        )
    return bool(strange)


def require_nothing_lost(archive: Archive, site: Lock, store: Store) -> None:
    """Refuse to take over an archive's lock that does not list all that is installed here.

    Another revision of it may come with the archive. Raises: LockBroken: saying what to do.
    """
    brought = {entry.id for entry in archive.entries}
    listed = {(entry.id, entry.revision, entry.files) for entry in archive.lock.weights}
    for entry in site.weights:
        kept = entry.id in brought or (entry.id, entry.revision, entry.files) in listed
        if not kept and store.installed(entry):
            raise LockBroken(
                f"{entry.id} is installed here, and the archive's {LOCK} does not list it: with "
                f"that lock it could not be used any more. Pack with a {LOCK} that lists it too, "
                f"or take it away with `seedbed weights rm {entry.id}`"
            )
