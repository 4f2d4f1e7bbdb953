"""The table of what was published: durable, shared transactions, forgotten in time."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import pytest

from pipelines.errors import StorageFailure
from pipelines.types import Size
from server.provenance.registry import Record, Registry
from server.store.database import FILE, Database, prepare

_T = TypeVar("_T")
HIGHEST = 2**64 - 1


def record(ident: int, **said: Any) -> Record:
    told: dict[str, Any] = {
        "id": ident,
        "created_at": 100,
        "client": "tester",
        "request_id": "req_1",
        "model": "seedbed",
        "sha256": "0" * 64,
        "perceptual_hash": HIGHEST,
        "sketch": b"\x01\x01abc",
        "manifest": None,
        "expires_at": 200,
        "drawn_by": "embedded",
        "size": Size(64, 32),
        "format": "png",
        "labelled": True,
        "label_declined": False,
        "mark_key": None,
        "mark_strength": None,
    }
    return Record(**told | said)


def working(folder: Path, work: Callable[[Registry], Awaitable[_T]], now: float = 150.0) -> _T:
    prepare(folder)

    async def run() -> _T:
        database = Database(folder)
        try:
            return await work(Registry(database, lambda: now))
        finally:
            await database.close()

    return asyncio.run(run())


def test_what_was_added_is_found_by_its_id_and_on_the_disk(tmp_path: Path) -> None:
    async def work(registry: Registry) -> None:
        await registry.add(record(HIGHEST, manifest=b"sealed", request_id="req_7"))
        await registry.add(record(1))
        [found] = await registry.find({HIGHEST})
        assert (found.id, found.perceptual_hash, found.manifest) == (HIGHEST, HIGHEST, b"sealed")
        assert (found.request_id, found.sketch) == ("req_7", b"\x01\x01abc")
        assert await registry.find({2}) == []
        assert len(await registry.find({1, HIGHEST})) == 2
        with closing(sqlite3.connect(tmp_path / FILE)) as other:
            [row] = other.execute("SELECT id, width, height FROM pictures WHERE number = 1")
        assert row == ("f" * 16, 64, 32)

    working(tmp_path, work)


def test_the_same_picture_twice_is_two_rows_the_newest_first(tmp_path: Path) -> None:
    async def work(registry: Registry) -> None:
        await registry.add(record(5, request_id="first"))
        await registry.add(record(5, request_id="second"))
        assert [one.request_id for one in await registry.find({5})] == ["second", "first"]

    working(tmp_path, work)


def test_of_the_same_picture_a_hundred_times_the_last_rows_are_read(tmp_path: Path) -> None:
    async def work(registry: Registry) -> None:
        await registry.add(record(7))
        for number in range(100):
            await registry.add(record(5, request_id=f"req_{number}"))
        found = await registry.find({5, 7})
        last = [f"req_{number}" for number in range(99, 83, -1)]
        assert [one.request_id for one in found if one.id == 5] == last
        assert [one.request_id for one in found if one.id == 7] == ["req_1"]

    working(tmp_path, work)


def test_a_row_that_cannot_be_written_keeps_nobody_waiting(tmp_path: Path) -> None:
    async def work(registry: Registry) -> None:
        with pytest.raises(StorageFailure):
            await asyncio.wait_for(registry.add(record(1, model="\ud800")), 20)
        await registry.add(record(2))
        assert [one.id for one in await registry.find({1, 2})] == [2]

    working(tmp_path, work)


def test_pictures_of_the_same_time_share_a_transaction(tmp_path: Path) -> None:
    class Counting(Database):
        commits = 0

        def write(self) -> Any:
            self.commits += 1
            return super().write()

    prepare(tmp_path)

    async def run() -> int:
        database = Counting(tmp_path)
        registry = Registry(database)
        await asyncio.gather(*(registry.add(record(ident)) for ident in range(40)))
        assert len(await registry.find(range(40))) == 40
        await database.close()
        return database.commits

    assert asyncio.run(run()) == 1


def test_who_gives_up_waiting_takes_nobody_along(tmp_path: Path) -> None:
    async def work(registry: Registry) -> None:
        leaving = asyncio.create_task(registry.add(record(1)))
        staying = asyncio.create_task(registry.add(record(2)))
        await asyncio.sleep(0)
        leaving.cancel()
        await staying
        await registry.add(record(3))
        assert len(await registry.find({1, 2, 3})) == 3

    working(tmp_path, work)


def test_a_disk_that_is_full_fails_all_that_waited_and_nobody_later(tmp_path: Path) -> None:
    async def work(registry: Registry) -> None:
        with closing(sqlite3.connect(tmp_path / FILE)) as other:
            other.execute(
                "CREATE TRIGGER full BEFORE INSERT ON pictures "
                "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
            )
            both = asyncio.gather(
                registry.add(record(1)), registry.add(record(2)), return_exceptions=True
            )
            assert [type(fault) for fault in await both] == [StorageFailure] * 2
            other.execute("DROP TRIGGER full")
        await registry.add(record(3))
        assert [one.id for one in await registry.find({1, 2, 3})] == [3]

    working(tmp_path, work)


def test_nobody_waits_for_all_that_is_swept_after_a_long_time(tmp_path: Path) -> None:
    async def work(registry: Registry) -> None:
        await asyncio.gather(*(registry.add(record(1, expires_at=9)) for _ in range(1000)))
        sweeping = asyncio.create_task(registry.sweep())
        await registry.add(record(2))
        assert not sweeping.done()
        assert await sweeping == 1000
        assert [one.id for one in await registry.find({1, 2})] == [2]

    working(tmp_path, work)


def test_what_was_kept_long_enough_is_forgotten(tmp_path: Path) -> None:
    async def work(registry: Registry) -> None:
        for ident, expires_at in ((1, 149), (2, 150), (3, 151)):
            await registry.add(record(ident, expires_at=expires_at))
        assert await registry.sweep() == 1
        assert [one.id for one in await registry.find({1, 2, 3})] == [3, 2]

    working(tmp_path, work)
