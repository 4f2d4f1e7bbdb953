"""On a transparent picture the label is readable whatever page it comes to lie on."""

import numpy as np
import pytest

from pipelines.label.label import Label, draw_label
from pipelines.label.style import Style
from pipelines.types import Pixels
from tests.pipelines.label.grounds import GROUNDS, SIDE, changed_box, contrast, noise
from tests.pipelines.label.test_label import STYLES, around, strokes

PAGES = {"white": 255, "black": 0, "grey": 128}


def on_page(picture: Pixels, grey: int) -> Pixels:
    share = picture[..., 3:].astype(float) / 255
    return np.rint(share * picture[..., :3] + (1 - share) * grey).astype(np.uint8)


def with_alpha(pixels: Pixels, alpha: Pixels | int) -> Pixels:
    plane = np.broadcast_to(np.asarray(alpha, np.uint8), pixels.shape[:2])
    return np.dstack([pixels, plane])


CUT = {
    "clear": with_alpha(GROUNDS["red"], 0),
    "half clear": with_alpha(GROUNDS["yellow"], 128),
    "in part": with_alpha(
        GROUNDS["blue"], np.repeat([[0], [255]], SIDE // 2, axis=0).reshape(SIDE, 1)[::-1]
    ),
    "ragged": with_alpha(GROUNDS["colours"], noise(SIDE, SIDE)[..., 0]),
}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
@pytest.mark.parametrize("picture", CUT.values(), ids=CUT)
@pytest.mark.parametrize("style", STYLES)
def test_the_ink_contrasts_on_every_page(picture: Pixels, page: int, style: Style) -> None:
    label = Label(style=style)
    seen = on_page(draw_label(picture, label), page)
    covered = strokes(label)
    ink = seen[covered == 255]
    assert (ink == ink[0]).all()
    assert contrast(seen[around(covered)].astype(float), ink[0].astype(float)).min() >= 4.5


def test_nothing_becomes_more_transparent_and_letters_become_opaque() -> None:
    for picture in CUT.values():
        after = draw_label(picture, Label())
        assert (after[..., 3] >= picture[..., 3]).all()
        assert (after[strokes(Label()) == 255, 3] == 255).all()


def test_hidden_colours_stay_hidden() -> None:
    picture = CUT["clear"]
    after = draw_label(picture, Label())
    rows, columns = changed_box(picture, after)
    seen = on_page(after, 255)[rows, columns].astype(int)
    assert (np.ptp(seen, axis=2) <= 1).all(), "no red of what is invisible"


def test_an_opaque_picture_with_alpha_looks_as_without() -> None:
    for ground in GROUNDS.values():
        opaque = draw_label(with_alpha(ground, 255), Label())
        assert (opaque[..., 3] == 255).all()
        difference = opaque[..., :3].astype(int) - draw_label(ground, Label())
        assert np.abs(difference).max() <= 1
