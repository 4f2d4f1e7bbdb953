"""What a service manager hears; the server itself tells one in `tests/deploying`."""

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.manager import reassure_manager, tell_manager


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "notify"


@pytest.fixture
def manager(place: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(place))
        manager.settimeout(20)
        yield manager


def test_lines_arrive_as_one_message(manager: socket.socket, place: Path) -> None:
    tell_manager("READY=1", "STATUS=wach", environment={"NOTIFY_SOCKET": str(place)})
    assert manager.recv(100) == b"READY=1\nSTATUS=wach"


def test_without_a_manager_nothing_happens(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    for environment in ({}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1"}):
        tell_manager("READY=1", environment=environment)
    assert not caplog.records
    tell_manager("READY=1", environment={"NOTIFY_SOCKET": str(place)})
    assert "cannot be told of READY=1: No such file" in caplog.text


def test_a_manager_that_does_not_read_stops_nobody(
    manager: socket.socket, place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(1000):
        tell_manager("WATCHDOG=1", environment={"NOTIFY_SOCKET": str(place)})
    assert "Resource temporarily unavailable" in caplog.text


def test_a_watchdog_hears_often_enough_and_another_processs_is_left_alone(
    manager: socket.socket, place: Path
) -> None:
    said = {"NOTIFY_SOCKET": str(place), "WATCHDOG_USEC": "20000"}

    async def reassure(environment: dict[str, str], messages: int) -> None:
        chore = asyncio.create_task(reassure_manager(environment))
        for _ in range(messages):
            assert await asyncio.to_thread(manager.recv, 100) == b"WATCHDOG=1"
        chore.cancel()

    asyncio.run(reassure(said | {"WATCHDOG_PID": str(os.getpid())}, messages=3))
    asyncio.run(reassure_manager(said | {"WATCHDOG_PID": "1"}))
    asyncio.run(reassure_manager({"NOTIFY_SOCKET": str(place)}))
