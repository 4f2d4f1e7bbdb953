"""After which steps a preview is shown."""

import pytest

from server.previews import preview_steps


@pytest.mark.parametrize(
    ("steps", "count", "expected"),
    [
        (16, 0, ()),
        (16, 1, (8,)),
        (16, 2, (5, 11)),
        (16, 3, (4, 8, 12)),
        (4, 3, (1, 2, 3)),
        (2, 3, (1,)),
        (1, 3, ()),
    ],
)
def test_previews_are_spread_evenly(steps: int, count: int, expected: tuple[int, ...]) -> None:
    assert preview_steps(steps, count, every=steps) == expected


@pytest.mark.parametrize(
    ("steps", "every", "expected"), [(8, 3, (3, 6)), (8, 4, (4,)), (8, 8, ()), (8, 99, ())]
)
def test_or_each_so_many_steps(steps: int, every: int, expected: tuple[int, ...]) -> None:
    assert preview_steps(steps, 0, every) == expected
