"""Writes a batch's answers so that each counts exactly once, whenever the process dies.

Rule 1: answers are appended and flushed to the disk; then one transaction of the database says
which lines are answered and how long the files are with them. What stands beyond that length was
never said to be there: the next opening cuts it off, and its lines are answered anew.
Rule 2: one writer at a time, and one that has begun ends, even when its caller is cancelled.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from pipelines.errors import StorageFailure
from server.batches.batch import Batch
from server.batches.store import BatchStore, Progress
from server.batches.uploads import Uploads
from server.store.secret_file import sync_folder


@dataclass(frozen=True, slots=True)
class Answer:
    """What a line of the input became: a line of the output file, or of the error file."""

    line: int
    ok: bool
    text: bytes


class Answers:
    """The answers of one open batch. Get it with `opened`."""

    def __init__(self, batch: Batch, store: BatchStore, uploads: Uploads) -> None:
        self._batch = batch
        self._store = store
        self._output = _Appended(uploads.path(batch.output_file_id), batch.output_bytes)
        self._error = _Appended(uploads.path(batch.error_file_id), batch.error_bytes)
        self._writing = asyncio.Lock()
        self._begun: set[asyncio.Task[None]] = set()
        self._torn = False
        """Whether the files may hold more than what counts: nothing may be added behind it."""

    async def add(self, answers: Sequence[Answer]) -> None:
        """Return when they count.

        Raises: OSError, DatabaseUnavailable, StorageFailure: these do not count, and the batch has
        to be opened anew.
        """
        task = asyncio.create_task(self._add(answers))
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)
        await asyncio.shield(task)

    async def settle(self) -> None:
        """Wait for what has begun to be written."""
        await asyncio.gather(*self._begun, return_exceptions=True)

    def cut(self) -> None:
        """Remove what does not count. Raises: OSError."""
        self._output.cut()
        self._error.cut()

    async def _add(self, answers: Sequence[Answer]) -> None:
        good = [answer for answer in answers if answer.ok]
        bad = [answer for answer in answers if not answer.ok]
        async with self._writing:
            if self._torn:
                raise StorageFailure("An answer before this one could not be stored.")
            self._torn = True
            await run_in_threadpool(self._output.append, b"".join(answer.text for answer in good))
            await run_in_threadpool(self._error.append, b"".join(answer.text for answer in bad))
            progress = Progress(
                [answer.line for answer in answers],
                completed=len(good),
                failed=len(bad),
                output_bytes=self._output.length,
                error_bytes=self._error.length,
            )
            await self._store.record(self._batch, progress)
            self._torn = False


@asynccontextmanager
async def opened(batch: Batch, store: BatchStore, uploads: Uploads) -> AsyncIterator[Answers]:
    """The answers of a batch as the database knows it now; nothing is half written after it."""
    answers = Answers(batch, store, uploads)
    await run_in_threadpool(answers.cut)
    try:
        yield answers
    finally:
        await answers.settle()


class _Appended:
    """A file that grows at its end."""

    def __init__(self, path: Path, length: int) -> None:
        self._path = path
        self.length = length
        """Bytes that are on the disk and wanted."""

    def cut(self) -> None:
        with suppress(FileNotFoundError):
            os.truncate(self._path, self.length)

    def append(self, text: bytes) -> None:
        if not text:
            return
        is_new = not self._path.exists()
        with self._path.open("ab") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            sync_folder(self._path.parent)
        self.length += len(text)
