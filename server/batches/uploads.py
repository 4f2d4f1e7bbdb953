"""Keeps the files of batches: what clients sent and what batches wrote, each for a while.

Rule 1: the content is on the disk before the row that names it.
Rule 2: a key sees its own files only; those of others do not exist.
Rule 3: no text from outside ever becomes part of a path: a file lies under the id we gave it.
"""

import os
import secrets
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO, Any, Literal, TypeAlias

from sqlalchemy import ColumnElement, Row, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.concurrency import run_in_threadpool

from pipelines.errors import StorageFailure
from server.batches.batch import OPEN
from server.batches.paging import Page, part_of
from server.errors import Conflict, NotFound
from server.store.database import Database
from server.store.secret_file import sync_folder
from server.store.tables import BATCHES, FILES

Purpose: TypeAlias = Literal["batch", "batch_output"]

_ID_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
_ID_LENGTH = 26
_BEING_READ = select(BATCHES.c.input_file_id).where(BATCHES.c.status.in_(OPEN))


def new_id(prefix: str) -> str:
    """An id that nobody can guess."""
    return prefix + "".join(secrets.choice(_ID_LETTERS) for _ in range(_ID_LENGTH))


@dataclass(frozen=True, slots=True)
class Upload:
    """One file, as its row says. Units: times in seconds since 1970."""

    id: str
    client: str
    purpose: Purpose
    filename: str
    bytes: int
    created_at: int
    expires_at: int


_COLUMNS = tuple(FILES.c[field.name] for field in fields(Upload))


class Uploads:
    """The files of all clients: their rows in the database, their contents in one folder."""

    def __init__(
        self, database: Database, data_dir: Path, ttl_s: int, now: Callable[[], float]
    ) -> None:
        """Open the folder; `ttl_s` is how long a file is kept at most.

        Raises: StorageFailure: the folder cannot be written.
        """
        self.ttl_s = ttl_s
        self._folder = data_dir / "uploads"
        self._database = database
        self._now = now
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StorageFailure(f"cannot keep files in {data_dir}: {error.strerror}") from error

    def path(self, file_id: str) -> Path:
        """Where the content of a file of ours lies."""
        return self._folder / file_id

    async def add(
        self, client: str, filename: str, content: IO[bytes], ttl_s: int | None
    ) -> Upload:
        """Store what a client sent. Raises: StorageFailure."""
        file_id = new_id("file-")
        size = await run_in_threadpool(self._write, file_id, content)
        upload = self.new(file_id, client, "batch", filename, size, ttl_s or self.ttl_s)
        async with self._database.write() as connection:
            await enter(connection, upload)
        return upload

    def new(
        self, file_id: str, client: str, purpose: Purpose, filename: str, size: int, ttl_s: int
    ) -> Upload:
        """A file that begins to exist now."""
        now = int(self._now())
        expires_at = now + min(ttl_s, self.ttl_s)
        return Upload(file_id, client, purpose, filename, size, now, expires_at)

    async def get(self, client: str, file_id: str, param: str = "id") -> Upload:
        """Raises: NotFound."""
        wanted = select(*_COLUMNS).where(self._seen_by(client), FILES.c.id == file_id)
        async with self._database.read() as connection:
            row = (await connection.execute(wanted)).one_or_none()
        if row is None:
            raise NotFound(f"No such File object: {file_id[:80]}", param)
        return _upload(row)

    async def page(self, client: str, purpose: str | None, page: Page) -> tuple[list[Upload], bool]:
        """A client's files, and whether there are more of them. Raises: NotFound."""
        if page.after is not None:
            await self.get(client, page.after, "after")
        wanted = select(*_COLUMNS).where(self._seen_by(client))
        if purpose is not None:
            wanted = wanted.where(FILES.c.purpose == purpose)
        async with self._database.read() as connection:
            rows = (await connection.execute(part_of(FILES, wanted, page))).all()
        return [_upload(row) for row in rows[: page.limit]], len(rows) > page.limit

    async def delete(self, client: str, file_id: str) -> None:
        """Raises: NotFound; Conflict: a batch is reading it."""
        await self.get(client, file_id)
        unused = and_(FILES.c.id == file_id, FILES.c.id.not_in(_BEING_READ))
        async with self._database.write() as connection:
            gone = await connection.execute(FILES.delete().where(unused))
        if not gone.rowcount:
            raise Conflict(f"A batch is reading {file_id}: cancel it first, or wait for its end.")
        await run_in_threadpool(self._remove, [file_id])

    async def sweep(self) -> None:
        """Remove the files whose time is over."""
        over = and_(FILES.c.expires_at <= self._now(), FILES.c.id.not_in(_BEING_READ))
        async with self._database.write() as connection:
            removed = await connection.execute(FILES.delete().where(over).returning(FILES.c.id))
            names = list(removed.scalars())
        await run_in_threadpool(self._remove, names)

    async def tidy(self) -> None:
        """Remove contents without a row, which a killed server left. Only before serving."""
        async with self._database.read() as connection:
            named = set((await connection.execute(select(FILES.c.id))).scalars())
            written = select(BATCHES.c.output_file_id, BATCHES.c.error_file_id)
            for row in await connection.execute(written.where(BATCHES.c.status.in_(OPEN))):
                named |= set(row)
        left = [path.name for path in self._folder.iterdir() if path.name not in named]
        await run_in_threadpool(self._remove, left)

    def _seen_by(self, client: str) -> ColumnElement[bool]:
        return and_(FILES.c.client == client, FILES.c.expires_at > self._now())

    def _write(self, file_id: str, content: IO[bytes]) -> int:
        """Returns: bytes. The file stands under its name only when all of it is on the disk."""
        temporary = self._folder / f"{file_id}.tmp"
        try:
            with temporary.open("xb") as file:
                shutil.copyfileobj(content, file, 1024 * 1024)
                file.flush()
                os.fsync(file.fileno())
                size = file.tell()
            temporary.replace(self.path(file_id))
            sync_folder(self._folder)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise StorageFailure("The file could not be stored.") from error
        return size

    def _remove(self, names: list[str]) -> None:
        for name in names:
            self.path(name).unlink(missing_ok=True)


async def enter(connection: AsyncConnection, upload: Upload) -> None:
    """Name a file whose content is on the disk; from then on its client sees it."""
    await connection.execute(FILES.insert(), asdict(upload))


def _upload(row: Row[Any]) -> Upload:
    return Upload(**row._mapping)
