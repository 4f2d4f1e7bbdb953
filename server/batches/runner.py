"""Carries every batch from its file to its end, and on from where it stood after a restart.

Rule 1: what has happened is in the database and nowhere else; a task that carries a batch may end
at any point and begin again.
Rule 2: all batches share a few places for pictures and take turns at them, so that a short batch is
not stuck behind a long one, and the queue of those who wait is never filled from here.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import islice

from starlette.concurrency import run_in_threadpool

from server.batches.answering import Answering, too_late
from server.batches.answers import Answers, opened
from server.batches.batch import CANCELLABLE, Batch
from server.batches.lines import Fault, InputRow, Rules, check, rows
from server.batches.places import Places
from server.batches.store import BatchStore
from server.batches.uploads import Uploads
from server.errors import DatabaseUnavailable

_SWEEP_S = 3600.0
_CHUNK = 500
"""Rows that are too late are answered in such portions."""

_log = logging.getLogger(__name__)


class Runner:
    """One task for each open batch."""

    def __init__(
        self,
        store: BatchStore,
        uploads: Uploads,
        answering: Answering,
        *,
        rows_at_once: int,
        max_line_bytes: int,
        retry_s: float,
        now: Callable[[], float],
    ) -> None:
        """At most `rows_at_once` pictures are drawn at once, whichever rows they are of.

        `retry_s` is when a batch is tried again that met a full disk or the like."""
        self._store = store
        self._uploads = uploads
        self._answering = answering
        self._places = Places(rows_at_once)
        self._max_line_bytes = max_line_bytes
        self._retry_s = retry_s
        self._now = now
        self._carriers: dict[str, asyncio.Task[None]] = {}
        self._closing = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Carry all open batches while the block lasts; rows on their way are given back."""
        await self._uploads.sweep()
        await self._uploads.tidy()
        for batch_id in await self._store.open_ids():
            self.begin(batch_id)
        sweeper = asyncio.create_task(self._sweep())
        try:
            yield
        finally:
            self._closing = True
            tasks = [sweeper, *self._carriers.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def begin(self, batch_id: str) -> None:
        """Carry a batch from wherever it stands, if nobody does."""
        if self._closing or batch_id in self._carriers:
            return
        carrier = asyncio.create_task(self._carry(batch_id))
        self._carriers[batch_id] = carrier
        carrier.add_done_callback(lambda _: self._carriers.pop(batch_id))

    def hurry(self, batch_id: str) -> None:
        """Look at a batch's status again: it was cancelled. Its rows on their way are stopped."""
        carrier = self._carriers.get(batch_id)
        if carrier is None:
            self.begin(batch_id)
        else:
            carrier.cancel()
            carrier.add_done_callback(lambda _: self.begin(batch_id))

    async def _carry(self, batch_id: str) -> None:
        while True:
            try:
                if not await self._advance(await self._store.load(batch_id)):
                    return
            except Exception:  # noqa: BLE001 - a batch must not be lost to what may pass
                _log.exception("batch %s stands still for %.0f s", batch_id, self._retry_s)
                await asyncio.sleep(self._retry_s)

    async def _advance(self, batch: Batch) -> bool:
        """Bring a batch to its next status. Returns: whether there is another one after it."""
        if batch.status in CANCELLABLE and not self._uploads.path(batch.input_file_id).exists():
            await self._store.fail(batch, [Fault("file_not_found", "The file is gone.").entry])
            return False
        match batch.status:
            case "validating":
                await self._validate(batch)
            case "in_progress":
                await self._draw(batch)
            case "finalizing":
                await self._store.complete(batch)
            case "cancelling":
                await self._store.end_cancelled(batch)
            case _:
                return False
        return True

    async def _validate(self, batch: Batch) -> None:
        path = self._uploads.path(batch.input_file_id)
        checked = await run_in_threadpool(check, path, self._rules(batch))
        if checked.faults:
            await self._store.fail(batch, checked.faults)
        else:
            await self._store.begin(batch, checked.total)

    async def _draw(self, batch: Batch) -> None:
        """Answer every row that has no answer yet, as long as the window is open."""
        left_s = batch.expires_at - self._now()
        try:
            async with (
                asyncio.timeout(left_s),
                opened(batch, self._store, self._uploads) as answers,
            ):
                await self._draw_rows(batch, answers)
        except TimeoutError:
            await self._expire(await self._store.load(batch.id))
        else:
            await self._store.finalize(batch)

    async def _draw_rows(self, batch: Batch, answers: Answers) -> None:
        waiting = await self._unanswered(batch)
        async with asyncio.TaskGroup() as group:
            while (row := await run_in_threadpool(next, waiting, None)) is not None:
                count = await self._places.take(row.pictures)
                drawing = group.create_task(self._draw_row(batch, row, answers))
                drawing.add_done_callback(partial(self._vacate, count))

    def _vacate(self, count: int, _drawing: asyncio.Task[None]) -> None:
        self._places.give_back(count)

    async def _draw_row(self, batch: Batch, row: InputRow, answers: Answers) -> None:
        await answers.add([await self._answering.answer(batch, row)])

    async def _expire(self, batch: Batch) -> None:
        """Say of every row that is left that it was not drawn in time."""
        waiting = await self._unanswered(batch)
        async with opened(batch, self._store, self._uploads) as answers:
            while late := await run_in_threadpool(lambda: list(islice(waiting, _CHUNK))):
                await answers.add([too_late(batch, row) for row in late])
        await self._store.expire(batch)

    async def _unanswered(self, batch: Batch) -> Iterator[InputRow]:
        answered = await self._store.answered(batch)
        return rows(self._uploads.path(batch.input_file_id), self._rules(batch), answered)

    def _rules(self, batch: Batch) -> Rules:
        return Rules(batch.endpoint, self._max_line_bytes)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_S)
            try:
                await self._uploads.sweep()
            except (OSError, DatabaseUnavailable):
                _log.exception("expired files could not be removed; the next try is in an hour")
