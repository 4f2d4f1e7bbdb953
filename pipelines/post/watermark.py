"""Draws the visible label that tells a picture was made by a machine.

The rule it keeps: every pixel of the ground behind the label differs from the ink by a contrast of
at least 4.5 (WCAG's AA for text). Black or white ink is chosen by the ground; where neither does, a
translucent plate goes between. Whether a picture is labelled at all is the caller's decision.
"""

import math
from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pipelines.errors import TooSmall, UnsupportedValue
from pipelines.types import Pixels

AI_GENERATED = "AI generated"
MIN_CONTRAST = 4.5

_CAP_SHARE = 0.05
"""Height of a capital letter over the picture's short side.
Source: GB 45438-2025, 5.2 (text height), read as the cap height, the strictest reading."""
_READABLE_CAP_PX = 9
"""A capital lower than this is hard to read, so small pictures get a larger share than 5 %."""
_SMALLEST_CAP_PX = 5
_MOST_SIZE_OVER_CAP = 4
_MARGIN_SHARE = 0.022
_PADDING_CAPS = 0.35
_PLATE_ALPHA = 0.6
"""Leaves a contrast of 5.7 between white ink and a white ground, 7.4 between black and black."""

_LINEAR = np.array(
    [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in np.arange(256) / 255],
    dtype=np.float32,
)
_LUMA_WEIGHTS = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
"""sRGB to relative luminance. Source: WCAG 2.2, definition of relative luminance."""

_BLACK, _WHITE = 0, 255


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the label goes. Units: pixels of the picture; the baseline is inside the box."""

    font: ImageFont.FreeTypeFont
    left: int
    top: int
    right: int
    bottom: int
    text_x: int
    baseline: int


def draw_label(pixels: Pixels, text: str = AI_GENERATED) -> Pixels:
    """Return a copy with `text` at the bottom right, capitals at least 5 % of the short side high.

    A text that would be wider than the picture is set smaller until it fits.

    Shapes: pixels [height, width, 3].
    Raises: TooSmall: the picture cannot hold the text at any readable size;
        UnsupportedValue: the text is empty or has characters that the built-in font lacks.
    """
    height, width, _ = pixels.shape
    _check_text(text)
    layout = _fit(text, width, height)
    corner = (slice(layout.top, layout.bottom), slice(layout.left, layout.right))
    labelled = pixels.copy()
    labelled[corner] = _label(pixels[corner], text, layout)
    return labelled


def _label(ground: Pixels, text: str, layout: _Layout) -> Pixels:
    ink, needs_plate = _choose_ink(ground)
    canvas = Image.fromarray(np.ascontiguousarray(ground))
    if needs_plate:
        plate = Image.new("L", canvas.size)
        box = (0, 0, canvas.width - 1, canvas.height - 1)
        radius = canvas.height / 4
        ImageDraw.Draw(plate).rounded_rectangle(box, radius, fill=round(_PLATE_ALPHA * 255))
        canvas.paste((_WHITE - ink,) * 3, mask=plate)
    at = (layout.text_x - layout.left, layout.baseline - layout.top)
    ImageDraw.Draw(canvas).text(at, text, fill=(ink,) * 3, font=layout.font, anchor="ls")
    return np.asarray(canvas)


def _choose_ink(ground: Pixels) -> tuple[int, bool]:
    """Return the ink's grey level, and whether a plate has to carry it.

    On one even colour black or white always reaches 4.58, so only a mixed ground needs a plate.
    """
    luminance = _luminance(ground)
    black = _contrast(float(luminance.min()), _BLACK)
    white = _contrast(float(luminance.max()), _WHITE)
    if max(black, white) >= MIN_CONTRAST:
        return (_BLACK if black >= white else _WHITE), False
    mean = float(luminance.mean())
    return (_BLACK if _contrast(mean, _BLACK) >= _contrast(mean, _WHITE) else _WHITE), True


def _luminance(pixels: Pixels) -> NDArray[np.float32]:
    """Relative luminance, 0 to 1. Shapes: [height, width, 3] to [height, width]."""
    luminance: NDArray[np.float32] = _LINEAR[pixels] @ _LUMA_WEIGHTS
    return luminance


def _contrast(luminance: float, ink: int) -> float:
    """Contrast ratio of a ground and a grey ink, 1 to 21. Source: WCAG 2.2, contrast ratio."""
    light, dark = sorted((luminance + 0.05, float(_LINEAR[ink]) + 0.05), reverse=True)
    return light / dark


def _fit(text: str, width: int, height: int) -> _Layout:
    """Set the text as large as the rule asks, or as large as the picture can hold."""
    cap = max(math.ceil(_CAP_SHARE * min(width, height)), _READABLE_CAP_PX)
    for size in range(_font_size(cap), 0, -1):
        layout = _lay_out(text, _font(size), width, height)
        if layout.left >= 0 and layout.top >= 0:
            return layout
        if _cap_height(layout.font) <= _SMALLEST_CAP_PX:
            break
    raise TooSmall(f"a picture of {width}x{height} pixels is too small for the label {text!r}")


def _lay_out(text: str, font: ImageFont.FreeTypeFont, width: int, height: int) -> _Layout:
    margin = max(1, round(_MARGIN_SHARE * min(width, height)))
    padding = max(1, round(_PADDING_CAPS * _cap_height(font)))
    x0, y0, x1, y1 = (math.floor(v) for v in font.getbbox(text, anchor="ls"))
    right, bottom = width - margin, height - margin
    text_x, baseline = right - padding - x1, bottom - padding - y1
    left, top = text_x + x0 - padding, baseline + y0 - padding
    return _Layout(font, left, top, right, bottom, text_x, baseline)


def _font_size(cap: int) -> int:
    """The smallest size of the font whose capitals are `cap` pixels high."""
    sizes = range(cap, _MOST_SIZE_OVER_CAP * cap)
    return sizes[bisect_left(sizes, cap, key=lambda size: _cap_height(_font(size)))]


def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont), "this Pillow was built without FreeType"
    return font


def _cap_height(font: ImageFont.FreeTypeFont) -> int:
    return -math.floor(font.getbbox("A", anchor="ls")[1])


def _check_text(text: str) -> None:
    if not text.strip():
        raise UnsupportedValue("the label's text is empty")
    font = _font(16)
    unknown = bytes(font.getmask("\uffff"))
    missing = sorted({c for c in text if bytes(font.getmask(c)) == unknown})
    if missing:
        listed = ", ".join(repr(c) for c in missing)
        raise UnsupportedValue(f"the label's font cannot draw {listed} of {text!r}")
