"""Around every dialect: read the body, draw, watch whether the client is still there, answer.

Knows no dialect by name. Errors are raised; `server.http.front` renders them.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from pipelines.errors import Cancelled, UnsupportedValue
from server.dialect import Call, Json, Link, Speech
from server.draft import Customs, Draft
from server.drawing import Drawing
from server.errors import BodyTooLarge, MalformedBody
from server.events import Drawn, Listener
from server.http.body import Body
from server.http.front import log_failure
from server.http.jsonbody import read_json
from server.http.limits import RequestLimits
from server.http.sse import HEARTBEAT_S
from server.http.streaming import DrawingStream, EventQueue, Narrator
from server.inputs.multipart import is_form, read_form
from server.inputs.picture_rule import MIB
from server.service import Service

Endpoint = Callable[[Request], Awaitable[Response]]
_T = TypeVar("_T")

_HEADER_PREFIX = "x-seedbed-"
_REPRODUCIBLE = _HEADER_PREFIX + "reproducible"
_TRUTH: Mapping[str, bool] = MappingProxyType({"true": True, "1": True, "false": False, "0": False})
_LONGEST_HEADER = 1000
_UNSAFE = re.compile(r"[^A-Za-z0-9_.,;=+\-\[\] ]")


@dataclass(frozen=True, slots=True)
class Router:
    """What every endpoint needs."""

    service: Service
    max_body_bytes: int
    public_url: str | None
    reproducible: bool = False
    """Whether pictures are drawn alone when the caller does not say."""
    snap_sizes: bool = False
    """Whether the nearest size is taken where the model has not the one that is said."""
    limits: RequestLimits | None = None
    max_form_bytes: int = 256 * MIB
    """A form holds whole files, which go to the disk."""
    heartbeat_s: float = HEARTBEAT_S
    """How long a stream may be silent before it shows that it is alive."""

    def drawing_endpoint(self, speech: Speech) -> Endpoint:
        """An endpoint that draws and answers in this dialect."""

        async def draw(request: Request) -> Response:
            # No name here for body or draft: pictures in them would be held until all is drawn.
            return await self.answer(
                request,
                speech,
                self.with_headers(speech.draft(await self.read_members(request)), request),
            )

        return draw

    def form_endpoint(self, speech: Speech, body: type[Body]) -> Endpoint:
        """The same for calls that may also come as a form with files."""
        plain = self.drawing_endpoint(speech)

        async def draw(request: Request) -> Response:
            if not is_form(request):
                return await plain(request)
            async with read_form(request, body, self.max_form_bytes) as members:
                draft = self.with_headers(speech.draft(members), request)
                draft = await self.prepare(draft, speech.customs, request)
            return await self.answer(request, speech, draft)

        return draw

    async def answer(self, request: Request, speech: Speech, draft: Draft) -> Response:
        """Draw what was drafted and answer: whole, or in events when the caller wants them.

        Raises: GenerationError: before the first byte of the answer.
        """
        draft = await self.prepare(draft, speech.customs, request)
        if draft.stream:
            call = Call(request.state.request_id, self.link(request))
            events = EventQueue()
            drawing = self.start(draft, speech.customs, request, events.put_nowait)
            narrator = Narrator(speech, request.state.dialect, call, self.heartbeat_s)
            return DrawingStream(drawing, events, narrator, seedbed_headers(drawing.facts))
        return await self.finish(request, speech, self.start(draft, speech.customs, request))

    async def finish(self, request: Request, speech: Speech, drawing: Drawing) -> Response:
        """Wait for a drawing and answer with all of it. Raises: GenerationError."""
        call = Call(request.state.request_id, self.link(request))
        drawn = await while_connected(request, drawing.result())
        for failure in drawn.failures:
            log_failure(failure.error, call.request_id)
        return await run_in_threadpool(_render, speech, drawn, call)

    async def prepare(self, draft: Draft, customs: Customs, request: Request) -> Draft:
        """See to the pictures of a call while its client waits. Raises: RequestError, Cancelled."""
        return await while_connected(request, self.service.prepare(draft, customs))

    def start(
        self, draft: Draft, customs: Customs, request: Request, listener: Listener | None = None
    ) -> Drawing:
        """Begin to draw for the key that calls; nothing of its body is needed any more.

        Raises: RequestError, CapacityError.
        """
        request.state.part.give_back()
        return self.service.start(
            draft,
            customs,
            request.state.client,
            listener,
            self.limits,
            request.state.request_id,
        )

    async def read_members(self, request: Request) -> Json:
        """Read and parse the body. Raises: BodyTooLarge, RoomFull, MalformedBody."""
        _refuse_compressed(request)
        data = await _read_body(request, self.max_body_bytes)
        return await run_in_threadpool(read_json, data)

    def with_headers(self, draft: Draft, request: Request) -> Draft:
        """What a caller says outside the body: the model in an address, our headers.

        Raises: UnsupportedValue: for anything but true or false.
        """
        said = request.headers.get(_REPRODUCIBLE)
        if said is not None and said.lower() not in _TRUTH:
            raise UnsupportedValue(f"The header {_REPRODUCIBLE} must be true or false.")
        wanted = self.reproducible if said is None else _TRUTH[said.lower()]
        model = request.state.model or draft.model
        return replace(draft, model=model, reproducible=wanted, snap_size=self.snap_sizes)

    def link(self, request: Request) -> Link:
        """How a stored picture is addressed: where the caller reached us, or the public address."""
        base = self.base_url(request)
        return lambda name: base + self.service.files.path(name)

    def base_url(self, request: Request) -> str:
        """What the addresses of this server begin with, for this caller."""
        return (self.public_url or str(request.base_url)).rstrip("/")


def seedbed_headers(facts: Mapping[str, str]) -> dict[str, str]:
    """Our response headers. Names of foreign parameters come from outside, so all is cleaned."""
    return {
        _HEADER_PREFIX + name: _shortened(_UNSAFE.sub("_", text))
        for name, text in facts.items()
        if text
    }


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_HEADER else f"{text[: _LONGEST_HEADER - 3]}..."


def _render(speech: Speech, drawn: Drawn, call: Call) -> Response:
    return JSONResponse(speech.render(drawn, call), headers=seedbed_headers(drawn.facts))


async def while_connected(request: Request, work: Coroutine[Any, Any, _T]) -> _T:
    """Wait for work that is stopped when the client leaves; its body must have been read.

    Raises: Cancelled: the client left first; the work has been stopped.
    """
    result = asyncio.create_task(work)
    left = asyncio.create_task(_client_left(request))
    try:
        await asyncio.wait({result, left}, return_when=asyncio.FIRST_COMPLETED)
        if result.done():
            return result.result()
        raise Cancelled("The client left.")
    finally:
        left.cancel()
        result.cancel()
        await asyncio.gather(left, result, return_exceptions=True)


async def _client_left(request: Request) -> None:
    """Return when the connection is closed. Nobody else tells a handler."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _refuse_compressed(request: Request) -> None:
    """Nobody's client compresses what it asks, and a small body could become a very large one."""
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.strip().lower() not in ("", "identity"):
        raise MalformedBody(
            "We could not parse the JSON body of your request. It has a Content-Encoding: send it "
            "uncompressed."
        )


async def _read_body(request: Request, limit: int) -> bytes:
    """Read the body, and no more of it than the limit.

    The rest of a refused body is read and thrown away by uvicorn while the answer is under way, so
    that a client which sends first and reads later still gets to know why.

    Raises: BodyTooLarge, RoomFull.
    """
    declared, part = _declared_length(request), request.state.part
    if declared > limit:
        raise BodyTooLarge(limit)
    part.expect(declared)
    body = bytearray()
    async for chunk in request.stream():
        if len(body) + len(chunk) > limit:
            raise BodyTooLarge(limit)
        part.hold(len(body) + len(chunk))
        body += chunk
    return bytes(body)


def _declared_length(request: Request) -> int:
    text = request.headers.get("content-length", "")
    return int(text) if text.isdecimal() and len(text) < 20 else 0
