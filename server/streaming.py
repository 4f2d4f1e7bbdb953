"""Answers a call as a stream of events, and stops drawing when the client leaves.

Knows no HTTP path; the events are the native dialect's.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from server.dialect import Json
from server.dialects.native.body import CUSTOMS, to_draft
from server.dialects.native.events import COMPLETED, render_event
from server.front import log_failure
from server.routing import Endpoint, Router, seedbed_headers
from server.service import Drawing, Finished, Step
from server.sse import HEADERS, HEARTBEAT, MEDIA_TYPE, frame

_Queue = asyncio.Queue[Step | Finished | None]


def streaming_endpoint(router: Router, heartbeat_s: float) -> Endpoint:
    """An endpoint of the native dialect."""

    async def stream(request: Request) -> Response:
        draft = router.with_headers(to_draft(await router.read_members(request)), request)
        queue: _Queue = asyncio.Queue()
        drawing = router.start(draft, CUSTOMS, request, queue.put_nowait)
        render_error = partial(_error_event, request)
        frames = _frames(drawing, queue, render_error, heartbeat_s)
        return _DrawingStream(drawing, frames)

    return stream


class _DrawingStream(StreamingResponse):
    """A stream that ends its drawing with itself, even when it was never begun."""

    def __init__(self, drawing: Drawing, frames: AsyncIterator[bytes]) -> None:
        headers = {**HEADERS, **seedbed_headers(drawing.plan.facts)}
        super().__init__(frames, headers=headers, media_type=MEDIA_TYPE)
        self._drawing = drawing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._drawing.cancel()


async def _frames(
    drawing: Drawing, queue: _Queue, render_error: Callable[[Exception], Json], heartbeat_s: float
) -> AsyncIterator[bytes]:
    result = asyncio.create_task(drawing.result())
    result.add_done_callback(lambda _: queue.put_nowait(None))
    try:
        while True:
            try:
                async with asyncio.timeout(heartbeat_s):
                    event = await queue.get()
            except TimeoutError:
                yield HEARTBEAT
                continue
            if event is None:
                break
            yield frame(await run_in_threadpool(render_event, event))
        try:
            await result
        except Exception as error:  # noqa: BLE001 - the answer has begun: the stream must say it
            yield frame(render_error(error))
        else:
            yield frame(COMPLETED)
    finally:
        result.cancel()
        await asyncio.gather(result, return_exceptions=True)


def _error_event(request: Request, error: Exception) -> Json:
    log_failure(error, request.state.request_id)
    answer = request.state.dialect.render_error(error, request.state.request_id)
    return {"type": "error", **answer.body}
