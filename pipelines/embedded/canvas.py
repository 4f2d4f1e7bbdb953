"""The drawing words all subjects and grounds share: paints, gradients, polygons, mixing colours.

Coordinates are fractions of the picture's short side, y downwards. Knows no scene.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import skia
from numpy.typing import NDArray

Rgb: TypeAlias = tuple[float, float, float]
Point: TypeAlias = tuple[float, float]
Rgba: TypeAlias = NDArray[np.uint8]
"""Drawn pixels, [height, width, 4], not premultiplied."""

_INK: Rgb = (10, 10, 25)
_LIGHT: Rgb = (255, 255, 255)


def mix(a: Rgb, b: Rgb, share: float) -> Rgb:
    """Blend from a (share 0) to b (share 1)."""
    return (
        a[0] + (b[0] - a[0]) * share,
        a[1] + (b[1] - a[1]) * share,
        a[2] + (b[2] - a[2]) * share,
    )


def dark(c: Rgb, share: float = 0.3) -> Rgb:
    return mix(c, _INK, share)


def light(c: Rgb, share: float = 0.35) -> Rgb:
    return mix(c, _LIGHT, share)


def bright(c: Rgb) -> float:
    """How light a colour looks, 0 to 255."""
    return 0.3 * c[0] + 0.59 * c[1] + 0.11 * c[2]


def colour(c: Rgb, alpha: int = 255) -> int:
    red, green, blue = (int(max(0, min(255, v))) for v in c)
    packed: int = skia.Color(red, green, blue, alpha)
    return packed


def paint(
    c: Rgb,
    alpha: int = 255,
    *,
    shader: skia.Shader | None = None,
    stroke: float = 0,
    blur: float = 0,
) -> skia.Paint:
    """Describe how to fill, or how to draw a line `stroke` wide with round ends."""
    p = skia.Paint(AntiAlias=True, Color=colour(c, alpha))
    if shader is not None:
        p.setShader(shader)
    if stroke:
        p.setStyle(skia.Paint.kStroke_Style)
        p.setStrokeWidth(stroke)
        p.setStrokeCap(skia.Paint.kRound_Cap)
        p.setStrokeJoin(skia.Paint.kRound_Join)
    if blur:
        p.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, blur))
    return p


def linear(start: Point, end: Point, a: Rgb, b: Rgb) -> skia.Shader:
    return skia.GradientShader.MakeLinear([start, end], [colour(a), colour(b)])


def radial(centre: Point, radius: float, a: Rgb, b: Rgb) -> skia.Shader:
    return skia.GradientShader.MakeRadial(centre, radius, [colour(a), colour(b)])


def polygon(points: Sequence[Point]) -> skia.Path:
    builder = skia.PathBuilder()
    builder.moveTo(*points[0])
    for point in points[1:]:
        builder.lineTo(*point)
    builder.close()
    return builder.detach()


def curve(start: Point, pieces: Iterable[Sequence[float]], *, close: bool = True) -> skia.Path:
    """Build a path of cubic pieces, each six numbers: two control points and the end."""
    builder = skia.PathBuilder()
    builder.moveTo(*start)
    for piece in pieces:
        builder.cubicTo(*piece)
    if close:
        builder.close()
    return builder.detach()


def oval(left: float, top: float, right: float, bottom: float) -> skia.Rect:
    return skia.Rect(left, top, right, bottom)


@dataclass(frozen=True, slots=True)
class Frame:
    """How large a picture is. Units: pixels."""

    width: int
    height: int

    @property
    def short(self) -> int:
        return min(self.width, self.height)

    @property
    def w(self) -> float:
        """The width in short sides, as everything is drawn: 1 or more."""
        return self.width / self.short

    @property
    def h(self) -> float:
        return self.height / self.short


def surface(frame: Frame) -> tuple[skia.Surface, skia.Canvas]:
    """Open a transparent picture whose canvas is measured in short sides."""
    made = skia.Surface(frame.width, frame.height)
    canvas = made.getCanvas()
    canvas.clear(skia.ColorTRANSPARENT)
    canvas.scale(frame.short, frame.short)
    return made, canvas


def pixels(made: skia.Surface) -> Rgba:
    drawn: Rgba = made.toarray(colorType=skia.kRGBA_8888_ColorType)
    return drawn


def blurred(image: NDArray[np.uint8], sigma: float) -> NDArray[np.uint8]:
    """Blur an RGB or RGBA picture. Units: sigma in pixels."""
    height, width = image.shape[:2]
    rgba = image
    if image.shape[2] == 3:
        rgba = np.dstack([image, np.full((height, width), 255, np.uint8)])
    made = skia.Surface(width, height)
    p = skia.Paint()
    p.setImageFilter(skia.ImageFilters.Blur(sigma, sigma, skia.TileMode.kClamp))
    source = skia.Image.fromarray(np.ascontiguousarray(rgba), skia.kRGBA_8888_ColorType)
    made.getCanvas().drawImage(source, 0, 0, skia.SamplingOptions(), p)
    return pixels(made)[:, :, : image.shape[2]]
