"""The styles: each does to a picture what its name promises, and no other style does it so."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from pipelines.embedded.canvas import Frame
from pipelines.embedded.render import render
from pipelines.embedded.styles import STYLES as DRAWN
from pipelines.embedded.world import STYLES, Scene, Thing
from pipelines.types import Pixels

CAT = Scene(seed=3, things=(Thing("cat", "orange"),), setting="street", setting_colour=None)
FRAME = Frame(160, 144)


@pytest.fixture(scope="module")
def pictures() -> dict[str, Pixels]:
    return {style: render(replace(CAT, style=style), FRAME) for style in DRAWN}


def apart(a: Pixels, b: Pixels) -> float:
    return float(np.abs(a.astype(float) - b).mean())


def vivid(picture: Pixels) -> float:
    """How far from grey a picture is."""
    return float(np.ptp(picture.astype(int), axis=2).mean())


def crisp(picture: Pixels) -> float:
    """How much neighbouring pixels differ."""
    return float(np.abs(np.diff(picture.astype(int), axis=1)).mean())


def test_every_style_of_the_grammar_is_drawn() -> None:
    assert set(DRAWN) == set(STYLES)


def test_every_style_looks_its_own(pictures: dict[str, Pixels]) -> None:
    unlike = {pair: apart(*map(pictures.__getitem__, pair)) for pair in combinations(pictures, 2)}
    assert min(unlike.values()) > 6, sorted(unlike.items(), key=lambda pair: pair[1])[:3]


@pytest.mark.parametrize("style", DRAWN)
def test_a_style_changes_no_size_and_draws_by_the_seed_alone(style: str) -> None:
    for frame in (Frame(64, 96), Frame(96, 64)):
        picture = render(replace(CAT, style=style), frame)
        assert picture.shape == (frame.height, frame.width, 3)
        assert np.array_equal(picture, render(replace(CAT, style=style), frame))


@pytest.mark.parametrize("style", DRAWN)
@pytest.mark.parametrize("vista", ["city", "landscape"])
def test_every_style_can_draw_what_has_no_colour_of_its_own(style: str, vista: str) -> None:
    scene = replace(CAT, things=(Thing(vista, None),), setting="night", style=style)
    assert render(scene, Frame(64, 64)).std() > 8


def test_pixel_art_is_of_fat_squares_in_few_colours(pictures: dict[str, Pixels]) -> None:
    def steps(picture: Pixels) -> int:
        """In how many columns anything changes."""
        return int(np.abs(np.diff(picture.astype(int), axis=1)).any(axis=(0, 2)).sum())

    assert steps(pictures["pixel"]) < 55 < 110 < steps(pictures["flat"])
    assert set(np.unique(pictures["pixel"])) <= {*range(0, 256, 36), 255}


def test_neon_is_dark_and_its_subject_glows(pictures: dict[str, Pixels]) -> None:
    assert pictures["neon"].mean() < 0.75 * pictures["flat"].mean()
    assert vivid(pictures["neon"][40:110, 60:100]) > 1.2 * vivid(pictures["neon"])


def test_an_ink_wash_is_almost_without_colour_and_a_pencil_drawing_pale(
    pictures: dict[str, Pixels],
) -> None:
    assert vivid(pictures["ink"]) < 0.7 * vivid(pictures["flat"])
    assert vivid(pictures["pencil"]) < 0.7 * vivid(pictures["flat"])
    assert pictures["pencil"].mean() > 1.1 * pictures["flat"].mean()


@pytest.mark.parametrize("style", ["watercolour", "ink"])
def test_a_wash_leaves_bare_paper_at_the_rim(style: str, pictures: dict[str, Pixels]) -> None:
    rim = np.concatenate([pictures[style][:4].reshape(-1, 3), pictures[style][-4:].reshape(-1, 3)])
    assert rim.mean() > 200 > pictures["flat"][-4:].mean() + 60


def test_thick_paint_swirls_in_strokes(pictures: dict[str, Pixels]) -> None:
    sky = np.s_[:40]
    assert crisp(pictures["impasto"][sky]) > 2 * crisp(pictures["flat"][sky])


def test_at_night_stars_glow_in_the_whorls() -> None:
    night = replace(CAT, setting="night", things=(Thing("town", None),), style="impasto")
    sky = render(night, FRAME)[:60].astype(int)
    golden = (sky[..., 0] > 190) & (sky[..., 2] < 190)
    assert golden.mean() > 0.03


def test_a_photo_blurs_what_is_behind_the_subject_only(pictures: dict[str, Pixels]) -> None:
    rim, subject = np.s_[:, :24], np.s_[40:110, 60:100]
    assert crisp(pictures["photo"][rim]) < 0.7 * crisp(pictures["flat"][rim])
    assert crisp(pictures["photo"][subject]) > 0.6 * crisp(pictures["flat"][subject])


def test_the_fisheye_has_a_round_black_frame_and_swells_the_middle() -> None:
    face = replace(
        CAT, things=(Thing("circle", "orange"),), setting="plain", setting_colour="white"
    )
    bent, straight = (render(replace(face, style=style)) for style in ("fisheye", "flat"))
    corners = bent[np.ix_([0, 12, -13, -1], [0, 12, -13, -1])]
    assert corners.max() < 30 < straight[:12, :12].min()

    def orange(picture: Pixels) -> float:
        return float((picture[..., 0].astype(int) - picture[..., 2] > 120).mean())

    assert orange(bent) > 1.1 * orange(straight)
