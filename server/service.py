"""Draft in, pictures out: plans, hands the work to the fleet, finishes and stores.

Knows no dialect and no HTTP. The event loop only waits here: drawing happens in the fleet, and
everything after it in a small pool of threads.
"""

import asyncio
import logging
import os
import secrets
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Literal, Protocol, TypeAlias

from pipelines.catalog import Catalog
from pipelines.messages import Progress
from pipelines.types import ImageRequest, Picture, Pixels
from server.draft import Customs, Draft
from server.files import FileStore
from server.limits import RequestLimits
from server.plan import MAX_SEED, Plan, make_plan

GptImageResponse: TypeAlias = Literal["both", "b64_json"]
Listener: TypeAlias = Callable[["Step | Finished"], None]
"""Hears what happens to a drawing, always on the event loop."""

_log = logging.getLogger(__name__)


class Fleet(Protocol):
    """What the service needs of `pipelines.fleet.Fleet`."""

    @property
    def ready(self) -> bool:
        """Whether a picture can be drawn now."""
        ...

    @property
    def reason(self) -> str:
        """Why not, in a sentence an operator understands."""
        ...

    def submit(
        self, request: ImageRequest, on_progress: Callable[[Progress], None] | None = None
    ) -> Future[Pixels]:
        """Raises: CapacityError."""
        ...

    def cancel(self, request_id: str) -> None:
        """Stop drawing this; nothing happens when it is finished or unknown."""
        ...


@dataclass(frozen=True, slots=True)
class Step:
    """One denoising step of the index-th picture is done."""

    index: int
    progress: Progress


@dataclass(frozen=True, slots=True)
class Finished:
    """The index-th picture, ready to be handed over; `name` is None when it was not stored."""

    index: int
    picture: Picture
    name: str | None


@dataclass(frozen=True, slots=True)
class Drawn:
    """Everything a dialect may want to say about a finished call."""

    plan: Plan
    pictures: tuple[Finished, ...]
    created: int
    """Seconds since 1970."""


class Service:
    """Draws for every dialect. Owns its threads and nothing else; `close` ends them."""

    def __init__(
        self,
        fleet: Fleet,
        catalog: Catalog,
        files: FileStore,
        *,
        gpt_image_response: GptImageResponse = "both",
        finishing_threads: int | None = None,
    ) -> None:
        self.fleet = fleet
        self.files = files
        self._catalog = catalog
        self._gpt_image_url = gpt_image_response == "both"
        threads = finishing_threads or min(4, os.cpu_count() or 1)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="finishing")

    def close(self) -> None:
        """Wait for the pictures in the pool, then end its threads."""
        self._threads.shutdown()

    def start(
        self,
        draft: Draft,
        customs: Customs,
        client: str,
        listener: Listener | None = None,
        limits: RequestLimits | None = None,
    ) -> "Drawing":
        """Check the draft and hand its pictures to the fleet. Call it on the event loop.

        A call is counted against the limits once it has been found right.

        Raises: RequestError, CapacityError.
        """
        plan = make_plan(
            draft,
            customs,
            self._catalog,
            client=client,
            gpt_image_url=self._gpt_image_url,
            random_seed=partial(secrets.randbelow, MAX_SEED + 1),
        )
        if limits is not None:
            limits.take(client)
        return Drawing(plan, self.fleet, self.files, self._threads, listener)


class Drawing:
    """One call on its way. Await `result`, or `cancel` it: one of the two must happen."""

    def __init__(
        self,
        plan: Plan,
        fleet: Fleet,
        files: FileStore,
        threads: ThreadPoolExecutor,
        listener: Listener | None,
    ) -> None:
        """Raises: CapacityError: nothing of the call is left in the fleet then."""
        self.plan = plan
        self._fleet = fleet
        self._files = files
        self._threads = threads
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._futures: list[Future[Pixels]] = []
        try:
            for index, request in enumerate(plan.requests):
                self._futures.append(fleet.submit(request, self._progress_of(index)))
        except BaseException:
            self.cancel()
            raise

    def cancel(self) -> None:
        """Stop at the next step. Safe at any time, also twice."""
        for request in self.plan.requests[: len(self._futures)]:
            self._fleet.cancel(request.id)

    async def result(self) -> Drawn:
        """Wait for all pictures. The first failure, or the end of the waiting, stops the others.

        Raises: GenerationError.
        """
        tasks = [
            asyncio.create_task(self._finish(index, future))
            for index, future in enumerate(self._futures)
        ]
        try:
            pictures = await asyncio.gather(*tasks)
        except BaseException:
            self.cancel()
            await _abandon(tasks)
            raise
        return Drawn(self.plan, tuple(pictures), created=int(time.time()))

    async def _finish(self, index: int, future: Future[Pixels]) -> Finished:
        pixels = await asyncio.wrap_future(future)
        finished = await self._loop.run_in_executor(
            self._threads, self._finish_in_thread, index, pixels
        )
        if self._listener is not None:
            self._listener(finished)
        return finished

    def _finish_in_thread(self, index: int, pixels: Pixels) -> Finished:
        picture = self.plan.finish.apply(pixels, self.plan.requests[index].seed)
        name = self._files.save(picture) if self.plan.wants_url else None
        return Finished(index, picture, name)

    def _progress_of(self, index: int) -> Callable[[Progress], None] | None:
        """The fleet's threads report here; the listener hears it on the event loop."""
        listener = self._listener
        if listener is None:
            return None

        def report(progress: Progress) -> None:
            try:
                self._loop.call_soon_threadsafe(listener, Step(index, progress))
            except RuntimeError:
                _log.debug("a step was reported after the event loop had ended")

        return report


async def _abandon(tasks: Sequence[asyncio.Task[Finished]]) -> None:
    """Cancel what still runs and look at every outcome, so that none is reported as unread."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
