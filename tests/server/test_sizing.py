"""What is drawn for a size, and how it becomes that size."""

import re
from pathlib import Path

import pytest

from pipelines.companions import Companions, Upscaler
from pipelines.errors import UnsupportedValue
from pipelines.families import family
from pipelines.types import Size
from server.sizing import SizePlan, SizePolicy

TWICE = Upscaler("realesrgan-x2plus", Path("x2"), 2)
FOUR_TIMES = Upscaler("realesrgan-x4plus", Path("x4"), 4)
BOTH = Companions((TWICE, FOUR_TIMES))


def plan(drawer: str, width: int, height: int, policy: SizePolicy | None = None) -> SizePlan:
    return (policy or SizePolicy()).plan(family(drawer), Size(width, height))


def test_a_size_on_the_grid_is_drawn_as_it_is() -> None:
    assert plan("z_image", 1280, 720) == SizePlan(Size(1280, 720), Size(1280, 720), "none")


@pytest.mark.parametrize(("width", "height"), [(1001, 1001), (1015, 1016), (1000, 1016)])
def test_a_size_off_the_grid_is_drawn_larger_and_cut(width: int, height: int) -> None:
    made = plan("z_image", width, height)
    assert made.resample == "crop"
    assert 0 <= made.native.width - width <= 15
    assert 0 <= made.native.height - height <= 15


@pytest.mark.parametrize(
    ("companions", "said"),
    [
        (Companions(), "lanczos"),
        (Companions((FOUR_TIMES,)), "realesrgan-x4plus"),
        (BOTH, "realesrgan-x4plus"),
    ],
)
def test_a_larger_one_is_drawn_as_large_as_the_model_draws_best(
    companions: Companions, said: str
) -> None:
    made = plan("z_image", 4096, 4096, SizePolicy(companions=companions))
    native = family("z_image").native_size(Size(4096, 4096))
    assert (made.native, made.size, made.said) == (native, Size(4096, 4096), said)


def test_the_network_of_the_smallest_sufficient_step_enlarges() -> None:
    assert plan("z_image", 2560, 1440, SizePolicy(companions=BOTH)).upscaler == TWICE.name


def test_for_a_little_more_no_network_is_asked() -> None:
    made = plan("embedded", 280, 280, SizePolicy(companions=BOTH))
    assert (made.native, made.said) == (Size(256, 256), "lanczos")


def test_a_smaller_one_is_drawn_at_the_least_and_averaged() -> None:
    made = plan("z_image", 256, 256)
    assert min(made.native.width, made.native.height) >= 512
    assert made.said == "area"


def test_where_enlarging_is_denied_a_larger_size_is_refused_with_the_largest_there_is() -> None:
    deny = SizePolicy("deny", BOTH)
    largest = family("z_image").native_size(Size(4096, 2304))
    with pytest.raises(UnsupportedValue, match=re.escape(f"is '{largest}'")) as caught:
        plan("z_image", 4096, 2304, deny)
    assert caught.value.param == "size"
    assert plan("z_image", largest.width, largest.height, deny).resample == "none"
    assert plan("z_image", 256, 256, deny).resample == "area"
    assert plan("z_image", 1001, 1001, deny).resample == "crop"


def test_a_shape_that_would_lose_most_of_what_is_drawn_is_refused() -> None:
    with pytest.raises(UnsupportedValue, match="would lose more than half"):
        plan("embedded", 1600, 100)
