"""Turns a text, and a logo before it, into masks: of the letters, and of the halo around them.

Knows the bundled font and sizes in pixels; nothing of the picture below. The masks of the labels
that were drawn last are kept, because a server draws few texts in few sizes.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from pipelines.types import Bitmap

FONT = Path(__file__).parent / "font" / "NotoSansCJKsc-label.otf"

_CAP_OVER_EM = 0.733
"""Of the bundled font. Source: its table OS/2, sCapHeight."""
_PADDING_CAPS = 0.42
"""Between the letters and the edge of the box, which is the plate's where there is one."""
_RADIUS_CAPS = 0.42
_LOGO_CAPS = 1.3
_LOGO_GAP_CAPS = 0.4
_HALO_EM = 0.1
_HALO_GAIN = 4.0
"""The halo is a blur of that deviation, of letters grown by two pixels, times this and cut off at
full: so it is full on all pixels beside a letter, and fades out within a quarter of an em."""
_GROWTH = 2
_BLURRED_AT = 64
"""Units: pixels of an em; finer pictures of a blur show nothing more."""
_KEPT_MASKS = 16
"""The largest, "AI generated" on a picture of 4096 x 4096, take 1.7 MB."""


@dataclass(frozen=True, slots=True)
class Letters:
    """A label without its place. All images are as large as the label's box.

    Units: cap in pixels, the height of the letter A.
    """

    cap: int
    ink: Image.Image
    halo: Image.Image
    logo: Image.Image | None
    """RGBA."""

    @property
    def width(self) -> int:
        return self.ink.width

    @property
    def height(self) -> int:
        return self.ink.height


@dataclass(frozen=True, slots=True)
class Measures:
    """How much room a label takes. Units: pixels; x and baseline are those of the letters."""

    cap: int
    width: int
    height: int
    x: int
    baseline: int
    padding: int


def font_size(cap: int) -> int:
    """The smallest size of the font whose A is at least `cap` pixels high."""
    size = math.floor(cap / _CAP_OVER_EM) - 1
    while _cap(_font(size)) < cap:
        size += 1
    return size


def measure(text: str, size: int, logo: Bitmap | None) -> Measures:
    """Lay a label out without drawing it."""
    font = _font(size)
    cap = _cap(font)
    x0, y0, x1, y1 = (math.floor(v) for v in font.getbbox(text, anchor="ls"))
    padding = max(2, round(_PADDING_CAPS * cap))
    before = 0
    if logo is not None:
        logo_width, logo_height = _logo_size(logo, cap)
        before = logo_width + max(1, round(_LOGO_GAP_CAPS * cap))
        over = math.ceil((logo_height - cap) / 2)
        y0, y1 = min(y0, -cap - over), max(y1, over)
    width = padding + before + (x1 - x0) + padding
    height = padding + (y1 - y0) + padding
    return Measures(cap, width, height, padding + before - x0, padding - y0, padding)


@lru_cache(maxsize=_KEPT_MASKS)
def letters(text: str, size: int, logo: Bitmap | None) -> Letters:
    """Draw the masks of a label. Nobody may write on what this returns."""
    box = measure(text, size, logo)
    ink = Image.new("L", (box.width, box.height))
    ImageDraw.Draw(ink).text((box.x, box.baseline), text, 255, font=_font(size), anchor="ls")
    layer = None if logo is None else _logo_layer(logo, box)
    outline = ink
    if layer is not None:
        outline = ink.copy()
        outline.paste(255, mask=layer.getchannel("A"))
    return Letters(box.cap, ink, _halo(outline, size), layer)


def _halo(outline: Image.Image, size: int) -> Image.Image:
    """Blurred at a size at which that is cheap."""
    coarser = max(1, size // _BLURRED_AT)
    blur = ImageFilter.GaussianBlur(_HALO_EM * size / coarser)
    small = _grown(outline.reduce(coarser)).filter(blur)
    box = (0, 0, outline.width / coarser, outline.height / coarser)
    lit = small.resize(outline.size, Image.Resampling.BILINEAR, box)
    return lit.point([_eased(min(1.0, _HALO_GAIN * value / 255)) for value in range(256)])


def _grown(mask: Image.Image) -> Image.Image:
    """Each pixel as full as the fullest within `_GROWTH`; Pillow's own filter takes forty times."""
    plane = np.pad(np.asarray(mask), _GROWTH)
    shifts = range(2 * _GROWTH + 1)
    tall = np.maximum.reduce([plane[by : by + mask.height] for by in shifts])
    return Image.fromarray(np.maximum.reduce([tall[:, by : by + mask.width] for by in shifts]))


def _eased(share: float) -> int:
    """From 0 to 255 without a kink that eyes would see as an edge."""
    return round(255 * share * share * (3 - 2 * share))


@lru_cache(maxsize=_KEPT_MASKS)
def _plate(width: int, height: int, radius: int) -> Image.Image:
    mask = Image.new("L", (width, height), 255)
    disc = Image.new("L", (8 * radius, 8 * radius))
    ImageDraw.Draw(disc).ellipse((0, 0, 8 * radius - 1, 8 * radius - 1), fill=255)
    disc = disc.resize((2 * radius, 2 * radius), Image.Resampling.BOX)
    far_x, far_y = width - radius, height - radius
    for x, disc_x in ((0, 0), (far_x, radius)):
        for y, disc_y in ((0, 0), (far_y, radius)):
            quarter = disc.crop((disc_x, disc_y, disc_x + radius, disc_y + radius))
            mask.paste(quarter, (x, y))
    return mask


def plate(of: Letters) -> Image.Image:
    """The mask of a plate with round corners that fills the label's box."""
    return _plate(of.width, of.height, max(1, round(_RADIUS_CAPS * of.cap)))


def _logo_layer(logo: Bitmap, box: Measures) -> Image.Image:
    """The logo in its place before the text, as high as the capitals and a little more."""
    scaled = _premultiplied(logo).resize(_logo_size(logo, box.cap), Image.Resampling.LANCZOS)
    layer = Image.new("RGBA", (box.width, box.height))
    top = box.baseline - box.cap - (scaled.height - box.cap) // 2
    layer.paste(scaled.convert("RGBA"), (box.padding, max(0, top)))
    return layer


def _premultiplied(logo: Bitmap) -> Image.Image:
    """Pillow resamples the colours of clear pixels too, unless they count for nothing."""
    return Image.fromarray(np.ascontiguousarray(logo.pixels)).convert("RGBa")


def _logo_size(logo: Bitmap, cap: int) -> tuple[int, int]:
    height = max(1, round(_LOGO_CAPS * cap))
    return max(1, round(height * logo.size.width / logo.size.height)), height


def _font(size: int) -> ImageFont.FreeTypeFont:
    """Laid out by Pillow itself: another layout engine would draw other pixels."""
    return ImageFont.truetype(FONT, size, layout_engine=ImageFont.Layout.BASIC)


def _cap(font: ImageFont.FreeTypeFont) -> int:
    return -math.floor(font.getbbox("A", anchor="ls")[1])
