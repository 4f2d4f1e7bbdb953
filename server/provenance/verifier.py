"""Verifies for callers: one picture after the other in a thread of its own, and the registry asked.

A search can hold a thread for seconds, so it has its own, and only so many pictures wait for it:
the threads that finish pictures and the event loop never wait for a search. Knows no HTTP.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import BinaryIO, TypeAlias

from pipelines.errors import QueueFull
from pipelines.tilemark.mark import Depth
from server.errors import ImageTooLarge
from server.provenance.registry import Known
from server.provenance.verifying import RULE, Examiner, Findings, Verification, conclude

Find: TypeAlias = Callable[[frozenset[int]], Awaitable[Sequence[Known]]]
"""Asks the registry for what it keeps under some ids."""

_THREADS = 1
"""Each may need half a gigabyte for a while."""
_MOST_WAITING = 32
"""Pictures that wait or are looked at, of all callers."""
_MOST_OF_ONE = 16
"""Of them, those of one key."""
_RETRY_S = 5.0


class Verifier:
    """Examines and concludes. Made for one event loop; `close` ends its thread."""

    def __init__(self, examiner: Examiner, find: Find) -> None:
        self._examiner = examiner
        self._find = find
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="verifying")
        self._waiting: Counter[str] = Counter()

    def close(self) -> None:
        """Finish what is being looked at; whatever waits is given up."""
        self._threads.shutdown(cancel_futures=True)

    async def verify(
        self, files: Mapping[str, BinaryIO], depth: Depth, client: str
    ) -> list[Verification]:
        """Verify the pictures in files, which stand under the names that faults call them by.

        Raises: InvalidImage, QueueFull, DatabaseUnavailable.
        """
        with self._queued(client, len(files)):
            return [await self._one(name, file, depth) for name, file in files.items()]

    async def manifest(self, ident: int) -> bytes | None:
        """The newest signed manifest that was kept of a picture. Raises: DatabaseUnavailable."""
        known = await self._find(frozenset({ident}))
        return next((one.manifest for one in known if one.manifest is not None), None)

    @contextmanager
    def _queued(self, client: str, pictures: int) -> Iterator[None]:
        everybodys, own = self._waiting.total(), self._waiting[client]
        if everybodys + pictures > _MOST_WAITING or own + pictures > _MOST_OF_ONE:
            raise QueueFull(
                f"{everybodys} pictures wait to be verified, {own} of them of this key.", _RETRY_S
            )
        self._waiting[client] += pictures
        try:
            yield
        finally:
            self._waiting[client] -= pictures

    async def _one(self, name: str, file: BinaryIO, depth: Depth) -> Verification:
        loop = asyncio.get_running_loop()
        findings = await loop.run_in_executor(self._threads, self._look, file, depth, name)
        return conclude(findings, await self._find(findings.ids))

    def _look(self, file: BinaryIO, depth: Depth, param: str) -> Findings:
        data = file.read(RULE.max_bytes + 1)
        if len(data) > RULE.max_bytes:
            raise ImageTooLarge(RULE.max_bytes, param)
        return self._examiner.examine(data, depth, param)
