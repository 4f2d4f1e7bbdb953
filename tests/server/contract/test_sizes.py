"""Which word for a size means how many pixels."""

import pytest

from pipelines.errors import UnsupportedValue
from pipelines.types import Size
from server.contract.named_models import MODELS
from server.contract.sizes import EDIT_SIZES, aspect_in

M4 = "doubao-seedream-4-0-250828"
SEEDEDIT = "doubao-seededit-3-0-i2i-250628"
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
        ("a cat", None),
        ("16:9", (16, 9)),
        ("ratio 3 : 4 please", (3, 4)),
        ("the clock says 12:30:16", None),
        ("the clock says 7:45, format 21:9", (21, 9)),
        ("a portrait of a king", None),
        ("横屏壁纸", (4, 3)),
    ],
)
def test_only_plain_words_choose_an_aspect(prompt: str, aspect: tuple[int, int] | None) -> None:
    assert aspect_in(prompt) == aspect


@pytest.mark.parametrize(
    ("model", "said", "prompt", "reference", "size"),
    [
        (M4, None, "", Size(300, 200), Size(2496, 1664)),
        (M4, "adaptive", "16:9", Size(200, 300), Size(1664, 2496)),
        (M4, "4K", "", Size(200, 150), Size(4704, 3520)),
        (M4, "4K", "16:9", Size(200, 150), Size(5504, 3040)),
        (M4, "1024x1024", "", Size(300, 200), Size(1024, 1024)),
        (M5_PRO, None, "", Size(1700, 1000), Size(2816, 1584)),
        (SEEDEDIT, None, "", Size(100, 300), Size(512, 1536)),
        (SEEDEDIT, "adaptive", "", Size(100, 100), Size(1024, 1024)),
        (SEEDEDIT, None, "", Size(300, 100), Size(1536, 512)),
        ("gpt-image-1", "auto", "", Size(1000, 900), Size(1024, 1024)),
        ("gpt-image-2", None, "", Size(1000, 500), Size(1536, 1024)),
        ("dall-e-2", None, "", Size(256, 256), Size(1024, 1024)),
        ("seedbed", None, "", Size(1000, 700), Size(1000, 700)),
        ("seedbed", "auto", "", Size(6000, 3000), Size(4096, 2048)),
        ("seedbed", "auto", "", Size(15, 240), Size(64, 1024)),
    ],
)
def test_a_size_left_open_follows_the_first_reference(
    model: str, said: str | None, prompt: str, reference: Size, size: Size
) -> None:
    assert MODELS[model].sizes.choose(said, prompt, reference) == size


def test_the_sizes_of_edits_go_from_tall_to_wide_at_about_a_megapixel() -> None:
    aspects = [size.width / size.height for size in EDIT_SIZES]
    assert aspects == sorted(aspects)
    assert all(size.width % 32 == 0 and size.height % 32 == 0 for size in EDIT_SIZES)
    assert all(0.7 < size.pixels / 1024**2 < 1.1 for size in EDIT_SIZES)


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
