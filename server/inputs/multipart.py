"""Reads a form with pictures: its texts become what JSON would have said, its files go to the disk.

Bounded in bytes, parts and memory: a file beyond a megabyte is on the disk, not in memory. Knows
no parameter by name: the body it is read for says which text is a number.
"""

import math
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, BinaryIO, get_args

from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from server.errors import BodyTooLarge, MalformedBody
from server.http.body import Body
from server.http.jsonbody import fault_of

MEDIA_TYPE = "multipart/form-data"
_MAX_FILES = 24
"""Sixteen pictures, a mask, markup, and a few too many, so that the answer can count them."""
_MAX_TEXTS = 64
_INDEX = re.compile(r"\[\d*\]\Z")
"""`image[]` and `image[3]` are parts of a list."""
_WHOLE = re.compile(r"-?\d{1,18}")
_NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,18})?")
_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii"})
"""Others are older, and the time that some take grows with the square of the text."""
_TRUTH: Mapping[str, bool] = MappingProxyType({"true": True, "1": True, "false": False, "0": False})


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file of a form. Its name and type are what the sender says, so nobody asks for them."""

    file: BinaryIO = field(repr=False)


def is_form(request: Request) -> bool:
    """Whether the body says that it is a form with files."""
    said = request.headers.get("content-type", "")
    return said.partition(";")[0].strip().lower() == MEDIA_TYPE


@asynccontextmanager
async def read_form(
    request: Request, body: type[Body], max_bytes: int
) -> AsyncIterator[dict[str, Any]]:
    """Yield the members that JSON would have had; files, each an `Uploaded`, are open that long.

    A name that may be said several times is a list, also when it is said once.

    Raises: BodyTooLarge, RoomFull, MalformedBody.
    """
    form = await parse_form(request, max_bytes)
    try:
        yield _members(form, body)
    finally:
        await form.close()


class _Parser(MultiPartParser):
    """Starlette's, which does not mind a form that breaks off, but leaves its last file open."""

    ended = False
    held = 0
    """What is in memory: texts, and files that are not on the disk. Units: bytes."""
    _part_bytes = 0

    def on_part_begin(self) -> None:
        super().on_part_begin()
        self._part_bytes = 0

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        super().on_part_data(data, start, end)
        before = self._held_of_part()
        self._part_bytes += end - start
        self.held += self._held_of_part() - before

    def _held_of_part(self) -> int:
        """A text is never longer, and a file goes to the disk then."""
        return self._part_bytes if self._part_bytes <= self.spool_max_size else 0

    def on_end(self) -> None:
        self.ended = True


async def parse_form(
    request: Request, max_bytes: int, max_files: int = _MAX_FILES, max_texts: int = _MAX_TEXTS
) -> FormData:
    """Return the parts of a form. Whoever asks closes it, and with it its files.

    Raises: BodyTooLarge, RoomFull, MalformedBody.
    """
    if not is_form(request):
        raise _malformed("It is not multipart/form-data.")
    if _charset(request) not in _CHARSETS:
        raise _malformed("Its texts must be UTF-8.")

    async def stream() -> AsyncGenerator[bytes, None]:
        received = 0
        async for chunk in request.stream():
            received += len(chunk)
            if received > max_bytes:
                raise BodyTooLarge(max_bytes)
            request.state.part.hold(parser.held + len(chunk))
            yield chunk
        request.state.part.hold(parser.held)
        if not parser.ended:
            raise MultiPartException("It breaks off before its end.")

    async with aclosing(stream()) as chunks:
        parser = _Parser(request.headers, chunks, max_files=max_files, max_fields=max_texts)
        try:
            return await parser.parse()
        except MultiPartException as error:
            raise _malformed(error.message) from None
        except (KeyError, UnicodeError, LookupError):
            raise _malformed("A header of it is not readable.") from None


def _charset(request: Request) -> str:
    """As the parser understands it, which would decode with whatever a caller names."""
    _, options = parse_options_header(request.headers["content-type"])
    return options.get(b"charset", b"utf-8").decode("latin-1").lower()


def _members(form: FormData, body: type[Body]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for said, part in form.multi_items():
        _check_text(said)
        name = _INDEX.sub("", said)
        value = _value(part, _kinds(body, name))
        if value is None:
            continue
        if name != said or isinstance(value, Uploaded):
            members.setdefault(name, [])
            if isinstance(members[name], list):
                members[name].append(value)
                continue
        if name in members:
            raise _malformed(f"'{name[:40]}' is said twice.")
        members[name] = value
    return members


def _value(part: UploadFile | str, kinds: set[object]) -> Any:
    """What a part says. An empty one says nothing: forms have no null."""
    if isinstance(part, UploadFile):
        return Uploaded(part.file) if part.size or part.filename else None
    _check_text(part)
    text = part.strip()
    if not text:
        return None
    if bool in kinds:
        return _TRUTH.get(text.lower(), part)
    if int in kinds:
        return int(text) if _WHOLE.fullmatch(text) else _number(text, part)
    return _number(text, part) if float in kinds else part


def _check_text(text: str) -> None:
    if fault := fault_of(text):
        raise _malformed(fault)


def _number(text: str, otherwise: str) -> float | str:
    if not _NUMBER.fullmatch(text):
        return otherwise
    number = float(text)
    return number if math.isfinite(number) else otherwise


def _kinds(body: type[Body], name: str) -> set[object]:
    """The types that the body takes under this name."""
    declared = body.model_fields.get(name)
    annotation = None if declared is None else declared.annotation
    return set(get_args(annotation)) or {annotation}


def _malformed(reason: str) -> MalformedBody:
    return MalformedBody(f"We could not read the form of your request. {reason}")
