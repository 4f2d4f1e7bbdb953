"""What happens to pictures on their way: 26 usual things and 24 harder ones.

Pure functions of a picture, the same at every run. `STANDARD` is what the figures in the
documentation are of, `HARD` shows where the limits are. Knows nothing of marks.
"""

import io
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

Attack = Callable[[Image.Image], Image.Image]

_LANCZOS = Image.Resampling.LANCZOS
_BICUBIC = Image.Resampling.BICUBIC
_GAMMA = 1 / 1.06
"""Of a screenshot, by the colour management it went through."""
_SOCIAL_LONG_SIDE = 720
_COVER = (240, 240, 240)


def compressed(picture: Image.Image, kind: str, quality: int) -> Image.Image:
    """Through a file, with Pillow's defaults but for the quality: JPEG is 4:2:0."""
    file = io.BytesIO()
    picture.save(file, kind, quality=quality)
    with Image.open(file) as opened:
        return opened.convert("RGB")


def scaled(
    picture: Image.Image, factor: float, resampling: Image.Resampling = _LANCZOS
) -> Image.Image:
    """Both sides times a factor."""
    return picture.resize((int(picture.width * factor), int(picture.height * factor)), resampling)


def cropped(picture: Image.Image, off: float, seed: int = 1) -> Image.Image:
    """Take a share off the width and the same off the height, at a random odd place."""
    width, height = int(picture.width * (1 - off)), int(picture.height * (1 - off))
    chance = np.random.default_rng(seed)
    left, top = (
        min(int(chance.integers(1, whole - part)) | 1, whole - part)
        for whole, part in ((picture.width, width), (picture.height, height))
    )
    return picture.crop((left, top, left + width, top + height))


def noisy(picture: Image.Image, deviation: float) -> Image.Image:
    """Gaussian noise of its own on each channel."""
    levels = np.asarray(picture, np.float32)
    added = np.random.default_rng(5).normal(0, deviation, levels.shape)
    return Image.fromarray((levels + added).clip(0, 255).astype(np.uint8))


def screenshot(picture: Image.Image) -> Image.Image:
    """Shown a little smaller, a little lighter, and saved."""
    shown = np.asarray(scaled(picture, 0.83, _BICUBIC), np.float32) / 255
    lighter = Image.fromarray((shown**_GAMMA * 255 + 0.5).astype(np.uint8))
    return compressed(lighter, "JPEG", 80)


def shared(picture: Image.Image) -> Image.Image:
    """Cropped, made as small as a chat shows it, and saved."""
    part = cropped(picture, 0.08, seed=7)
    small = scaled(part, _SOCIAL_LONG_SIDE / max(part.size), _BICUBIC)
    return compressed(small, "JPEG", 65)


def covered(picture: Image.Image) -> Image.Image:
    """A grey box over 30 % of the area."""
    left, top = int(picture.width * 0.2), int(picture.height * 0.25)
    right, bottom = left + int(picture.width * 0.55), top + int(picture.height * 0.55)
    hidden = picture.copy()
    hidden.paste(_COVER, (left, top, right, bottom))
    return hidden


def _filtered(picture: Image.Image, how: ImageFilter.Filter) -> Image.Image:
    return picture.filter(how)


def _brighter(picture: Image.Image, factor: float) -> Image.Image:
    return ImageEnhance.Brightness(picture).enhance(factor)


def _levels(picture: Image.Image, change: Callable[[int], int]) -> Image.Image:
    return picture.point(change)


def _jpeg(quality: int) -> Attack:
    return partial(compressed, kind="JPEG", quality=quality)


def _webp(quality: int) -> Attack:
    return partial(compressed, kind="WEBP", quality=quality)


STANDARD: Mapping[str, Attack] = {
    "none": lambda picture: picture,
    "JPEG 95": _jpeg(95),
    "JPEG 85": _jpeg(85),
    "JPEG 70": _jpeg(70),
    "JPEG 50": _jpeg(50),
    "JPEG 30": _jpeg(30),
    "WebP 80": _webp(80),
    "WebP 50": _webp(50),
    "resize x0.75": partial(scaled, factor=0.75),
    "resize x0.5": partial(scaled, factor=0.5),
    "resize x0.25": partial(scaled, factor=0.25),
    "resize x0.5 + JPEG 70": lambda picture: compressed(scaled(picture, 0.5), "JPEG", 70),
    "crop 10": partial(cropped, off=0.10),
    "crop 25": partial(cropped, off=0.25),
    "crop 50": partial(cropped, off=0.50),
    "crop 25 + JPEG 70": lambda picture: compressed(cropped(picture, 0.25), "JPEG", 70),
    "brightness 0.7": partial(_brighter, factor=0.7),
    "brightness 1.3": partial(_brighter, factor=1.3),
    "contrast 1.5": lambda picture: ImageEnhance.Contrast(picture).enhance(1.5),
    "blur 1": partial(_filtered, how=ImageFilter.GaussianBlur(1)),
    "noise 5": partial(noisy, deviation=5),
    "screenshot": screenshot,
    "screenshot + crop 6": lambda picture: cropped(screenshot(picture), 0.06, seed=3),
    "turn 90": lambda picture: picture.transpose(Image.Transpose.ROTATE_90),
    "mirror": lambda picture: picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "rotate 2": lambda picture: picture.rotate(2, _BICUBIC),
}
"""The 26 that the measured shares are of."""

HARD: Mapping[str, Attack] = {
    "JPEG 20": _jpeg(20),
    "WebP 30": _webp(30),
    "JPEG 75 > JPEG 60": lambda picture: compressed(compressed(picture, "JPEG", 75), "JPEG", 60),
    "social": shared,
    "crop 60": partial(cropped, off=0.60),
    "crop 70": partial(cropped, off=0.70),
    "crop 50 + 256 px + JPEG 70": lambda picture: compressed(
        cropped(picture, 0.5).resize((256, 256), _LANCZOS), "JPEG", 70
    ),
    "200 px": lambda picture: picture.resize((200, 200), _LANCZOS),
    "resize x2": partial(scaled, factor=2, resampling=_BICUBIC),
    "width +5 %": lambda picture: picture.resize(
        (int(picture.width * 1.05), picture.height), _BICUBIC
    ),
    "rotate 5": lambda picture: picture.rotate(5, _BICUBIC),
    "rotate 1 + crop 8": lambda picture: cropped(picture.rotate(1, _BICUBIC), 0.08, seed=2),
    "blur 2": partial(_filtered, how=ImageFilter.GaussianBlur(2)),
    "blur 3": partial(_filtered, how=ImageFilter.GaussianBlur(3)),
    "median 5": partial(_filtered, how=ImageFilter.MedianFilter(5)),
    "unsharp": partial(_filtered, how=ImageFilter.UnsharpMask(2, 150, 2)),
    "noise 10": partial(noisy, deviation=10),
    "noise 20": partial(noisy, deviation=20),
    "grey": lambda picture: picture.convert("L").convert("RGB"),
    "gamma 0.6": partial(_levels, change=lambda level: int(255 * (level / 255) ** 0.6 + 0.5)),
    "posterise 16": partial(_levels, change=lambda level: level // 16 * 16 + 8),
    "palette 256": lambda picture: picture.quantize(256).convert("RGB"),
    "box over 30 %": covered,
    "inversion": partial(_levels, change=lambda level: 255 - level),
}
"""Beyond the usual; "rotate 1 + crop 8" needs the exhaustive search."""
