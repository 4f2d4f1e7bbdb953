"""What pictures go through in messengers, as far as it is known: sizes and qualities of that kind.

No messenger was asked: the numbers are what people report of them, and change with their versions.
"""

from collections.abc import Mapping

from PIL import Image

from benchmarks.provenance.attacks import Attack, compressed, cropped, scaled

_BICUBIC = Image.Resampling.BICUBIC


def _like(picture: Image.Image, long_side: int, quality: int) -> Image.Image:
    """Made as small as is allowed, and saved."""
    factor = min(1.0, long_side / max(picture.size))
    return compressed(scaled(picture, factor, _BICUBIC), "JPEG", quality)


JOURNEYS: Mapping[str, Attack] = {
    "Telegram-like (1280 px, JPEG 82)": lambda picture: _like(picture, 1280, 82),
    "Telegram-like, on to WeChat-like": lambda picture: _like(_like(picture, 1280, 82), 960, 60),
    "WeChat-like (960 px, JPEG 60)": lambda picture: _like(picture, 960, 60),
    "WeChat-like twice": lambda picture: _like(_like(picture, 960, 60), 960, 55),
    "WeChat-like of a crop": lambda picture: _like(cropped(picture, 0.15, seed=4), 960, 60),
    "feed-like (720 px, JPEG 70)": lambda picture: _like(picture, 720, 70),
}
