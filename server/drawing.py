"""One call on its way: hands its pictures to the fleet, finishes them, and says what happens.

The event loop only waits here: drawing happens in the fleet, and everything after it in threads.
Knows no dialect and no HTTP.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from pipelines.errors import ContentRejected, RequestError, StorageFailure
from pipelines.messages import News, Preview, Worded
from pipelines.presence import WorkerView
from pipelines.types import ImageRequest, Picture, Pixels
from server.events import Drawn, Failed, Finished, Listener, Previewed, Step
from server.plan import Plan
from server.provenance.publishing import Published, Publishing, Work
from server.provenance.registry import Registry
from server.store.files import FileStore

_Outcome: TypeAlias = Finished | Failed

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

    @property
    def workers(self) -> tuple[WorkerView, ...]:
        """Who draws, and where their models are."""
        ...

    def submit(
        self, request: ImageRequest, on_progress: Callable[[News], None] | None = None
    ) -> Future[Pixels]:
        """Raises: CapacityError."""
        ...

    def cancel(self, request_id: str) -> None:
        """Stop drawing this; nothing happens when it is finished or unknown."""
        ...


@dataclass(frozen=True, slots=True)
class Workshop:
    """The threads and the shelf that all drawings share."""

    files: FileStore
    pictures: ThreadPoolExecutor
    previews: ThreadPoolExecutor
    """One thread of their own: a preview never keeps a picture waiting, and never overtakes one."""
    publishing: Publishing
    registry: Registry | None = None


class Drawing:
    """One call on its way. Await `result`, or `cancel` it: one of the two must happen."""

    def __init__(
        self,
        plan: Plan,
        fleet: Fleet,
        workshop: Workshop,
        listener: Listener | None,
        on_refusal: Callable[[ContentRejected], None] = lambda _: None,
        request_id: str = "-",
    ) -> None:
        """`on_refusal` hears, on the event loop, of pictures that a classifier refused.

        Raises: CapacityError: nothing of the call is left in the fleet then."""
        self.plan = plan
        self._fleet = fleet
        self._workshop = workshop
        self._listener = listener
        self._on_refusal = on_refusal
        self._request_id = request_id
        self._loop = asyncio.get_running_loop()
        self._futures: list[Future[Pixels]] = []
        self._outcomes: dict[int, _Outcome] = {}
        self._worded: dict[int, Worded] = {}
        """Told by the fleet's threads, each before its picture is answered."""
        self._told = 0
        self._previews_begun = [0] * len(plan.requests)
        self._showing: set[asyncio.Task[None]] = set()
        try:
            for index, request in enumerate(plan.requests):
                self._futures.append(fleet.submit(request, self._progress_of(index)))
        except BaseException:
            self.cancel()
            raise

    @property
    def facts(self) -> Mapping[str, str]:
        """What can be said of the call before anything is drawn."""
        finish = self.plan.finish
        planned = self._workshop.publishing.planned(finish.size, finish.label is not None)
        return {**self.plan.facts, "provenance": planned}

    def cancel(self) -> None:
        """Stop at the next step. Safe at any time, also twice."""
        for request in self.plan.requests[: len(self._futures)]:
            self._fleet.cancel(request.id)

    async def result(self) -> Drawn:
        """Wait for the pictures. A failure, or the end of the waiting, stops the others.

        Where each picture stands for itself, one that was refused does not stop the others, and
        what was drawn before a failure counts.

        Raises: GenerationError: nothing was drawn, or not all that belongs together.
        """
        tasks = {
            asyncio.create_task(self._outcome(index, future))
            for index, future in enumerate(self._futures)
        }
        try:
            fatal = await self._collect(tasks)
        finally:
            self.cancel()
            await _abandon([*tasks, *self._showing])
        outcomes = [self._outcomes[index] for index in sorted(self._outcomes)]
        pictures = tuple(one for one in outcomes if isinstance(one, Finished))
        failures = tuple(one for one in outcomes if isinstance(one, Failed))
        if failures and not (pictures and self.plan.each_alone):
            raise (fatal or failures[0]).error
        return Drawn(self.plan, pictures, failures, created=_now())

    async def _collect(self, pending: set[asyncio.Task[_Outcome]]) -> Failed | None:
        """Take what comes until nothing more will; return the failure that ended it."""
        fatal = None
        while pending and fatal is None:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for outcome in sorted((task.result() for task in done), key=lambda one: one.index):
                self._outcomes[outcome.index] = outcome
                if isinstance(outcome, Failed) and not self._goes_on_after(outcome.error):
                    fatal = fatal or outcome
            while self._told in self._outcomes:
                self._tell(self._outcomes[self._told])
                self._told += 1
        for index in sorted(index for index in self._outcomes if index > self._told):
            self._tell(self._outcomes[index])
        return fatal

    def _goes_on_after(self, error: Exception) -> bool:
        """Only a picture that was refused says nothing about the others."""
        return self.plan.each_alone and isinstance(error, RequestError)

    def _tell(self, outcome: _Outcome) -> None:
        """In the order of the pictures. Of one for all, the end of the call says what failed."""
        if self._listener is None or (isinstance(outcome, Failed) and not self.plan.each_alone):
            return
        self._listener(outcome)

    async def _outcome(self, index: int, future: Future[Pixels]) -> _Outcome:
        try:
            pixels = await asyncio.wrap_future(future)
            published, name = await self._loop.run_in_executor(
                self._workshop.pictures, self._finish, index, pixels
            )
            await self._register(published, name)
        except Exception as error:  # noqa: BLE001 - whatever it is, `result` raises or reports it
            if isinstance(error, ContentRejected):
                self._on_refusal(error)
            return Failed(index, error, _now())
        worded = self._worded.get(index)
        return Finished(index, published.picture, name, _now(), published.provenance, worded)

    async def _register(self, published: Published, name: str | None) -> None:
        """Enter a picture before it is handed out. Raises: StorageFailure: then it is not kept."""
        if published.record is None or self._workshop.registry is None:
            return
        try:
            await self._workshop.registry.add(published.record)
        except StorageFailure:
            if name is not None:
                await asyncio.to_thread(self._workshop.files.discard, name)
            raise

    def _finish(self, index: int, pixels: Pixels) -> tuple[Published, str | None]:
        finished = self.plan.finish.apply(pixels)
        published = self._workshop.publishing.publish(finished, self._work(index))
        name = self._workshop.files.save(published.picture) if self.plan.wants_url else None
        return published, name

    def _preview(self, index: int, pixels: Pixels) -> Picture:
        finished = self.plan.finish.apply(pixels)
        return self._workshop.publishing.preview(finished, self._work(index))

    def _work(self, index: int) -> Work:
        plan, worded = self.plan, self._worded.get(index)
        return Work(
            recipe=plan.recipe_of(index, None if worded is None else worded.prompt),
            format=plan.finish.format,
            client=plan.requests[index].client,
            request_id=self._request_id,
            label_declined=plan.label_declined,
            sources=plan.sources,
        )

    def _progress_of(self, index: int) -> Callable[[News], None] | None:
        """The fleet's threads report here; the listener hears it on the event loop."""
        listener = self._listener
        if listener is None and self.plan.requests[index].rewriting is None:
            return None

        def report(news: News) -> None:
            if isinstance(news, Worded):
                self._worded[index] = news
                return
            if listener is None:
                return
            try:
                if isinstance(news, Preview):
                    self._loop.call_soon_threadsafe(self._begin_preview, listener, index, news)
                else:
                    self._loop.call_soon_threadsafe(listener, Step(index, news))
            except RuntimeError:
                _log.debug("a step was reported after the event loop had ended")

        return report

    def _begin_preview(self, listener: Listener, index: int, preview: Preview) -> None:
        """A drawing that began again repeats its previews; a repeated one is not shown again."""
        number = self.plan.requests[index].preview_steps.index(preview.step)
        if index in self._outcomes or number < self._previews_begun[index]:
            return
        self._previews_begun[index] = number + 1
        task = asyncio.create_task(self._show(listener, index, number, preview))
        self._showing.add(task)
        task.add_done_callback(self._showing.discard)

    async def _show(self, listener: Listener, index: int, number: int, preview: Preview) -> None:
        try:
            picture = await self._loop.run_in_executor(
                self._workshop.previews, self._preview, index, preview.bitmap.pixels
            )
        except Exception:  # noqa: BLE001 - a preview is a courtesy, the picture itself will come
            _log.exception("a preview of %s could not be made", preview.request_id)
            return
        if index not in self._outcomes:
            listener(Previewed(index, number, picture, _now()))


def _now() -> int:
    return int(time.time())


async def _abandon(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel what still runs and look at every outcome, so that none is reported as unread."""
    left = list(tasks)
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
