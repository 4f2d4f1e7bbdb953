"""Which word for a size means how many pixels."""

import pytest

from pipelines.errors import UnsupportedValue
from pipelines.types import Size
from server.named_models import MODELS
from server.sizes import aspect_in

M4 = "doubao-seedream-4-0-250828"
M5_PRO = "doubao-seedream-5-0-pro-260628"


@pytest.mark.parametrize(
    ("model", "said", "prompt", "size"),
    [
        (M4, "1K", "a cat", Size(1024, 1024)),
        (M4, "2k", "a cat", Size(2048, 2048)),
        (M4, "4K", "海报 16：9", Size(5504, 3040)),
        (M4, "2K", "竖版海报", Size(1728, 2304)),
        (M4, "2K", "a 9:16 phone wallpaper", Size(1600, 2848)),
        (M4, "1600x600", "a cat", Size(1600, 600)),
        (M4, "ADAPTIVE", "16:9", Size(2048, 2048)),
        (M5_PRO, "1.5K", "a cat, 3:2", Size(1872, 1248)),
        (M5_PRO, "2K", "16:9", Size(2816, 1584)),
        (M5_PRO, "2K", "3:2 has no pixels there", Size(2048, 2048)),
        ("doubao-seedream-4-5-251128", "3750x1250", "", Size(3750, 1250)),
        ("gpt-image-2", "1536x864", "", Size(1536, 864)),
        ("seedbed", "64x4096", "", None),
    ],
)
def test_a_word_becomes_pixels(model: str, said: str, prompt: str, size: Size | None) -> None:
    rule = MODELS[model].sizes
    if size is None:
        with pytest.raises(UnsupportedValue, match="aspect ratio must be within 1:16"):
            rule.choose(said, prompt)
    else:
        assert rule.choose(said, prompt) == size


@pytest.mark.parametrize(
    ("prompt", "aspect"),
    [
        ("a cat", (1, 1)),
        ("16:9", (16, 9)),
        ("ratio 3 : 4 please", (3, 4)),
        ("the clock says 12:30:16", (1, 1)),
        ("the clock says 7:45, format 21:9", (21, 9)),
        ("a portrait of a king", (1, 1)),
        ("横屏壁纸", (4, 3)),
    ],
)
def test_only_plain_words_choose_an_aspect(prompt: str, aspect: tuple[int, int]) -> None:
    assert aspect_in(prompt) == aspect


@pytest.mark.parametrize("name", MODELS)
def test_every_model_has_a_default_it_accepts_itself(name: str) -> None:
    rule = MODELS[name].sizes
    assert rule.choose(None, "") == rule.default
    if rule.free is not None:
        assert rule.choose(str(rule.default), "") == rule.default
    elif rule.listed:
        assert rule.default in rule.listed


@pytest.mark.parametrize("name", MODELS)
def test_every_tier_is_within_the_models_own_range(name: str) -> None:
    rule = MODELS[name].sizes
    for tier in rule.tiers.values():
        for (wide, high), size in tier.items():
            assert rule.free is not None
            assert size.pixels <= rule.free.max_pixels * 1.03
            assert abs(size.width / size.height - wide / high) < 0.06


@pytest.mark.parametrize(
    "said", ["0x0", "01024x1024", "1024X1024", "1024x", "１０２４x1024", " 1K", ""]
)
def test_what_is_no_size_is_refused_with_the_choices(said: str) -> None:
    with pytest.raises(UnsupportedValue, match="'1K', '2K', '4K', 'adaptive', 'auto'") as caught:
        MODELS[M4].sizes.choose(said, "")
    assert caught.value.param == "size"
