"""The renderer: the same scene is the same picture, and every word of the grammar looks its own."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from pipelines.embedded.pixel_rules import colour_of
from pipelines.embedded.render import render
from pipelines.embedded.styles import fisheye
from pipelines.embedded.world import (
    COLOURS,
    GROUNDS,
    NATURAL_COLOURS,
    SHAPES,
    STYLES,
    THINGS,
    VISTAS,
    Scene,
    Thing,
    scene_from_seed,
)
from pipelines.types import Pixels

CAT = Scene(seed=3, things=(Thing("cat", "orange"),), ground="meadow", ground_colour=None)


def apart(a: Pixels, b: Pixels) -> float:
    return float(np.abs(a.astype(float) - b).mean())


def test_a_scene_is_always_the_same_picture() -> None:
    for seed in range(12):
        assert np.array_equal(render(scene_from_seed(seed)), render(scene_from_seed(seed)))


def test_another_seed_is_another_picture() -> None:
    assert apart(render(CAT), render(replace(CAT, seed=4))) > 1


def test_every_subject_looks_its_own() -> None:
    things = [Thing(subject, "blue") for subject in SHAPES + THINGS]
    pictures = [render(Scene(1, (thing,))) for thing in things]
    pictures += [render(replace(CAT, things=(Thing(vista, None),))) for vista in VISTAS]
    assert min(apart(a, b) for a, b in combinations(pictures, 2)) > 2


def test_every_ground_looks_its_own() -> None:
    grounds = [(ground, "grey" if ground == "plain" else None) for ground in GROUNDS]
    pictures = [render(replace(CAT, ground=g, ground_colour=c)) for g, c in grounds]
    assert min(apart(a, b) for a, b in combinations(pictures, 2)) > 15


def test_every_style_looks_its_own() -> None:
    pictures = [render(replace(CAT, style=style)) for style in STYLES]
    assert min(apart(a, b) for a, b in combinations(pictures, 2)) > 8


@pytest.mark.parametrize("subject", SHAPES + THINGS)
def test_a_subject_is_mostly_of_its_colour(subject: str) -> None:
    wrong = []
    for colour in COLOURS:
        ground = "white" if colour != "white" else "black"
        read = colour_of(render(Scene(5, (Thing(subject, colour),), ground_colour=ground)))
        if read != colour:
            wrong.append((colour, read))
    assert len(wrong) <= 1, wrong


def test_the_fisheye_leaves_the_corners_dark_and_swells_the_middle() -> None:
    picture = render(replace(CAT, things=(Thing("cat_head", "orange"),), lens="fisheye"))
    assert picture[:8, :8].max() < 30
    assert apart(fisheye(render(CAT).astype(np.float32)).astype(np.uint8), render(CAT)) > 15


def test_two_things_stand_as_their_relation_says() -> None:
    red_and_blue = (Thing("circle", "red"), Thing("square", "blue"))
    for relation, axis in (("vertical", 0), ("horizontal", 1)):
        picture = render(Scene(1, red_and_blue, relation=relation)).astype(int)
        red = np.argwhere(picture[..., 0] - picture[..., 2] > 100).mean(0)
        blue = np.argwhere(picture[..., 2] - picture[..., 0] > 100).mean(0)
        assert red[axis] < blue[axis] - 40


def test_every_natural_colour_is_a_colour() -> None:
    assert {c for natural in NATURAL_COLOURS.values() for c in natural} <= set(COLOURS)


def test_a_picture_can_be_drawn_at_another_size() -> None:
    assert render(CAT, 64).shape == (64, 64, 3)
