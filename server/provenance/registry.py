"""Keeps what was published under which id, for as long as the site wants: the table `pictures`.

Rule 1: a picture's row is on the disk before its answer leaves.
Rule 2: pictures that are finished at the same time share a transaction, and so one wait for the
disk.
Rule 3: an id may have several rows: the same request is the same picture.
Knows no picture's pixels, no HTTP and no settings. Made for one event loop.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sqlalchemy import Row, Select, delete, func, select

from pipelines.errors import StorageFailure
from pipelines.types import Size
from server.errors import DatabaseUnavailable
from server.store.database import Database
from server.store.tables import PICTURES

_MOST_AT_ONCE = 256
"""Rows in one transaction."""
_MOST_OF_ONE = 16
"""Rows that are read of an id: the same call may have been answered a million times."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Known:
    """What a verifier may want to know of a picture that was handed out."""

    id: int
    created_at: int
    """Units: seconds since 1970."""
    client: str
    """The name of the key that asked for it."""
    request_id: str
    model: str
    """The name that was asked for."""
    sha256: str
    perceptual_hash: int
    sketch: bytes | None
    manifest: bytes | None


@dataclass(frozen=True, slots=True)
class Record(Known):
    """All that is kept of a picture."""

    expires_at: int
    drawn_by: str
    """The stand-in that drew it."""
    size: Size
    format: str
    labelled: bool
    """Whether it says what it is for everybody to see."""
    label_declined: bool
    """Whether the caller asked for it without a label."""
    mark_key: str | None
    """The name of the key of its invisible mark; None where it bears none."""
    mark_strength: float | None


@dataclass(frozen=True, slots=True)
class _Waiting:
    record: Record
    written: asyncio.Future[None] = field(repr=False)


class Registry:
    """The rows of one database, which is opened and closed by somebody else."""

    def __init__(self, database: Database, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._now = now
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None

    async def add(self, record: Record) -> None:
        """Write a row down, together with all that wait for it.

        Raises: StorageFailure: the disk is full or broken.
        """
        waiting = _Waiting(record, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write())
        await waiting.written

    async def find(self, ids: Iterable[int]) -> list[Known]:
        """What is known of these ids, the newest first; of many rows of one id the last ones.

        Raises: DatabaseUnavailable.
        """
        async with self._database.read() as connection:
            rows = await connection.execute(rows_of(ids))
            return [known_of(row) for row in rows]

    async def sweep(self) -> int:
        """Forget what has been kept long enough; return how many. Raises: StorageFailure.

        Little by little: whoever waits for a row of a picture never waits for all of it.
        """
        old = select(PICTURES.c.number).where(PICTURES.c.expires_at < int(self._now()))
        some = delete(PICTURES).where(PICTURES.c.number.in_(old.limit(_MOST_AT_ONCE)))
        removed, now_removed = 0, _MOST_AT_ONCE
        try:
            while now_removed == _MOST_AT_ONCE:
                async with self._database.write() as connection:
                    now_removed = (await connection.execute(some)).rowcount
                removed += now_removed
        except DatabaseUnavailable as error:
            raise StorageFailure(f"old rows of pictures could not be removed: {error}") from error
        return removed

    async def _write(self) -> None:
        """Write until nobody waits. Whoever gave up waiting gets a row all the same."""
        try:
            while self._waiting:
                batch = self._waiting[:_MOST_AT_ONCE]
                del self._waiting[:_MOST_AT_ONCE]
                fault = await self._write_down([waiting.record for waiting in batch])
                for waiting in batch:
                    _answer(waiting.written, fault)
        finally:
            self._writer = None

    async def _write_down(self, records: list[Record]) -> StorageFailure | None:
        try:
            async with self._database.write() as connection:
                await connection.execute(PICTURES.insert(), [_columns(one) for one in records])
        except Exception as error:  # noqa: BLE001 - whoever waits would wait for ever
            _log.error("%d pictures could not be registered: %s", len(records), error)
            return StorageFailure("The picture could not be registered.")
        return None


def rows_of(ids: Iterable[int]) -> Select[tuple[object, ...]]:
    """The question for what is known of ids, for whoever reads the table otherwise."""
    number, chosen = PICTURES.c.number, [PICTURES.c[name] for name in _KNOWN]
    wanted = PICTURES.c.id.in_([_hexadecimal(one) for one in ids])
    place = func.row_number().over(partition_by=PICTURES.c.id, order_by=number.desc())
    newest = select(number, place.label("place")).where(wanted).subquery()
    last = select(newest.c.number).where(newest.c.place <= _MOST_OF_ONE)
    return select(*chosen).where(number.in_(last)).order_by(number.desc())


def known_of(row: Row[tuple[object, ...]]) -> Known:
    """What an answer to `rows_of` says."""
    told = dict(row._mapping)
    numbers = {name: int(str(told[name]), 16) for name in _NUMBERS}
    return Known(**{**told, **numbers})


_KNOWN = tuple(Known.__dataclass_fields__)
_NUMBERS = ("id", "perceptual_hash")
"""64 bits without a sign, of which SQL has none: sixteen hexadecimal digits."""


def _columns(record: Record) -> dict[str, object]:
    told: dict[str, object] = {
        name: getattr(record, name) for name in Record.__dataclass_fields__ if name != "size"
    }
    told |= {"width": record.size.width, "height": record.size.height}
    return told | {name: _hexadecimal(getattr(record, name)) for name in _NUMBERS}


def _hexadecimal(number: int) -> str:
    return f"{number:016x}"


def _answer(written: asyncio.Future[None], fault: StorageFailure | None) -> None:
    if written.done():
        return
    if fault is None:
        written.set_result(None)
    else:
        written.set_exception(fault)
