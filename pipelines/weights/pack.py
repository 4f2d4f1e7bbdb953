"""Writes the archive for the air gap: lock, licences, weights in the order of the lock, wheels.

It can be stopped and started again; every byte is compared with the lock while it goes in.
"""

import hashlib
import io
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipelines.weights.archive import (
    CONTENTS,
    END,
    INTENT,
    LICENCES,
    LOCK,
    WHEELS,
    Member,
    header,
    member_path,
    padding,
    render_contents,
    span,
    total_size,
)
from pipelines.weights.errors import ArchiveBroken, LockBroken, NoSpace, Tampered
from pipelines.weights.licences import page
from pipelines.weights.lock import LockedWeights
from pipelines.weights.marks import sha256_of
from pipelines.weights.names import check_path
from pipelines.weights.store import Store, sync

_CHUNK = 4 << 20


@dataclass(frozen=True, slots=True)
class Cargo:
    """One member, and where its bytes are."""

    member: Member
    open: Callable[[], BinaryIO]


def cargo(
    store: Store,
    lock_file: Path,
    intent_file: Path,
    entries: Sequence[LockedWeights],
    wheels: Path | None,
) -> list[Cargo]:
    """Everything that goes into an archive, in its order.

    Raises: LockBroken: weights that are not installed, a wheel's name that no import takes;
    Unlocked; ArchiveBroken: no wheels.
    """
    for entry in entries:
        if not store.installed(entry):
            entry.require_locked()
            raise LockBroken(
                f"{entry.id} is not installed; `seedbed weights fetch {entry.id}` brings it"
            )
    goods = [_of_text(LOCK, lock_file.read_bytes())]
    if intent_file.is_file():
        goods.append(_of_text(INTENT, intent_file.read_bytes()))
    goods += [_of_text(f"{LICENCES}/{entry.id}.txt", _licence(store, entry)) for entry in entries]
    for entry in entries:
        goods += _weights(store, entry)
    if wheels is not None:
        found = sorted(wheels.glob("*.whl"))
        if not found:
            raise ArchiveBroken(f"{wheels} holds no wheels (*.whl)")
        paths = [check_path(f"{WHEELS}/{file.name}") for file in found]
        goods += [_of_file(p, f, sha256_of(f)) for p, f in zip(paths, found, strict=True)]
    return goods


def _weights(store: Store, entry: LockedWeights) -> Iterator[Cargo]:
    for file in entry.files:
        path = store.folder(entry) / file.path
        yield _of_file(member_path(entry, file), path, str(file.sha256))


def _of_text(path: str, data: bytes) -> Cargo:
    member = Member(path, len(data), hashlib.sha256(data).hexdigest())
    return Cargo(member, lambda: io.BytesIO(data))


def _of_file(path: str, file: Path, sha256: str) -> Cargo:
    return Cargo(Member(path, file.stat().st_size, sha256), lambda: file.open("rb", buffering=0))


def _licence(store: Store, entry: LockedWeights) -> bytes:
    head = f"{entry.id}: {page(entry)} at {entry.commit}\nlicence: {entry.licence}\n"
    if entry.licence_file is None:
        return f"{head}\nThe repository holds no file with its text.\n".encode()
    return f"{head}\n".encode() + (store.folder(entry) / entry.licence_file).read_bytes()


def contents_of(goods: Sequence[Cargo]) -> Cargo:
    """The first member of an archive: what else is in it."""
    return _of_text(CONTENTS, render_contents([one.member for one in goods]))


def fingerprint(goods: Sequence[Cargo]) -> str:
    """What an archive is known by: the sha256 of its list of contents."""
    return contents_of(goods).member.sha256


def pack(
    goods: Sequence[Cargo], out: Path, progress: Callable[[int], None] = lambda _: None
) -> int:
    """Write an archive; go on with one that was begun. Returns its bytes.

    `progress` is told of every piece of a member that lies there or was written, in bytes.
    Raises: NoSpace, Tampered: a file in the store is not what is locked.
    """
    contents = contents_of(goods)
    part = out.with_name(out.name + ".part")
    total = total_size([one.member for one in goods], contents.member.size)
    begun = part.stat().st_size if part.exists() else 0
    free = shutil.disk_usage(out.parent).free
    if total - begun > free:
        raise NoSpace(
            f"{out.parent} has {free / 1e9:,.2f} GB free; the archive has {total / 1e9:,.2f} GB"
        )
    with part.open("ab+", buffering=0) as stream, _full_disk_is_named(out):
        done = 0
        for one in (contents, *goods):
            if not _is_there(stream, one.member, done, progress):
                stream.truncate(done)
                _write(stream, one, done, progress)
            done += span(one.member.path, one.member.size)
        stream.truncate(done)
        stream.write(END)
        os.fsync(stream.fileno())
    part.replace(out)
    sync(out.parent)
    return total


def _is_there(
    stream: io.FileIO, member: Member, offset: int, progress: Callable[[int], None]
) -> bool:
    """Whether a member was written whole the last time."""
    head, tail = header(member.path, member.size), padding(member.size)
    if os.fstat(stream.fileno()).st_size < offset + span(member.path, member.size):
        return False
    stream.seek(offset)
    if stream.read(len(head)) != head:
        return False
    digest, left = hashlib.sha256(), member.size
    while left:
        piece = stream.read(min(left, _CHUNK))
        if not piece:
            break  # somebody else cut it short
        digest.update(piece)
        left -= len(piece)
        progress(len(piece))
    there = digest.hexdigest() == member.sha256 and stream.read(len(tail)) == tail
    if not there:
        progress(left - member.size)  # all that was read is to be written anew
    return there


def _write(stream: io.FileIO, one: Cargo, offset: int, progress: Callable[[int], None]) -> None:
    digest, size = hashlib.sha256(), 0
    _write_all(stream, header(one.member.path, one.member.size))
    with one.open() as source:
        while piece := source.read(_CHUNK):
            digest.update(piece)
            size += len(piece)
            _write_all(stream, piece)
            progress(len(piece))
    if digest.hexdigest() != one.member.sha256 or size != one.member.size:
        stream.truncate(offset)
        raise Tampered(
            f"{one.member.path} has sha256 {digest.hexdigest()}; locked is {one.member.sha256}"
        )
    _write_all(stream, padding(one.member.size))


def _write_all(stream: io.FileIO, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[stream.write(left) :]


@contextmanager
def _full_disk_is_named(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NoSpace(
            f"{out} cannot be written: {error.strerror}; what was written is kept, so the same "
            f"command goes on from here"
        ) from error
