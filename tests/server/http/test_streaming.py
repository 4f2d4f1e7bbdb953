"""The stream itself, without a connection."""

import asyncio
import threading
from pathlib import Path

from pipelines.catalog import embedded_catalog
from pipelines.messages import Progress
from server.dialect import Call
from server.dialects.ark.dialect import Ark
from server.draft import Draft
from server.events import Step
from server.http.streaming import DrawingStream, EventQueue, Narrator
from server.service import Service
from server.store.files import FileStore
from tests.server.drawer import Drawer
from tests.server.frames import HEARTBEAT


def test_steps_that_nobody_is_told_are_no_sign_of_life(drawer: Drawer, tmp_path: Path) -> None:
    """Ark has no word for a step: however fast they come, the heartbeats must come too."""
    gate = threading.Event()
    drawer.script("steps and steps", gate=gate)
    draft = Draft(model="doubao-seedream-4-0-250828", prompt="steps and steps", stream=True)

    async def first_bytes() -> bytes:
        events = EventQueue()
        drawing = service.start(draft, Ark.customs, "tester", events.put_nowait)
        narrator = Narrator(Ark(), Ark(), Call("1", str), heartbeat_s=0.02)
        stream = DrawingStream(drawing, events, narrator, {}).body_iterator

        async def step_on() -> None:
            while True:
                events.put_nowait(Step(0, Progress("1", 1, 99, 1.0)))
                await asyncio.sleep(0)

        stepping = asyncio.create_task(step_on())
        async with asyncio.timeout(10):
            data = await anext(aiter(stream))
        stepping.cancel()
        drawing.cancel()
        gate.set()
        return bytes(data)

    service = Service(drawer, embedded_catalog(), FileStore(tmp_path))
    assert asyncio.run(first_bytes()) == HEARTBEAT + b"\n\n"
    service.close()
