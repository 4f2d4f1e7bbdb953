"""What cannot be drawn is refused before any work, and the refusal says what can."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipelines.admission import Footprint, Room, check, measured_room, set_room
from pipelines.catalog import EMBEDDED, StandIn
from pipelines.errors import OutOfMemory, UnsupportedValue
from pipelines.families.base import Abilities
from pipelines.families.embedded import FAMILY
from pipelines.lanes import Lane
from pipelines.memory import Models
from pipelines.merge import Call, run
from pipelines.types import Bitmap, Size
from tests.pipelines.drawing import SIDE, Books, Watched, drain, engine, request

PROMPT_ONLY = replace(FAMILY, abilities=Abilities())
PICTURE = Bitmap.of(np.zeros((8, 8, 3), np.uint8))
MASK = Bitmap.of(np.zeros((8, 8), np.uint8))


@pytest.mark.parametrize(
    ("changes", "param", "advice"),
    [
        ({"size": Size(4096, 128)}, "size", "sides of 128 to 384 pixels"),
        ({"size": Size(128, 64)}, "size", "sides of 128 to 384 pixels"),
        ({"size": Size(130, 128)}, "size", "multiples of 16 pixels"),
        ({"steps": 51}, "steps", "1 to 50"),
        ({"steps": 0}, "steps", "1 to 50"),
        ({"references": (PICTURE,)}, "image", "from a prompt alone"),
        ({"mask": MASK}, "mask", "leave it out"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_a_family_does_not_draw_is_refused_with_the_limit_named(
    changes: dict[str, Any], param: str, advice: str
) -> None:
    with pytest.raises(UnsupportedValue, match=advice) as refusal:
        check(request("a", **changes), PROMPT_ONLY, Room())
    assert refusal.value.param == param


def test_more_references_than_a_family_begins_from_are_refused_with_their_number() -> None:
    able = replace(FAMILY, abilities=Abilities(references=1, mask=True))
    check(request("a", references=(PICTURE,), mask=MASK), able, Room())
    with pytest.raises(UnsupportedValue, match=r"2 pictures .* at most 1"):
        check(request("a", references=(PICTURE, PICTURE)), able, Room())


def test_a_picture_beyond_the_operators_limit_is_refused_with_the_largest_that_fits() -> None:
    check(request("a", size=Size(192, 192)), FAMILY, set_room(0.04))
    with pytest.raises(UnsupportedValue, match=r"0\.04 megapixels: ask for 192x192 or less"):
        check(request("a", size=Size(384, 384)), FAMILY, set_room(0.04))


def test_where_not_even_the_smallest_fits_the_refusal_says_so() -> None:
    with pytest.raises(UnsupportedValue, match="no size of this shape fits"):
        check(request("a", size=Size(384, 384)), FAMILY, set_room(0.004))


def test_what_a_step_takes_is_a_line_through_what_was_measured() -> None:
    footprint = Footprint.measured([(200.0, 3000), (100.0, 2000)])
    assert footprint == Footprint(1000.0, 10.0)
    assert footprint.tokens_within(2500.0) == 150.0


def test_memory_that_was_measured_at_one_size_is_taken_to_grow_with_it() -> None:
    assert Footprint.measured([(100.0, 2000)]) == Footprint(0.0, 20.0)
    assert Footprint.measured([(100.0, 2000), (200.0, 2000)]) == Footprint(0.0, 10.0)


def test_where_memory_cannot_be_measured_nothing_is_refused_for_it() -> None:
    assert Footprint.measured([]) is None
    assert measured_room(None, 2**30) == Room()
    assert measured_room(Footprint(0.0, 1.0), None) == Room()


def test_a_step_beyond_the_free_memory_is_refused_with_the_memory_named() -> None:
    room = measured_room(Footprint(0.0, 2.0**20), 256 * 2**20)
    check(request("a", size=Size(256, 256)), FAMILY, room)
    with pytest.raises(UnsupportedValue, match=r"0\.2 GiB beside the weights: ask for 256x256"):
        check(request("a", size=Size(272, 272)), FAMILY, room)


def test_pictures_that_a_model_looks_at_take_their_room_too() -> None:
    abilities = Abilities(references=2, tokens_per_reference=128.0, enlarges_references=True)
    looking = replace(FAMILY, abilities=abilities)
    room = Room(256.0, "of a small device")
    check(request("a", size=Size(256, 256)), looking, room)
    with pytest.raises(
        UnsupportedValue, match=r"256x256 from 1 picture\(s\) .* ask for 176x176 or less"
    ):
        check(request("a", size=Size(256, 256), references=(PICTURE,)), looking, room)
    with pytest.raises(UnsupportedValue, match="no size of this shape fits"):
        check(request("a", size=Size(256, 256), references=(PICTURE, PICTURE)), looking, room)


def test_a_reference_takes_its_own_tokens_up_to_the_most_that_a_model_looks_at() -> None:
    abilities = Abilities(references=2, tokens_per_reference=32.0)
    small, large = (Bitmap.of(np.zeros((side, 16, 3), np.uint8)) for side in (16, 4096))
    wanted = request("a", size=Size(64, 64), references=(small, large))
    assert abilities.step_tokens(wanted) == 16 + 1 + 32


def test_a_refused_request_makes_no_work_for_the_device(models: Models) -> None:
    books, watched = Books(), Watched()
    drawing = engine(models, books, watched)
    with pytest.raises(UnsupportedValue):
        drawing.submit(request("a", steps=1000))
    assert drawing.idle
    assert not drawing.step()
    assert not watched.shared


class SmallDevice:
    """A runner on a device whose memory takes a denoiser forward of one small picture."""

    def __init__(self) -> None:
        self.tries = 0

    def __call__(self, calls: Sequence[Call]) -> list[Any]:
        if calls[0].lane is Lane.DENOISE:
            self.tries += 1
            if calls[0].arguments["sample"].shape[-1] > SIDE // 16:
                raise torch.OutOfMemoryError("no room")
        return run(calls)


def test_a_size_that_did_not_fit_is_refused_from_then_on_before_any_work(models: Models) -> None:
    books, device = Books(), SmallDevice()
    own = Models(torch.device("cpu"))
    shared = models.get(EMBEDDED.name)
    own.add(EMBEDDED, shared.family, shared.pipe)
    drawing = engine(own, books, device)
    drawing.submit(request("large", size=Size(256, 256)))
    drain(drawing)
    assert isinstance(books.errors["large"], OutOfMemory)

    tries = device.tries
    with pytest.raises(UnsupportedValue, match="one of 256x256 did not fit its memory"):
        drawing.submit(request("again", size=Size(256, 256)))
    assert device.tries == tries

    drawing.submit(request("small"))
    drain(drawing)
    assert "small" in books.pictures


def test_a_model_that_is_not_here_yet_refuses_before_it_is_loaded(tmp_path: Path) -> None:
    models = Models(torch.device("cpu"), room=set_room(0.04))
    models.know(StandIn("later", EMBEDDED.family, tmp_path, EMBEDDED.licence))
    with pytest.raises(UnsupportedValue, match="megapixels"):
        models.check(request("a", model="later", size=Size(256, 256)))
