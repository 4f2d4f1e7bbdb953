"""Chores go on, whatever one of them meets."""

import asyncio
import logging
from contextlib import suppress

import pytest

from server.chores import do_chores


def test_a_chore_that_fails_ends_neither_itself_nor_another(
    caplog: pytest.LogCaptureFixture,
) -> None:
    done: list[str] = []

    async def failing() -> None:
        done.append("failing")
        raise RuntimeError("a broken disk")

    async def run() -> None:
        often = asyncio.Event()

        async def good() -> None:
            done.append("good")
            if len(done) >= 6:
                often.set()

        chores = asyncio.create_task(do_chores({"the first": failing, "the other": good}, 0))
        await often.wait()
        chores.cancel()
        with suppress(asyncio.CancelledError):
            await chores

    with caplog.at_level(logging.ERROR):
        asyncio.run(run())
    assert done[:6] == ["failing", "good"] * 3
    assert "the first failed" in caplog.text
    assert "a broken disk" in caplog.text
