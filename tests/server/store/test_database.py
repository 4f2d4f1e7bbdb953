"""The database: durable, of one version, owned by one process."""

import asyncio
import sqlite3
import stat
from contextlib import closing, suppress
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from pipelines.errors import StorageFailure
from server.errors import DatabaseUnavailable, headers_of, status_of
from server.store import database as database_module
from server.store.database import FILE, Database, claim, open_engine, prepare
from server.store.tables import FILES, METADATA

ONE = {
    "id": "file-1",
    "client": "c",
    "purpose": "batch",
    "filename": "f",
    "bytes": 1,
    "created_at": 1,
    "expires_at": 2,
}


def test_a_new_database_has_every_table_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    prepare(tmp_path)
    with sqlite3.connect(tmp_path / FILE) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    assert names >= METADATA.tables.keys()
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    prepare(tmp_path)


def test_what_is_committed_is_on_the_disk(tmp_path: Path) -> None:
    async def ask(pragma: str) -> object:
        database = Database(tmp_path)
        async with database.read() as connection:
            answer = (await connection.execute(text(f"PRAGMA {pragma}"))).scalar()
        await database.close()
        return answer

    prepare(tmp_path)
    assert asyncio.run(ask("journal_mode")) == "wal"
    assert asyncio.run(ask("synchronous")) == 2
    assert asyncio.run(ask("foreign_keys")) == 1


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    async def fail() -> int:
        database = Database(tmp_path)
        with suppress(LookupError):
            async with database.write() as connection:
                await connection.execute(FILES.insert(), ONE)
                raise LookupError
        async with database.read() as connection:
            found = len((await connection.execute(FILES.select())).all())
        await database.close()
        return found

    prepare(tmp_path)
    assert asyncio.run(fail()) == 0


def fault(folder: Path, statement: str = "SELECT * FROM files") -> DatabaseUnavailable:
    """What a transaction says that cannot be; the next one is asked too, so that none is stuck."""

    async def ask() -> DatabaseUnavailable:
        database = Database(folder)
        try:
            for _ in range(2):
                with pytest.raises(DatabaseUnavailable) as caught:
                    async with database.write() as connection:
                        await connection.execute(text(statement))
        finally:
            await database.close()
        return caught.value

    return asyncio.run(ask())


def test_a_damaged_database_is_named_and_may_be_asked_again(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all" * 500)
    error = fault(tmp_path)
    assert "its file is damaged" in error.message
    assert (status_of(error), headers_of(error)["retry-after"]) == (503, "5")


def test_a_full_database_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(tmp_path)
    monkeypatch.setattr(database_module, "_PRAGMAS", ("max_page_count=1",))
    error = fault(tmp_path, "CREATE TABLE large AS SELECT zeroblob(1000000)")
    assert "its disk is full" in error.message


def test_a_locked_database_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(tmp_path)
    monkeypatch.setattr(database_module, "_PRAGMAS", ("busy_timeout=0",))
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert "another program holds it" in fault(tmp_path).message


def test_a_mistake_of_ours_is_no_fault_of_the_database(tmp_path: Path) -> None:
    async def twice() -> None:
        database = Database(tmp_path)
        try:
            async with database.write() as connection:
                await connection.execute(FILES.insert(), [ONE, ONE])
        finally:
            await database.close()

    prepare(tmp_path)
    with pytest.raises(IntegrityError):
        asyncio.run(twice())


def test_writers_take_turns(tmp_path: Path) -> None:
    async def write_all() -> int:
        database = Database(tmp_path)

        async def write(number: int) -> None:
            async with database.write() as connection:
                await connection.execute(FILES.insert(), ONE | {"id": f"file-{number}"})

        await asyncio.gather(*(write(number) for number in range(30)))
        async with database.read() as connection:
            found = len((await connection.execute(FILES.select())).all())
        await database.close()
        return found

    prepare(tmp_path)
    assert asyncio.run(write_all()) == 30


def test_a_newer_database_is_refused_untouched(tmp_path: Path) -> None:
    prepare(tmp_path)
    engine = open_engine(tmp_path)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StorageFailure, match=r"newer seedbed.*version 9999"):
        prepare(tmp_path)


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"this is no database, and never was" * 100)
    with pytest.raises(StorageFailure, match=r"seedbed\.db cannot be used: file is not a database"):
        prepare(tmp_path)


def test_a_folder_belongs_to_one_process(tmp_path: Path) -> None:
    lock = claim(tmp_path)
    with pytest.raises(StorageFailure, match="another seedbed is using"):
        claim(tmp_path)
    lock.release()
    claim(tmp_path).release()
