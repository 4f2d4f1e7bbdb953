"""Keeps batches in the database: every change of a batch is one transaction.

Rule 1: a batch's status moves only from the statuses a change names, so that a cancel and an end
that meet are never both true.
Rule 2: what counts of its files is said in the same transaction as which lines are answered.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Row, Select, Update, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.batches.batch import CANCELLABLE, OPEN, Batch, Status
from server.batches.paging import Page, part_of
from server.batches.uploads import Uploads, enter, new_id
from server.errors import Conflict, NotFound
from server.store.database import Database
from server.store.tables import ANSWERS, BATCHES


@dataclass(frozen=True, slots=True)
class Wanted:
    """A batch as a client asks for it."""

    client: str
    endpoint: str
    input_file_id: str
    completion_window: str
    window_s: int
    metadata: dict[str, str] | None
    base_url: str
    reproducible: bool
    seed: int
    output_ttl_s: int


@dataclass(frozen=True, slots=True)
class Progress:
    """Lines that were answered, and how long both files are with them."""

    lines: Sequence[int]
    completed: int
    failed: int
    output_bytes: int
    error_bytes: int


class BatchStore:
    """All batches of all clients."""

    def __init__(self, database: Database, uploads: Uploads, now: Callable[[], float]) -> None:
        self._database = database
        self._uploads = uploads
        self._now = now

    async def create(self, wanted: Wanted) -> Batch:
        created_at = int(self._now())
        values = asdict(wanted)
        values |= {
            "id": new_id("batch_"),
            "status": "validating",
            "output_file_id": new_id("file-"),
            "error_file_id": new_id("file-"),
            "created_at": created_at,
            "expires_at": created_at + values.pop("window_s"),
        }
        async with self._database.write() as connection:
            made = await connection.execute(BATCHES.insert().values(values).returning(BATCHES))
            return _batch(made.one())

    async def get(self, client: str, batch_id: str, param: str = "id") -> Batch:
        """Raises: NotFound."""
        async with self._database.read() as connection:
            mine = _named(batch_id).where(BATCHES.c.client == client)
            row = (await connection.execute(mine)).one_or_none()
        if row is None:
            raise NotFound(f"No batch found with id '{batch_id[:80]}'.", param)
        return _batch(row)

    async def page(self, client: str, page: Page) -> tuple[list[Batch], bool]:
        """A client's batches, and whether there are more of them. Raises: NotFound."""
        if page.after is not None:
            await self.get(client, page.after, "after")
        wanted = select(BATCHES).where(BATCHES.c.client == client)
        async with self._database.read() as connection:
            rows = (await connection.execute(part_of(BATCHES, wanted, page))).all()
        return [_batch(row) for row in rows[: page.limit]], len(rows) > page.limit

    async def open_of(self, client: str) -> int:
        """How many batches of a client are not at their end."""
        wanted = select(func.count()).where(BATCHES.c.client == client, BATCHES.c.status.in_(OPEN))
        async with self._database.read() as connection:
            return (await connection.execute(wanted)).scalar_one()

    async def open_ids(self) -> list[str]:
        """The batches of all clients that are not at their end, oldest first."""
        wanted = select(BATCHES.c.id).where(BATCHES.c.status.in_(OPEN)).order_by(BATCHES.c.number)
        async with self._database.read() as connection:
            return list((await connection.execute(wanted)).scalars())

    async def load(self, batch_id: str) -> Batch:
        async with self._database.read() as connection:
            return _batch((await connection.execute(_named(batch_id))).one())

    async def answered(self, batch: Batch) -> set[int]:
        """The lines of an open batch that have their answer."""
        wanted = select(ANSWERS.c.line).where(ANSWERS.c.batch == batch.number)
        async with self._database.read() as connection:
            return set((await connection.execute(wanted)).scalars())

    async def cancel(self, client: str, batch_id: str) -> Batch:
        """Ask for the end of a batch; asking twice changes nothing.

        Raises: NotFound; Conflict: it has ended, or is about to.
        """
        await self.get(client, batch_id)
        await self._move(batch_id, CANCELLABLE, "cancelling")
        batch = await self.get(client, batch_id)
        if batch.status != "cancelling":
            raise Conflict(f"Cannot cancel a batch with status '{batch.status}'.")
        return batch

    async def begin(self, batch: Batch, total: int) -> None:
        """The input is right: its lines can be answered."""
        await self._move(batch.id, ("validating",), "in_progress", total=total)

    async def finalize(self, batch: Batch) -> None:
        """Every line is answered."""
        await self._move(batch.id, ("in_progress",), "finalizing")

    async def fail(self, batch: Batch, errors: Sequence[dict[str, Any]]) -> None:
        """The input cannot be worked on."""
        await self._end(batch, CANCELLABLE, "failed", errors=list(errors))

    async def record(self, batch: Batch, progress: Progress) -> None:
        """Make answers count that are on the disk."""
        rows = [{"batch": batch.number, "line": line} for line in progress.lines]
        counts = {
            "completed": BATCHES.c.completed + progress.completed,
            "failed": BATCHES.c.failed + progress.failed,
            "output_bytes": progress.output_bytes,
            "error_bytes": progress.error_bytes,
        }
        async with self._database.write() as connection:
            await connection.execute(ANSWERS.insert(), rows)
            await connection.execute(
                update(BATCHES).where(BATCHES.c.number == batch.number).values(counts)
            )

    async def complete(self, batch: Batch) -> None:
        await self._end(batch, ("finalizing",), "completed")

    async def expire(self, batch: Batch) -> None:
        await self._end(batch, ("in_progress",), "expired")

    async def end_cancelled(self, batch: Batch) -> None:
        await self._end(batch, ("cancelling",), "cancelled")

    async def _move(
        self, batch_id: str, origins: Sequence[Status], status: Status, **values: Any
    ) -> None:
        """Give a batch another status, unless it has left these already."""
        async with self._database.write() as connection:
            await connection.execute(self._change(batch_id, origins, status, values))

    async def _end(
        self, batch: Batch, origins: Sequence[Status], status: Status, **values: Any
    ) -> None:
        """Give a batch its last status, and its client the files it has written."""
        async with self._database.write() as connection:
            ended = await connection.execute(self._change(batch.id, origins, status, values))
            if ended.rowcount:
                await self._hand_over(connection, batch)
                mine = ANSWERS.c.batch == batch.number
                await connection.execute(ANSWERS.delete().where(mine))

    def _change(
        self, batch_id: str, origins: Sequence[Status], status: Status, values: dict[str, Any]
    ) -> Update:
        moved = update(BATCHES).where(BATCHES.c.id == batch_id, BATCHES.c.status.in_(origins))
        return moved.values({"status": status, f"{status}_at": int(self._now()), **values})

    async def _hand_over(self, connection: AsyncConnection, batch: Batch) -> None:
        ended = _batch((await connection.execute(_named(batch.id))).one())
        for file_id, size, content in (
            (ended.output_file_id, ended.output_bytes, "output"),
            (ended.error_file_id, ended.error_bytes, "error"),
        ):
            if size:
                name = f"{batch.id}_{content}.jsonl"
                upload = self._uploads.new(
                    file_id, batch.client, "batch_output", name, size, batch.output_ttl_s
                )
                await enter(connection, upload)


def _named(batch_id: str) -> Select[Any]:
    return select(BATCHES).where(BATCHES.c.id == batch_id)


def _batch(row: Row[Any]) -> Batch:
    return Batch(**row._mapping)
