"""What is half transparent keeps no trace of its old background."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.post.edges import own_colours
from pipelines.types import Pixels

RED, BLUE, GREY = (200, 30, 40), (30, 60, 190), (205, 205, 205)


def soft_disc(side: int, softness: float) -> NDArray[np.uint8]:
    """Opacity of a disc whose edge is some pixels wide."""
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    distance = np.hypot(rows, columns) - 0.3 * side
    return np.rint(np.clip(0.5 - distance / softness, 0, 1) * 255).astype(np.uint8)


def over_grey(subject: Pixels, opacity: NDArray[np.uint8]) -> Pixels:
    share = opacity[..., None] / 255
    return np.rint(subject * share + np.array(GREY) * (1 - share)).astype(np.uint8)


def two_colours(side: int) -> Pixels:
    subject = np.empty((side, side, 3), np.uint8)
    subject[:, : side // 2], subject[:, side // 2 :] = RED, BLUE
    return subject


@pytest.mark.parametrize(("side", "softness"), [(128, 3.0), (1024, 16.0)])
def test_edges_get_the_colour_of_the_subject_beside_them(side: int, softness: float) -> None:
    subject, opacity = two_colours(side), soft_disc(side, softness)
    seen = over_grey(subject, opacity)
    cleaned = own_colours(seen, opacity)
    edge = (opacity > 40) & (opacity < 215)
    edge[:, side // 2 - side // 16 : side // 2 + side // 16] = False  # both colours are near there
    before = np.abs(seen.astype(int) - subject)[edge].mean()
    after = np.abs(cleaned.astype(int) - subject)[edge].mean()
    assert after < before / 4


def test_what_is_wholly_there_or_not_at_all_stays_as_it_is() -> None:
    opacity = soft_disc(96, 4.0)
    seen = over_grey(two_colours(96), opacity)
    kept = (opacity == 0) | (opacity == 255)
    assert np.array_equal(own_colours(seen, opacity)[kept], seen[kept])


def test_a_hard_edge_needs_no_work() -> None:
    seen, opacity = two_colours(32), np.full((32, 32), 255, np.uint8)
    assert own_colours(seen, opacity) is seen
