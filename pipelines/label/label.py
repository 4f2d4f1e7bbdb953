"""Draws the visible label that tells a picture was made by a machine.

Whether a picture is labelled, and in which words, is the caller's decision. Same picture and label,
same pixels.
"""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from pipelines.label.charset import check_text
from pipelines.label.ink import WHITE, Ink, choose_ink
from pipelines.label.layout import fitting_size, place
from pipelines.label.lettering import Letters, letters, plate
from pipelines.label.style import Corner, Style
from pipelines.types import Bitmap, Pixels, Size

ENGLISH = "AI generated"
CHINESE = "AI生成"

_CALM_PLATE = 0.6
_BUSY_PLATE = 0.7
"""Opacity of the plate, where contrast does not ask for more."""


@dataclass(frozen=True, slots=True)
class Label:
    """What is written into a picture, and how.

    Raises: UnsupportedValue: the text is empty or has characters that the bundled font lacks.
    """

    text: str = ENGLISH
    style: Style = "gb"
    corner: Corner = "bottom-right"
    logo: Bitmap | None = None
    """RGBA, drawn before the text in its own colours. `pipelines.label.logo` reads one."""

    def __post_init__(self) -> None:
        check_text(self.text)


def draw_label(pixels: Pixels, label: Label) -> Pixels:
    """Return a copy with the label in its corner.

    Shapes: pixels [height, width, 3], or [..., 4] with straight alpha, which the label covers.
    Raises: TooSmall: the picture cannot hold the text at any readable size.
    """
    labelled = pixels.copy()
    label_in_place(labelled, label)
    return labelled


def label_in_place(pixels: Pixels, label: Label) -> None:
    """Like `draw_label`, on the pixels themselves: only the label's corner is read and written.

    Raises: TooSmall: the picture cannot hold the text at any readable size.
    """
    height, width, _ = pixels.shape
    size = fitting_size(label.text, label.style, label.logo, Size(width, height))
    drawn = letters(label.text, size, label.logo)
    box = place(drawn, label.corner, Size(width, height))
    ground = np.ascontiguousarray(pixels[box])
    ink = choose_ink(ground, WHITE if label.style == "plate" else None)
    pixels[box] = _lettered(ground, drawn, ink, label.style)


def _lettered(ground: Pixels, letters: Letters, ink: Ink, style: Style) -> Pixels:
    """The ground with a veil of the ink's contrary on it, then the logo, then the letters."""
    canvas = Image.fromarray(ground)
    on_plate = style == "plate" or ink.restless
    shape = plate(letters) if on_plate else letters.halo
    veil = ink.veil
    if on_plate:
        veil = max(veil, _BUSY_PLATE if ink.restless else _CALM_PLATE)
    if veil:
        opacity = math.ceil(255 * veil)
        thinned = shape.point([round(value * opacity / 255) for value in range(256)])
        canvas = _over(canvas, _grey(canvas.size, ink.veil_level), thinned)
    if letters.logo is not None:
        canvas = _over(canvas, letters.logo.convert("RGB"), letters.logo.getchannel("A"))
    return np.asarray(_over(canvas, _grey(canvas.size, ink.level), letters.ink))


def _over(canvas: Image.Image, layer: Image.Image, mask: Image.Image) -> Image.Image:
    if canvas.mode == "RGB":
        # Twice as fast as pasting a colour.
        canvas.paste(layer, mask=mask)
        return canvas
    layer.putalpha(mask)
    return Image.alpha_composite(canvas, layer)


def _grey(size: tuple[int, int], level: int) -> Image.Image:
    return Image.new("RGB", size, (level,) * 3)
