"""The subjects: each draws something of its own, in its box and in the colour that is asked for."""

import random
from colorsys import rgb_to_hsv
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.embedded.canvas import Frame, Rgba, pixels, surface
from pipelines.embedded.palette import PALETTE
from pipelines.embedded.pixel_rules import colour_of
from pipelines.embedded.render import render
from pipelines.embedded.subjects import THINGS
from pipelines.embedded.world import COLOURS, Scene, Thing

SMALL = Frame(128, 128)


def drawn(subject: str, colour: str = "blue", chance: int = 0) -> Rgba:
    """The subject alone, its box half as wide as the picture."""
    made, canvas = surface(SMALL)
    canvas.translate(0.5, 0.5)
    canvas.scale(0.5, 0.5)
    THINGS[subject](canvas, PALETTE[colour], random.Random(chance))
    return pixels(made)


def shape(picture: Rgba) -> NDArray[np.bool_]:
    return picture[..., 3] > 128


@pytest.mark.parametrize("subject", THINGS)
def test_a_subject_draws_something_and_stays_in_its_box(subject: str) -> None:
    for chance in range(4):
        there = shape(drawn(subject, chance=chance))
        rows, columns = np.nonzero(there)
        assert there.mean() > 0.15 / 4, "of its box, which is a quarter of the picture"
        assert min(np.ptp(rows), np.ptp(columns)) > 0.3 * 64, "a speck or a line"
        assert min(rows.min(), columns.min()) >= 24, "a sixteenth may stand out"
        assert max(rows.max(), columns.max()) < 104


def test_every_subject_looks_its_own() -> None:
    grey = {subject: drawn(subject).astype(float) for subject in THINGS}
    unlike = {
        (one, other): np.abs(grey[one] - grey[other]).mean() for one, other in combinations(grey, 2)
    }
    assert min(unlike.values()) > 2, sorted(unlike.items(), key=lambda pair: pair[1])[:4]
    assert np.abs(grey["cat"] - drawn("cat")).mean() == 0


@pytest.mark.parametrize("subject", THINGS)
def test_a_subject_is_mostly_of_its_colour(subject: str) -> None:
    wrong = []
    for colour in COLOURS[list(THINGS).index(subject) % 3 :: 3]:
        ground = "white" if colour != "white" else "black"
        scene = Scene(5, (Thing(subject, colour),), setting_colour=ground)
        if (read := colour_of(render(scene, SMALL))) != colour:
            wrong.append((colour, read))
    assert len(wrong) <= 1, wrong


@pytest.mark.parametrize(
    ("colour", "hue"),
    [("red", 0), ("orange", 30), ("yellow", 50), ("green", 130), ("turquoise", 178), ("blue", 222),
     ("purple", 275), ("pink", 337), ("brown", 25)],
)  # fmt: skip
def test_a_colour_is_of_the_hue_its_name_says(colour: str, hue: int) -> None:
    turn, saturation, _ = rgb_to_hsv(*(value / 255 for value in PALETTE[colour]))
    assert abs((turn * 360 - hue + 180) % 360 - 180) < 12
    assert saturation > 0.4


def test_black_grey_and_white_have_no_hue_and_brown_is_a_dark_orange() -> None:
    greys = [PALETTE[colour] for colour in ("black", "grey", "white")]
    assert all(max(grey) - min(grey) < 16 for grey in greys)
    assert [sum(grey) / 3 for grey in greys] == pytest.approx([36, 146, 246], abs=12)
    assert sum(PALETTE["brown"]) < 0.7 * sum(PALETTE["orange"])
    assert set(PALETTE) == set(COLOURS)
