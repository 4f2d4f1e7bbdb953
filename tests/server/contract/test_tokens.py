"""Usage figures."""

import pytest

from pipelines.families.base import Quality
from pipelines.types import Size
from server.contract.tokens import gpt_image_tokens, gpt_input_tokens, seedream_tokens, text_tokens


@pytest.mark.parametrize(
    ("quality", "square", "upright", "wide"),
    [("low", 272, 408, 400), ("standard", 1056, 1584, 1568), ("high", 4160, 6240, 6208)],
)
def test_the_published_counts_of_gpt_image_come_out(
    quality: Quality, square: int, upright: int, wide: int
) -> None:
    assert gpt_image_tokens(Size(1024, 1024), quality) == square
    assert gpt_image_tokens(Size(1024, 1536), quality) == upright
    assert gpt_image_tokens(Size(1536, 1024), quality) == wide


def test_seedream_counts_pixels() -> None:
    assert seedream_tokens(Size(2048, 2048), 1) == 16384
    assert seedream_tokens(Size(1600, 600), 2) == 7500


@pytest.mark.parametrize(
    ("prompt", "count"), [("", 1), ("cat", 1), ("a red fox", 3), ("猫" * 4, 3)]
)
def test_a_prompt_is_at_least_one_token(prompt: str, count: int) -> None:
    assert text_tokens(prompt) == count


@pytest.mark.parametrize(
    ("size", "low", "high"),
    [
        (Size(256, 256), 194, 4354),
        (Size(1024, 1024), 194, 4354),
        (Size(1024, 1536), 323, 6563),
        (Size(1536, 1024), 323, 6563),
        (Size(64, 600), 323, 6563),
        (Size(512, 1537), 581, 6821),
    ],
)
def test_a_picture_that_came_in_counts_its_tiles(size: Size, low: int, high: int) -> None:
    assert gpt_input_tokens(size, "low") == low
    assert gpt_input_tokens(size, "high") == high
