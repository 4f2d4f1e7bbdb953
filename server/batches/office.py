"""Builds what works on batches, and opens and closes it with the server.

Knows no path and no dialect by name.
"""

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from server.batches.answering import Answering
from server.batches.api import BatchesApi
from server.batches.files_api import FilesApi
from server.batches.runner import Runner
from server.batches.store import BatchStore
from server.batches.uploads import Uploads
from server.dialect import Dialect, Speech
from server.http.routing import Router
from server.store.database import Database

_DAY_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """The plain values that batches need. The data folder must be claimed and prepared."""

    data_dir: Path
    rows_at_once: int = 8
    max_file_bytes: int = 200 * 1024 * 1024
    ttl_s: int = 30 * _DAY_S
    retry_s: float = 10.0
    """When a batch is tried again that met a full disk or the like."""
    now: Callable[[], float] = time.time


class BatchOffice:
    """The batches of one server: their endpoints, and the runner behind them."""

    def __init__(
        self,
        settings: BatchSettings,
        router: Router,
        dialect: Dialect,
        speeches: Mapping[str, Speech],
        database: Database | None = None,
    ) -> None:
        """`database` is that of the data folder where it is open already; it ends with the office.

        Raises: StorageFailure.
        """
        self._database = database or Database(settings.data_dir)
        uploads = Uploads(self._database, settings.data_dir, settings.ttl_s, settings.now)
        store = BatchStore(self._database, uploads, settings.now)
        self._runner = Runner(
            store,
            uploads,
            Answering(router.service, dialect, speeches, router.snap_sizes),
            rows_at_once=settings.rows_at_once,
            max_line_bytes=router.max_body_bytes,
            retry_s=settings.retry_s,
            now=settings.now,
        )
        self.files = FilesApi(uploads, settings.max_file_bytes)
        self.batches = BatchesApi(store, uploads, self._runner, router, tuple(speeches))

    @asynccontextmanager
    async def open(self, _app: object) -> AsyncIterator[None]:
        """Work on batches while the block lasts."""
        try:
            async with self._runner.running():
                yield
        finally:
            await self._database.close()
