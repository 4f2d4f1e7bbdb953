"""The one file that carries weights over an air gap: its layout, to the byte.

A plain tar, so any tool can look into it; but each byte of it follows from its first member,
`contents.json`, which lists path, size and sha256 of all others in order. So writing can go on
where it stopped, and a reader compares headers in place of believing them: a link, a path that
leaves its folder, one member too many or in another order is not what was listed.
"""

import json
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from pipelines.weights.errors import ArchiveBroken, UnsafePath
from pipelines.weights.lock import LockedFile, LockedWeights
from pipelines.weights.names import check_path, is_sha256

CONTENTS = "contents.json"
LOCK = "weights.lock"
INTENT = "weights.toml"
LICENCES = "licences"
WEIGHTS = "weights"
WHEELS = "wheels"
FORMAT = "1"
BLOCK = 512
END = bytes(2 * BLOCK)
MAX_TEXT = 16 << 20
"""The most that contents, lock, intent and a licence may have each. Units: bytes."""
MAX_MEMBER = 1 << 50
"""More than any disk holds, and less than a header can say. Units: bytes."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive. Units: bytes."""

    path: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name

    @property
    def room(self) -> str:
        """The first part of its path: what kind of file it is."""
        return PurePosixPath(self.path).parts[0]


def header(path: str, size: int) -> bytes:
    """The tar header of a plain file, the same whoever writes it and when."""
    info = tarfile.TarInfo(path)
    info.size = size
    info.mode = 0o644
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "strict")


def padding(size: int) -> bytes:
    return bytes(-size % BLOCK)


def span(path: str, size: int) -> int:
    """Bytes of a member with header and padding."""
    return len(header(path, size)) + size + len(padding(size))


def member_path(entry: LockedWeights, file: LockedFile) -> str:
    return f"{WEIGHTS}/{entry.id}/{entry.commit}/{file.path}"


def render_contents(members: Sequence[Member]) -> bytes:
    """The text of contents.json: one member a line."""
    lines = ",\n".join(f"  {json.dumps(asdict(member))}" for member in members)
    return f'{{"format": "{FORMAT}", "members": [\n{lines}\n]}}\n'.encode()


def parse_contents(data: bytes) -> tuple[Member, ...]:
    """Raises: ArchiveBroken: it is not what `render_contents` writes, or holds unsafe paths."""
    try:
        contents = json.loads(data)
        if contents["format"] != FORMAT:
            raise ArchiveBroken(
                f"the archive has format {contents['format']!r}; this seedbed reads {FORMAT!r}"
            )
        members = tuple(_member(values) for values in contents["members"])
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ArchiveBroken(f"{CONTENTS} is not a list of members: {error}") from error
    except UnsafePath as error:
        raise ArchiveBroken(f"{CONTENTS}: {error}") from error
    if render_contents(members) != data:
        raise ArchiveBroken(f"{CONTENTS} is not written as seedbed writes it")
    if len({member.path for member in members}) < len(members):
        raise ArchiveBroken(f"{CONTENTS} names a path twice")
    return members


def _member(values: dict[str, Any]) -> Member:
    member = Member(**values)
    if type(member.path) is not str or type(member.size) is not int:
        raise ValueError(f"{member.path!r} has no size")
    if not 0 <= member.size <= MAX_MEMBER:
        raise ValueError(f"{member.path!r} cannot have {member.size} bytes")
    if not is_sha256(member.sha256):
        raise ValueError(f"{member.path!r} has no sha256")
    check_path(member.path)
    return member


def layout(members: Sequence[Member], contents_size: int) -> Iterator[tuple[Member, int]]:
    """Every member with the offset of its header."""
    offset = span(CONTENTS, contents_size)
    for member in members:
        yield member, offset
        offset += span(member.path, member.size)


def total_size(members: Sequence[Member], contents_size: int) -> int:
    """Bytes of the whole archive."""
    spans = sum(span(member.path, member.size) for member in members)
    return span(CONTENTS, contents_size) + spans + len(END)


def describe_header(found: bytes) -> str:
    """What stands where another header should, in words. Only for messages."""
    try:
        info = tarfile.TarInfo.frombuf(found[:BLOCK], "utf-8", "replace")
    except tarfile.TarError:
        return "something that is no header of a tar file"
    if info.issym():
        return f"a symbolic link {info.name!r} to {info.linkname!r}"
    if info.islnk():
        return f"a hard link {info.name!r} to {info.linkname!r}"
    if info.isdir():
        return f"a folder {info.name!r}"
    if info.isdev() or info.isfifo():
        return f"a device {info.name!r}"
    return f"{info.name!r} of {info.size:,} bytes"
