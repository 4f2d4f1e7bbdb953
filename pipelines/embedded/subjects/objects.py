"""How made things and shapes look: each in a box of side 1 around the origin, mostly one colour."""

import math
import random

import skia

from pipelines.embedded.canvas import (
    Rgb,
    bright,
    curve,
    dark,
    light,
    linear,
    oval,
    paint,
    polygon,
    radial,
)

_GLASS: Rgb = (192, 226, 246)
_WOOD: Rgb = (112, 76, 48)


def circle(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    canvas.drawCircle(0, 0, 0.46, _shaded(c))


def square(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    canvas.drawRect(oval(-0.43, -0.43, 0.43, 0.43), _shaded(c))


def triangle(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    canvas.drawPath(polygon([(0, -0.46), (0.5, 0.42), (-0.5, 0.42)]), _shaded(c))


def heart(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    pieces = [
        (-0.1, -0.5, -0.52, -0.46, -0.5, -0.12),
        (-0.48, 0.12, -0.2, 0.28, 0.0, 0.48),
        (0.2, 0.28, 0.48, 0.12, 0.5, -0.12),
        (0.52, -0.46, 0.1, -0.5, 0.0, -0.24),
    ]
    canvas.drawPath(curve((0.0, -0.24), pieces), _shaded(c))


def star(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    points = []
    for corner in range(10):
        radius = 0.52 if corner % 2 == 0 else 0.22
        angle = math.pi * corner / 5 - math.pi / 2
        points.append((radius * math.cos(angle), radius * math.sin(angle) + 0.03))
    canvas.drawPath(polygon(points), _shaded(c))


def house(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    roof: Rgb = (118, 62, 54) if bright(c) > 110 or c[0] < 100 else (86, 78, 88)
    walls = linear((-0.36, 0), (0.36, 0), light(c, 0.1), dark(c, 0.12))
    canvas.drawRect(oval(0.15, -0.42, 0.25, -0.15), paint(dark(roof)))
    canvas.drawRect(oval(-0.38, -0.12, 0.38, 0.47), paint(c, shader=walls))
    canvas.drawPath(polygon([(-0.48, -0.1), (0.48, -0.1), (0, -0.46)]), paint(roof))
    canvas.drawRect(oval(-0.08, 0.17, 0.08, 0.47), paint(dark(_WOOD, 0.15)))
    for x in (-0.23, 0.23):
        canvas.drawRect(oval(x - 0.08, 0.02, x + 0.08, 0.18), paint((255, 236, 160)))
        frame = paint(dark(_WOOD, 0.1), stroke=0.02)
        canvas.drawRect(oval(x - 0.08, 0.02, x + 0.08, 0.18), frame)
        canvas.drawLine(x, 0.02, x, 0.18, frame)


def car(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    cabin = [(-0.34, 0.06), (-0.22, -0.22), (0.16, -0.22), (0.32, 0.06)]
    canvas.drawPath(polygon(cabin), paint(c))
    canvas.drawPath(
        polygon([(-0.26, 0.04), (-0.18, -0.16), (-0.05, -0.16), (-0.05, 0.04)]), paint(_GLASS)
    )
    canvas.drawPath(
        polygon([(0.01, 0.04), (0.01, -0.16), (0.13, -0.16), (0.24, 0.04)]), paint(_GLASS)
    )
    body = linear((0, 0.02), (0, 0.28), light(c, 0.12), dark(c, 0.16))
    canvas.drawRoundRect(oval(-0.52, 0.02, 0.52, 0.28), 0.1, 0.1, paint(c, shader=body))
    for x in (-0.29, 0.29):
        canvas.drawCircle(x, 0.28, 0.125, paint((28, 28, 34)))
        canvas.drawCircle(x, 0.28, 0.055, paint((196, 198, 206)))
    canvas.drawCircle(0.47, 0.12, 0.04, paint((255, 240, 160)))


def boat(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    canvas.drawLine(0, -0.46, 0, 0.18, paint(_WOOD, stroke=0.035))
    canvas.drawPath(polygon([(0.03, -0.44), (0.4, 0.1), (0.03, 0.1)]), paint((244, 240, 230)))
    canvas.drawPath(polygon([(-0.03, -0.34), (-0.3, 0.1), (-0.03, 0.1)]), paint(light(c, 0.25)))
    hull = polygon([(-0.5, 0.16), (0.5, 0.16), (0.34, 0.46), (-0.36, 0.46)])
    canvas.drawPath(
        hull, paint(c, shader=linear((0, 0.16), (0, 0.46), light(c, 0.1), dark(c, 0.2)))
    )
    canvas.drawLine(-0.46, 0.22, 0.46, 0.22, paint(light(c, 0.6), stroke=0.025))


def apple(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    pieces = [
        (-0.2, -0.36, -0.48, -0.3, -0.46, 0.04),
        (-0.44, 0.36, -0.2, 0.54, 0.0, 0.44),
        (0.2, 0.54, 0.44, 0.36, 0.46, 0.04),
        (0.48, -0.3, 0.2, -0.36, 0.0, -0.22),
    ]
    shade = radial((-0.12, -0.02), 0.62, light(c, 0.22), dark(c, 0.2))
    canvas.drawPath(curve((0.0, -0.22), pieces), paint(c, shader=shade))
    stem = curve((0.0, -0.2), [(0.0, -0.34, 0.03, -0.4, 0.07, -0.46)], close=False)
    canvas.drawPath(stem, paint(_WOOD, stroke=0.045))
    leaf = curve(
        (0.04, -0.34),
        [(0.12, -0.52, 0.3, -0.5, 0.36, -0.44), (0.3, -0.3, 0.14, -0.28, 0.04, -0.34)],
    )
    canvas.drawPath(leaf, paint((76, 160, 70)))
    canvas.drawOval(oval(-0.3, -0.12, -0.16, 0.1), paint((255, 255, 255), 90))


def balloon(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    rope = paint(_WOOD, stroke=0.018)
    canvas.drawLine(-0.14, 0.18, -0.07, 0.38, rope)
    canvas.drawLine(0.14, 0.18, 0.07, 0.38, rope)
    pieces = [(-0.2, 0.22, -0.44, 0.1, -0.4, -0.16), (-0.36, -0.6, 0.36, -0.6, 0.4, -0.16),
              (0.44, 0.1, 0.2, 0.22, 0.12, 0.24)]  # fmt: skip
    shade = linear((-0.4, 0), (0.4, 0), light(c, 0.12), dark(c, 0.18))
    canvas.drawPath(curve((-0.12, 0.24), pieces), paint(c, shader=shade))
    canvas.drawOval(oval(-0.13, -0.5, 0.13, 0.25), paint(light(c, 0.3)))
    canvas.drawRoundRect(oval(-0.1, 0.36, 0.1, 0.5), 0.03, 0.03, paint(_WOOD))


def _shaded(c: Rgb) -> skia.Paint:
    return paint(c, shader=linear((-0.5, -0.5), (0.5, 0.5), light(c, 0.1), dark(c, 0.1)))
