"""One call on its way, without HTTP: what is told when, and what a preview may not do."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from pipelines.catalog import embedded_catalog
from pipelines.errors import ModelFailure
from server.draft import Customs, Draft
from server.drawing import Drawing, Workshop
from server.events import Drawn, Event, Finished, Previewed, Step
from server.plan import Plan, make_plan
from server.provenance.publishing import Publishing
from server.store.files import FileStore
from tests.server.drawer import Drawer
from tests.server.pictures import pixels

CUSTOMS = Customs(output_format="png", streams_all_models=True)


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    with ThreadPoolExecutor(2) as pictures, ThreadPoolExecutor(1) as previews:
        yield Workshop(FileStore(tmp_path), pictures, previews, Publishing())


def plan(prompt: str, **said: object) -> Plan:
    members = {"size": "64x64", "seed": 5, "response_format": "b64_json", "stream": True, **said}
    draft = Draft(model="seedbed", prompt=prompt, **members)  # type: ignore[arg-type]
    return make_plan(
        draft,
        CUSTOMS,
        embedded_catalog(),
        client="tester",
        gpt_image_url=False,
        random_seed=lambda: 0,
    )


def draw(
    drawer: Drawer,
    workshop: Workshop,
    wanted: Plan,
    hear: Callable[[Event], None] = lambda _: None,
) -> tuple[Drawn, list[Event]]:
    """Draw it to its end, and return what was heard on the way."""
    heard: list[Event] = []

    def listen(event: Event) -> None:
        heard.append(event)
        hear(event)

    async def run() -> Drawn:
        return await Drawing(wanted, drawer, workshop, listen).result()

    return asyncio.run(run()), heard


def previews(heard: list[Event]) -> list[Previewed]:
    return [event for event in heard if isinstance(event, Previewed)]


def test_pictures_are_told_in_their_order(drawer: Drawer, workshop: Workshop) -> None:
    gate = threading.Event()
    drawer.script("the first one is late", gate=gate, gated_seed=5)
    wanted = plan("the first one is late", n=3)
    ready: set[int] = set()

    def open_when_the_others_are_ready(event: Event) -> None:
        if isinstance(event, Step) and event.progress.step == event.progress.steps:
            ready.add(event.index)
        if ready >= {1, 2}:
            gate.set()

    drawn, heard = draw(drawer, workshop, wanted, open_when_the_others_are_ready)
    assert [event.index for event in heard if isinstance(event, Finished)] == [0, 1, 2]
    assert [picture.index for picture in drawn.pictures] == [0, 1, 2]


def test_previews_are_of_the_size_and_format_that_were_asked_for(
    drawer: Drawer, workshop: Workshop
) -> None:
    gate = threading.Event()
    drawer.script("shown thrice", gate=gate, gate_from=-1)
    wanted = plan("shown thrice", previews=3, output_format="webp", size="96x64")

    def open_at_the_last(event: Event) -> None:
        if isinstance(event, Previewed) and event.number == 2:
            gate.set()

    drawn, heard = draw(drawer, workshop, wanted, open_at_the_last)
    shown = previews(heard)
    assert [(event.index, event.number) for event in shown] == [(0, 0), (0, 1), (0, 2)]
    assert {(event.picture.format, str(event.picture.size)) for event in shown} == {
        ("webp", "96x64")
    }
    brightness = [pixels(event.picture.data).mean() for event in shown]
    assert brightness == sorted(brightness)
    assert isinstance(heard[-1], Finished)
    assert drawn.pictures == (heard[-1],)


@pytest.mark.parametrize("watermark", [True, False])
def test_a_preview_is_labelled_where_the_picture_is(
    drawer: Drawer, workshop: Workshop, watermark: bool
) -> None:
    gate = threading.Event()
    drawer.script("labelled early", gate=gate, gate_from=-1)
    wanted = plan("labelled early", previews=1, size="256x256", watermark=watermark)

    def go_on(event: Event) -> None:
        if isinstance(event, Previewed):
            gate.set()

    _, heard = draw(drawer, workshop, wanted, go_on)
    (shown,) = previews(heard)
    assert (np.ptp(pixels(shown.picture.data)) > 0) == watermark


def test_a_preview_never_delays_the_picture(drawer: Drawer, workshop: Workshop) -> None:
    busy = threading.Event()
    workshop.previews.submit(busy.wait, 20)
    drawn, heard = draw(drawer, workshop, plan("nobody has time for previews", previews=3))
    busy.set()
    assert len(drawn.pictures) == 1
    assert previews(heard) == []


def test_a_late_preview_does_not_follow_its_picture(drawer: Drawer, workshop: Workshop) -> None:
    busy, gate = threading.Event(), threading.Event()
    workshop.previews.submit(busy.wait, 20)
    drawer.script("the second is late", gate=gate, gated_seed=6, gate_from=-1)
    wanted = plan("the second is late", previews=3, n=2)

    def let_previews_come_after_the_first_picture(event: Event) -> None:
        if isinstance(event, Finished):
            busy.set()
        if isinstance(event, Previewed) and event.number == 2:
            gate.set()

    _, heard = draw(drawer, workshop, wanted, let_previews_come_after_the_first_picture)
    assert [(event.index, event.number) for event in previews(heard)] == [(1, 0), (1, 1), (1, 2)]


def test_a_drawing_that_began_again_repeats_no_preview(drawer: Drawer, workshop: Workshop) -> None:
    gate = threading.Event()
    drawer.script("drawn twice", died_after=12, gate=gate, gate_from=-1)
    seen: list[Event] = []

    def steps() -> list[int]:
        return [event.progress.step for event in seen if isinstance(event, Step)]

    def open_at_the_end(event: Event) -> None:
        seen.append(event)
        if steps()[-1] == 15 and len(previews(seen)) >= 3:
            gate.set()

    draw(drawer, workshop, plan("drawn twice", previews=3), open_at_the_end)
    assert steps().count(4) == 2
    assert [event.number for event in previews(seen)] == [0, 1, 2]


def test_a_preview_that_cannot_be_made_is_logged_and_the_picture_comes(
    drawer: Drawer, workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    workshop.previews.shutdown()
    drawn, heard = draw(drawer, workshop, plan("no previews today", previews=1))
    assert len(drawn.pictures) == 1
    assert previews(heard) == []
    assert "a preview of" in caplog.text


def test_what_belongs_together_fails_together(drawer: Drawer, workshop: Workshop) -> None:
    drawer.script("one of three breaks", fail_at={6: ModelFailure("NaN in the latents")})
    with pytest.raises(ModelFailure):
        draw(drawer, workshop, plan("one of three breaks", n=3))
