"""Keeps the keys of the invisible mark: made once, never changed, never shown.

Rule 1: the newest key marks, all of them verify; nothing here removes one.
Rule 2: a key is on the disk before anything is marked with it: a mark whose key is lost is lost.
Rule 3: a key that is not what it was is refused, and not used for marks nobody could ever read.
Knows no picture and no mark.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.errors import StorageFailure
from server.store.secret_file import read_or_make, sync_folder

FOLDER = "mark-keys"
BYTES = 32
_NAME = re.compile(r"([0-9]{4,})-([0-9a-f]{8})")
_ENDING = ".key"


@dataclass(frozen=True, slots=True)
class MarkKey:
    """A key and what it is called: a number that counts up, and the beginning of its digest."""

    name: str
    secret: bytes = field(repr=False)


def read_keys(data_dir: Path) -> tuple[MarkKey, ...]:
    """The keys of a data folder, the newest first; none where it has none.

    Raises: StorageFailure: one of them cannot be read, or is not what it was.
    """
    folder = data_dir / FOLDER
    try:
        found = [path for path in folder.glob(f"*{_ENDING}") if _NAME.fullmatch(path.stem)]
        keys = [_read(path) for path in found]
    except OSError as error:
        raise StorageFailure(f"the keys of marks in {folder}: {error.strerror}") from error
    return tuple(sorted(keys, key=lambda key: (_number(key), key.name), reverse=True))


def read_or_make_keys(data_dir: Path) -> tuple[MarkKey, ...]:
    """The keys of a data folder, the newest first, and a first one where there is none.

    Raises: StorageFailure.
    """
    return read_keys(data_dir) or (make_key(data_dir),)


def make_key(data_dir: Path) -> MarkKey:
    """Make a key that marks from now on. Raises: StorageFailure: it cannot be kept."""
    known = read_keys(data_dir)
    secret = secrets.token_bytes(BYTES)
    key = MarkKey(f"{_number(known[0]) + 1 if known else 1:04d}-{_digest(secret)}", secret)
    folder = data_dir / FOLDER
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        read_or_make(folder / f"{key.name}{_ENDING}", lambda: secret)
        sync_folder(data_dir)
    except OSError as error:
        raise StorageFailure(f"no key can be kept in {folder}: {error.strerror}") from error
    return key


def _read(path: Path) -> MarkKey:
    secret = path.read_bytes()
    if len(secret) != BYTES or _digest(secret) != path.stem.rpartition("-")[2]:
        raise StorageFailure(
            f"{path} is not the key that it was: put it back from a copy. What was marked with it "
            "cannot be verified without it"
        )
    return MarkKey(path.stem, secret)


def _number(key: MarkKey) -> int:
    return int(key.name.partition("-")[0])


def _digest(secret: bytes) -> str:
    """Enough to tell keys apart, and nothing to find one by."""
    return hashlib.sha256(b"seedbed mark key\0" + secret).hexdigest()[:8]
