"""How shapes look: each in a box of side 1 around the origin, in one colour."""

import math
import random

import skia

from pipelines.embedded.canvas import Rgb, curve, dark, light, linear, oval, paint, polygon


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


def diamond(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    """A cut gem, seen from the side: facets tell it from a square on its corner."""
    crown = [(-0.46, -0.14), (-0.26, -0.38), (0.26, -0.38), (0.46, -0.14)]
    canvas.drawPath(polygon([*crown, (0, 0.46)]), _shaded(c))
    canvas.drawPath(polygon(crown), paint(light(c, 0.32)))
    canvas.drawPath(polygon([(-0.2, -0.14), (0.2, -0.14), (0, 0.46)]), paint(light(c, 0.18)))
    canvas.drawPath(polygon([(-0.2, -0.14), (0.0, -0.38), (0.2, -0.14)]), paint(light(c, 0.6)))


def _shaded(c: Rgb) -> skia.Paint:
    return paint(c, shader=linear((-0.5, -0.5), (0.5, 0.5), light(c, 0.1), dark(c, 0.1)))
