"""The pixel rules: right on true renders, and able to say no."""

import numpy as np
import pytest

from pipelines.embedded.pixel_rules import Grounds, colour_of
from pipelines.embedded.render import render
from pipelines.embedded.world import COLOURS, Scene, scene_from_seed
from pipelines.types import Pixels

Case = tuple[Scene, Pixels]


def cases(first: int, count: int) -> list[Case]:
    scenes = (scene_from_seed(first + n) for n in range(count))
    return [(scene, render(scene)) for scene in scenes if scene.relation is None]


@pytest.fixture(scope="module")
def references() -> list[Case]:
    return cases(1_000, 330)


@pytest.fixture(scope="module")
def grounds(references: list[Case]) -> Grounds:
    return Grounds.learn(
        [picture for _, picture in references],
        [(scene.ground, scene.ground_colour) for scene, _ in references],
    )


def test_the_colour_of_true_renders_is_read_right(references: list[Case]) -> None:
    coloured = [(s.main.colour, picture) for s, picture in references[:90] if s.main.colour]
    assert np.mean([colour_of(picture) == colour for colour, picture in coloured]) > 0.85


def test_a_wrongly_labelled_render_is_read_wrong(references: list[Case]) -> None:
    coloured = [(s.main.colour, picture) for s, picture in references[:40] if s.main.colour]
    shifted = [COLOURS[(COLOURS.index(colour) + 3) % len(COLOURS)] for colour, _ in coloured]
    hits = [colour_of(p) == c for c, (_, p) in zip(shifted, coloured, strict=True)]
    assert np.mean(hits) < 0.15


def test_the_ground_of_new_renders_is_read_right(grounds: Grounds) -> None:
    fresh = cases(50_000, 90)
    read = [(grounds.of(picture), scene) for scene, picture in fresh]
    assert np.mean([name == scene.ground for (name, _), scene in read]) > 0.85


def test_a_wrong_ground_is_not_found(grounds: Grounds) -> None:
    night = [picture for scene, picture in cases(60_000, 60) if scene.ground == "night"]
    assert night
    assert not any(grounds.of(picture)[0] in {"snow", "meadow", "sea"} for picture in night)
