"""The renderer: the same scene is the same picture, in every frame, with all in its place."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from pipelines.embedded.canvas import Frame
from pipelines.embedded.frames import FRAMES
from pipelines.embedded.pixel_rules import Piece, pieces
from pipelines.embedded.render import render
from pipelines.embedded.world import POSITIONS, SHAPES, Scene, Thing, scene_from_seed
from pipelines.types import Pixels

CAT = Scene(seed=3, things=(Thing("cat", "orange"),), setting="meadow", setting_colour=None)
BALL = Scene(seed=3, things=(Thing("circle", "red"),))
SMALL = Frame(128, 128)
SMALL_FRAMES = [Frame(frame.width // 2, frame.height // 2) for frame in FRAMES]


def apart(a: Pixels, b: Pixels) -> float:
    return float(np.abs(a.astype(float) - b).mean())


def test_a_scene_is_always_the_same_picture() -> None:
    for seed in range(40):
        scene = scene_from_seed(seed)
        assert np.array_equal(render(scene, SMALL), render(scene_from_seed(seed), SMALL))


def test_another_seed_is_another_picture() -> None:
    pictures = [render(replace(CAT, seed=seed), SMALL) for seed in range(6)]
    assert min(apart(one, other) for one, other in pairwise(pictures)) > 1


@pytest.mark.parametrize("frame", FRAMES)
def test_every_frame_is_drawn_in_its_size_and_filled(frame: Frame) -> None:
    picture = render(CAT, frame)
    assert picture.shape == (frame.height, frame.width, 3)
    assert picture.dtype == np.uint8
    bands = [*np.array_split(picture, 4, axis=0), *np.array_split(picture, 4, axis=1)]
    assert min(float(band.std((0, 1)).max()) for band in bands) > 4


@pytest.mark.parametrize("frame", FRAMES)
def test_a_circle_is_round_in_every_frame(frame: Frame) -> None:
    red = render(BALL, frame).astype(int)
    rows, columns = np.nonzero(red[..., 0] - red[..., 2] > 100)
    assert np.ptp(rows) == pytest.approx(np.ptp(columns), rel=0.03)
    assert rows.mean() / frame.height == pytest.approx(0.5, abs=0.07)
    assert columns.mean() / frame.width == pytest.approx(0.5, abs=0.07)


@pytest.mark.parametrize("frame", SMALL_FRAMES)
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_as_many_are_drawn_as_are_counted(count: int, frame: Frame) -> None:
    assert len(pieces(render(replace(BALL, seed=frame.width, count=count), frame))) == count


@pytest.mark.parametrize("frame", SMALL_FRAMES)
@pytest.mark.parametrize("position", POSITIONS)
def test_a_thing_stands_where_the_scene_says(position: str, frame: Frame) -> None:
    (ball,) = pieces(render(replace(BALL, seed=frame.width, position=position), frame))
    sides = {
        "left": ball.x < 0.4,
        "right": ball.x > 0.6,
        "top": ball.y < 0.4,
        "bottom": ball.y > 0.6,
    }
    assert [side for side, there in sides.items() if there] == [position] * (position != "centre")


@pytest.mark.parametrize("frame", SMALL_FRAMES)
@pytest.mark.parametrize("relation", ["above", "beside"])
def test_two_things_stand_as_their_relation_says(relation: str, frame: Frame) -> None:
    things = (Thing("circle", "red"), Thing("square", "blue"))
    found = pieces(render(Scene(frame.width, things, relation=relation), frame))
    by_colour: dict[str, Piece] = {piece.colour: piece for piece in found}
    red, blue = by_colour["red"], by_colour["blue"]
    across, down = blue.x - red.x, blue.y - red.y
    assert (down > 0.2 > abs(across)) if relation == "above" else (across > 0.2 > abs(down))


@pytest.mark.parametrize("subject", ["cat", "horse", "train", "girl"])
def test_things_look_both_ways(subject: str) -> None:
    scenes = [replace(BALL, seed=seed, things=(Thing(subject, "blue"),)) for seed in range(8)]
    left = 0
    for picture in (render(scene, SMALL).astype(float) for scene in scenes):
        there = np.abs(picture - picture[0, 0]).sum(-1)
        across = there.sum(0).cumsum() / there.sum()
        middle = np.flatnonzero(there.sum(0))
        left += across[(middle[0] + middle[-1]) // 2] > 0.5
    assert 0 < left < 8


def test_every_shape_is_filled_with_its_colour() -> None:
    for shape in SHAPES:
        (found,) = pieces(render(replace(BALL, things=(Thing(shape, "green"),)), SMALL))
        assert found.colour == "green"
        assert found.area > 0.08
