"""The parts of a file that could say where its picture comes from, as raw bytes and texts.

What the readers of each container find goes into one `Parts`, which is bounded: in how many parts
it looks at, how long each may be, and how many faults it names. Knows no container and no meaning.
"""

import zlib
from dataclasses import dataclass, field

from pipelines.types import Size

MAX_BLOCKS = 1 << 16
"""Chunks or segments that are stepped over before a reader gives up."""
_MAX_PARTS = 32
_MAX_PART_BYTES = 1 << 16
"""Of one part, when it is no longer compressed."""
_MAX_FAULTS = 16
_MAX_FAULT = 160
"""Units: characters."""


@dataclass(slots=True)
class Parts:
    """What was found, in the order of the file."""

    size: Size | None = None
    xmp: list[bytes] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    """Keyword and text."""
    exif: list[bytes] = field(default_factory=list)
    segments: list[bytes] = field(default_factory=list)
    """What stands behind the word AIGC in a segment of its own."""
    faults: list[str] = field(default_factory=list)
    """What is wrong with the file, or was not read."""
    _tried: int = 0

    def fault(self, what: str) -> None:
        """Name a fault; of many the first are enough."""
        if len(self.faults) < _MAX_FAULTS:
            self.faults.append(what[:_MAX_FAULT])

    def take(self, data: memoryview, what: str) -> bytes | None:
        """A part as bytes; None, and a fault, where it is too long or there are too many."""
        if len(data) > _MAX_PART_BYTES:
            self.fault(f"{what} has {len(data)} bytes; at most {_MAX_PART_BYTES} are read")
            return None
        if self._full(what):
            return None
        return bytes(data)

    def inflate(self, data: memoryview, what: str) -> bytes | None:
        """The same of a part that is compressed: never more comes out of it than may be read."""
        if self._full(what):
            return None
        inflater = zlib.decompressobj()
        try:
            plain = inflater.decompress(data, _MAX_PART_BYTES + 1)
        except zlib.error:
            self.fault(f"{what} is damaged")
            return None
        if len(plain) > _MAX_PART_BYTES:
            self.fault(f"{what} grows beyond {_MAX_PART_BYTES} bytes")
            return None
        if not inflater.eof:
            self.fault(f"{what} is cut off")
        return plain

    def _full(self, what: str) -> bool:
        """Count one more. Those that turn out to be no good count too: they take time as well."""
        self._tried += 1
        full = self._tried > _MAX_PARTS
        if full:
            self.fault(f"{what} is not read: there are {_MAX_PARTS} parts before it")
        return full
