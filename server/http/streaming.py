"""Answers a call as a stream of events, and stops drawing when the client leaves.

Knows no dialect by name and no path: what an event looks like, the dialect says.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from server.dialect import Call, Dialect, Speech
from server.drawing import Drawing
from server.events import Drawn, Event, Step
from server.http.front import log_failure
from server.http.sse import HEADERS, HEARTBEAT, MEDIA_TYPE, frame

EventQueue = asyncio.Queue[Event | None]
"""What a drawing says, in order; None once there is nothing more to say."""


@dataclass(frozen=True, slots=True)
class Narrator:
    """How one call is told."""

    speech: Speech
    dialect: Dialect
    """The words for what goes wrong."""
    call: Call
    heartbeat_s: float
    """How long the stream may be silent."""


class DrawingStream(StreamingResponse):
    """A stream that ends its drawing with itself, even when it was never begun."""

    def __init__(
        self,
        drawing: Drawing,
        events: EventQueue,
        narrator: Narrator,
        headers: Mapping[str, str],
    ) -> None:
        """`events` is where the drawing's listener puts what it hears."""
        frames = _frames(drawing, events, narrator)
        super().__init__(frames, headers={**HEADERS, **headers}, media_type=MEDIA_TYPE)
        self._drawing = drawing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._drawing.cancel()


async def _frames(drawing: Drawing, events: EventQueue, narrator: Narrator) -> AsyncIterator[bytes]:
    result = asyncio.create_task(drawing.result())
    result.add_done_callback(lambda _: events.put_nowait(None))
    try:
        async for data in _told(events, drawing, narrator):
            yield data
        last = await _last(result, narrator)
        if last is not None:
            yield last
        if narrator.speech.closing:
            yield narrator.speech.closing
    finally:
        result.cancel()
        await asyncio.gather(result, return_exceptions=True)


async def _told(events: EventQueue, drawing: Drawing, narrator: Narrator) -> AsyncIterator[bytes]:
    """Every event that the dialect has a word for, and a sign of life where there is none."""
    clock = asyncio.get_running_loop().time
    due_s = clock() + narrator.heartbeat_s
    while True:
        data = None
        try:
            async with asyncio.timeout_at(due_s):
                event = await events.get()
        except TimeoutError:
            pass
        else:
            if event is None:
                return
            # A picture takes a while to write down, a step does not.
            framed = partial(_framed, event, drawing, narrator)
            data = framed() if isinstance(event, Step) else await run_in_threadpool(framed)
        if data is None and clock() >= due_s:
            data = HEARTBEAT
        if data is not None:
            yield data
            due_s = clock() + narrator.heartbeat_s


def _framed(event: Event, drawing: Drawing, narrator: Narrator) -> bytes | None:
    data = narrator.speech.render_event(event, drawing.plan, narrator.call)
    return None if data is None else frame(data)


async def _last(result: asyncio.Task[Drawn], narrator: Narrator) -> bytes | None:
    """How it ended."""
    request_id = narrator.call.request_id
    try:
        drawn = await result
    except Exception as error:  # noqa: BLE001 - the answer has begun: the stream must say it
        log_failure(error, request_id)
        return frame(narrator.dialect.render_break(error, request_id))
    for failure in drawn.failures:
        log_failure(failure.error, request_id)
    end = narrator.speech.render_end(drawn)
    return None if end is None else frame(end)
