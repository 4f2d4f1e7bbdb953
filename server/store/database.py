"""Opens the database: one SQLite file, durable before anything is acknowledged, one writer.

Rule 1: a transaction is on the disk when it is committed (write-ahead log, synchronous FULL).
Rule 2: this process writes through one lock, so that a writer never finds the database busy.
Rule 3: a database that is locked, full or damaged is an error that says so, and a transaction that
it meets leaves nothing.
Rule 4: a database of another version is never touched: an older one is upgraded on request, by
`server.store.migrate`; a newer one is refused.
Knows no table but the one that holds the version.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    inspect,
    select,
)
from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from pipelines.errors import StorageFailure
from server.errors import DatabaseUnavailable
from server.store.tables import METADATA

FILE = "seedbed.db"
REVISIONS = ("0001", "0002")
"""Every version of the tables there has been; the last one is `server.store.tables`."""

_VERSION = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
_AT_ONCE = MappingProxyType({"seedbed_begin": "BEGIN IMMEDIATE"})
"""A transaction that will write says so at its beginning, and never has to give up later."""
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "busy_timeout=5000",
    "foreign_keys=ON",
)
_OUR_FAULT = (DataError, IntegrityError, ProgrammingError)
"""What no other try would mend."""
_FAULTS: Mapping[str, str] = MappingProxyType(
    {
        "BUSY": "another program holds it",
        "LOCKED": "another program holds it",
        "FULL": "its disk is full",
        "IOERR": "its disk fails",
        "CANTOPEN": "its file cannot be opened",
        "READONLY": "its file cannot be written",
        "CORRUPT": "its file is damaged",
        "NOTADB": "its file is damaged",
    }
)
"""The second word of SQLite's name for a fault -> what that means."""
_RETRY_S = 5.0

_log = logging.getLogger(__name__)


class Database:
    """An open database. Made for one event loop."""

    def __init__(self, folder: Path) -> None:
        self._engine = create_async_engine(f"sqlite+aiosqlite:///{folder / FILE}")
        _configure(self._engine.sync_engine)
        self._immediate = self._engine.execution_options(**_AT_ONCE)
        self._writing = asyncio.Lock()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A consistent view, for as long as the block lasts. Raises: DatabaseUnavailable."""
        with _faults_named():
            async with self._engine.begin() as connection:
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: on the disk after the block, or never when the block raises.

        Raises: DatabaseUnavailable: then it is not on the disk.
        """
        with _faults_named():
            async with self._writing, self._immediate.begin() as connection:
                yield connection

    async def close(self) -> None:
        await self._engine.dispose()


def claim(folder: Path) -> FileLock:
    """Take a data folder for this process; the lock is gone when the process is.

    Raises: StorageFailure: another process has it, or it cannot be written.
    """
    lock = FileLock(folder / "lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise StorageFailure(
            f"another seedbed is using the folder {folder}: stop it, or give this one a folder of "
            "its own (--data-dir)"
        ) from None
    except OSError as error:
        raise StorageFailure(f"cannot keep a database in {folder}: {error.strerror}") from error
    return lock


def prepare(folder: Path) -> None:
    """Make the database, or check that the one that is there has the tables of this version.

    Raises: StorageFailure: it has not, or it cannot be read.
    """
    (folder / FILE).touch(mode=0o600)
    engine = open_engine(folder)
    try:
        with at_once(engine).begin() as connection:
            found = revision(connection)
            if found is None:
                METADATA.create_all(connection)
                _VERSION.create(connection)
                connection.execute(_VERSION.insert(), {"version_num": REVISIONS[-1]})
    except DatabaseError as error:
        raise StorageFailure(f"{folder / FILE} cannot be used: {error.orig}") from error
    finally:
        engine.dispose()
    if found not in (None, REVISIONS[-1]):
        raise StorageFailure(_other_version(folder / FILE, found))


def open_engine(folder: Path) -> Engine:
    """A connection that blocks, for use before and beside the server."""
    engine = create_engine(f"sqlite:///{folder / FILE}")
    _configure(engine)
    return engine


def at_once(engine: Engine) -> Engine:
    """The same engine, for transactions that write."""
    return engine.execution_options(**_AT_ONCE)


def revision(connection: Connection) -> str | None:
    """The version of a database's tables; None when it has none yet."""
    if not inspect(connection).has_table(_VERSION.name):
        return None
    return str(connection.execute(select(_VERSION.c.version_num)).scalar_one())


def _other_version(path: Path, found: str) -> str:
    if found in REVISIONS:
        return f"{path} was made by an older seedbed: run `seedbed db upgrade` (it makes a copy)"
    return (
        f"{path} was made by a newer seedbed (its tables are at version {found}, this one knows "
        f"{REVISIONS[-1]}): start that one, or restore a copy from before the upgrade"
    )


@contextmanager
def _faults_named() -> Iterator[None]:
    """What the file did to us, as an error that its caller may read; the whole of it is logged."""
    try:
        yield
    except (DatabaseError, PoolTimeout) as error:
        if isinstance(error, _OUR_FAULT):
            raise
        cause = getattr(error, "orig", error)
        _log.error("the database cannot be used: %s", cause)
        words = getattr(cause, "sqlite_errorname", "").split("_")
        what = next((_FAULTS[word] for word in words if word in _FAULTS), "it does not answer")
        raise DatabaseUnavailable(
            f"The server's database cannot be used now: {what}. Try again.",
            _RETRY_S,
        ) from error


def _configure(engine: Engine) -> None:
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)


def _on_connect(connection: Any, _record: Any) -> None:
    # The driver's own idea of when a transaction begins leaves out reading and CREATE TABLE.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("seedbed_begin", "BEGIN"))
