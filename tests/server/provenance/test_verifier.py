"""Searches wait in a line of their own: bounded, fair to others, and empty when nobody waits."""

import asyncio
import io
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace

import pytest

from pipelines.errors import InvalidImage, QueueFull
from server.provenance.verifier import Verifier
from tests.server.provenance.marked import IDENT, known, saved, scenery, verifying

PICTURE = saved(scenery(2, 64))


class HeldFile(io.BytesIO):
    """A picture that holds the thread which reads it until it is let go."""

    def __init__(self) -> None:
        super().__init__(PICTURE)
        self.opened, self.let_go = threading.Event(), threading.Event()

    def read(self, size: int | None = -1) -> bytes:
        self.opened.set()
        assert self.let_go.wait(20), "nobody let it go"
        return super().read(size)


@asynccontextmanager
async def held(verifier: Verifier, client: str = "a") -> AsyncIterator[HeldFile]:
    """The verifier's thread is busy with a picture of this client for as long as this lasts."""
    file = HeldFile()
    looking = asyncio.create_task(verifier.verify({"image": file}, "fast", client))
    await asyncio.to_thread(file.opened.wait, 20)
    try:
        yield file
    finally:
        file.let_go.set()
        await looking


def files(count: int) -> dict[str, io.BytesIO]:
    return {f"image[{index}]": io.BytesIO(PICTURE) for index in range(count)}


def test_the_line_is_bounded_for_one_and_for_all() -> None:
    async def crowd(verifier: Verifier) -> None:
        async with held(verifier) as file:
            waiting = [
                asyncio.create_task(verifier.verify(files(8), "fast", client))
                for client in ("b", "b", "c")
            ]
            await asyncio.sleep(0)
            for client, count in (("b", 1), ("a", 8)):
                with pytest.raises(QueueFull, match="wait to be verified"):
                    await verifier.verify(files(count), "fast", client)
            file.let_go.set()
            answered = await asyncio.gather(*waiting)
        assert [len(one) for one in answered] == [8, 8, 8]
        assert await verifier.verify(files(8), "fast", "a"), "the line is empty again"

    with closing(verifying()) as verifier:
        asyncio.run(crowd(verifier))


def test_whoever_leaves_gives_up_the_place() -> None:
    async def leave(verifier: Verifier) -> None:
        async with held(verifier):
            gone = [asyncio.create_task(verifier.verify(files(8), "fast", "b")) for _ in range(2)]
            await asyncio.sleep(0)
            for task in gone:
                task.cancel()
            await asyncio.gather(*gone, return_exceptions=True)
            last = asyncio.create_task(verifier.verify(files(8), "fast", "b"))
            await asyncio.sleep(0)
        assert len(await last) == 8

    with closing(verifying()) as verifier:
        asyncio.run(leave(verifier))


def test_a_picture_that_cannot_be_read_is_named_and_leaves_the_line() -> None:
    async def fail(verifier: Verifier) -> None:
        for _ in range(20):
            with pytest.raises(InvalidImage) as caught:
                await verifier.verify({"image[3]": io.BytesIO(b"GIF89a")}, "fast", "a")
            assert caught.value.param == "image[3]"

    with closing(verifying()) as verifier:
        asyncio.run(fail(verifier))


def test_a_manifest_is_found_though_the_last_copy_was_handed_out_unsealed() -> None:
    row = known(scenery(2, 64))
    rows = replace(row, manifest=None), replace(row, manifest=b"newer"), row
    with closing(verifying(*rows)) as verifier:
        assert asyncio.run(verifier.manifest(IDENT)) == b"newer"
