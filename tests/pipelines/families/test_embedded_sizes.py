"""What the embedded model draws for the sizes that callers ask for: the frames of its training."""

import pytest

from pipelines.embedded.frames import FRAMES
from pipelines.families.embedded import FAMILY
from pipelines.types import Size

TRAINED = {Size(frame.width, frame.height) for frame in FRAMES}
LYING = {
    "1:1": ["64x64", "256x256", "512x512", "1024x1024", "2048x2048", "4096x4096"],
    "4:3": ["400x300", "1024x768", "1152x864", "2304x1728", "4704x3520"],
    "3:2": ["600x400", "768x512", "1248x832", "1536x1024", "2496x1664", "4992x3328"],
    "16:9": ["640x360", "1280x720", "1792x1024", "2560x1440", "2848x1600", "4096x2304"],
}
DRAWN_IN = {
    "1:1": Size(256, 256),
    "4:3": Size(288, 224),
    "3:2": Size(320, 208),
    "16:9": Size(336, 192),
}


def turned(size: Size) -> Size:
    return Size(size.height, size.width)


@pytest.mark.parametrize(("ratio", "said"), LYING.items())
def test_each_promised_ratio_is_drawn_in_its_frame_lying_and_standing(
    ratio: str, said: list[str]
) -> None:
    frame = DRAWN_IN[ratio]
    for text in said:
        width, height = map(int, text.split("x"))
        assert FAMILY.native_size(Size(width, height)) == frame, text
        assert FAMILY.native_size(Size(height, width)) == turned(frame), text


def test_the_frames_of_the_training_are_all_of_them() -> None:
    lying = set(DRAWN_IN.values())
    assert lying | {turned(frame) for frame in lying} == TRAINED
    assert all(FAMILY.native_size(frame) == frame for frame in TRAINED)


@pytest.mark.parametrize("size", [Size(5504, 3040), Size(3136, 1344), Size(1600, 600)], ids=str)
def test_a_longer_picture_keeps_about_the_area_that_was_trained(size: Size) -> None:
    native = FAMILY.native_size(size)
    assert native not in TRAINED
    assert 0.8 <= native.pixels / (256 * 256) <= 1.05
    assert native.width / native.height == pytest.approx(size.width / size.height, rel=0.05)
