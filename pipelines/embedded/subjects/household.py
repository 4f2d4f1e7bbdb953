"""How the things of a house look: each in a box of side 1 around the origin, mostly one colour."""

import random
from itertools import pairwise

import skia

from pipelines.embedded.canvas import Rgb, curve, dark, light, linear, oval, paint, polygon

_WOOD: Rgb = (126, 84, 52)
_BLACK: Rgb = (18, 18, 24)


def chair(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    leg = paint(dark(c, 0.35), stroke=0.055)
    for start, end in (((-0.22, 0.12), (-0.26, 0.48)), ((0.24, 0.12), (0.28, 0.48)),
                       ((-0.1, 0.1), (-0.12, 0.4)), ((0.34, 0.08), (0.38, 0.4))):  # fmt: skip
        canvas.drawLine(*start, *end, leg)
    for x in (-0.24, 0.22):
        canvas.drawLine(x, 0.08, x, -0.48, paint(dark(c, 0.15), stroke=0.055))
    for y in (-0.42, -0.26, -0.1):
        canvas.drawLine(-0.24, y, 0.22, y, paint(c, stroke=0.07))
    seat = [(-0.3, 0.12), (-0.14, 0.02), (0.4, 0.02), (0.3, 0.12)]
    canvas.drawPath(polygon(seat), paint(light(c, 0.15)))
    canvas.drawRect(oval(-0.3, 0.12, 0.3, 0.18), paint(dark(c, 0.1)))


def sofa(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    for x in (-0.4, 0.36):
        canvas.drawRect(oval(x, 0.3, x + 0.05, 0.42), paint(_WOOD))
    canvas.drawRoundRect(oval(-0.44, -0.28, 0.44, 0.2), 0.1, 0.1, _cloth(c, -0.28, 0.2))
    for left in (-0.36, 0.01):
        canvas.drawRoundRect(oval(left, -0.22, left + 0.35, 0.1), 0.05, 0.05, paint(light(c, 0.14)))
        canvas.drawRoundRect(oval(left, 0.06, left + 0.35, 0.2), 0.05, 0.05, paint(light(c, 0.28)))
    canvas.drawRoundRect(oval(-0.42, 0.17, 0.42, 0.34), 0.04, 0.04, paint(dark(c, 0.16)))
    for side in (-1, 1):
        arm = oval(side * 0.46 - 0.085, -0.06, side * 0.46 + 0.085, 0.34)
        canvas.drawRoundRect(arm, 0.07, 0.07, _cloth(c, -0.06, 0.34))


def lamp(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    canvas.drawOval(oval(-0.42, -0.5, 0.42, 0.2), paint((255, 238, 160), 90, blur=0.08))
    canvas.drawLine(0, -0.1, 0, 0.44, paint((92, 84, 80), stroke=0.05))
    canvas.drawOval(oval(-0.22, 0.4, 0.22, 0.5), paint((74, 66, 64)))
    shade = [(-0.16, -0.46), (0.16, -0.46), (0.34, -0.02), (-0.34, -0.02)]
    canvas.drawPath(
        polygon(shade), paint(c, shader=linear((-0.3, 0), (0.3, 0), light(c, 0.25), dark(c, 0.1)))
    )
    canvas.drawOval(oval(-0.34, -0.06, 0.34, 0.03), paint((255, 246, 196)))


def clock(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    """An alarm clock with two bells."""
    for side in (-1, 1):
        canvas.drawLine(side * 0.2, 0.3, side * 0.3, 0.48, paint(dark(c, 0.3), stroke=0.07))
        canvas.drawCircle(side * 0.25, -0.34, 0.15, paint(dark(c, 0.18)))
    canvas.drawLine(0, -0.36, 0, -0.48, paint(dark(c, 0.4), stroke=0.05))
    canvas.drawCircle(0, 0.04, 0.4, _cloth(c, -0.36, 0.44))
    canvas.drawCircle(0, 0.04, 0.3, paint((252, 250, 242)))
    for turn in range(12):
        canvas.save()
        canvas.translate(0, 0.04)
        canvas.rotate(turn * 30)
        canvas.drawLine(0, -0.26, 0, -0.23 if turn % 3 else -0.19, paint(_BLACK, stroke=0.022))
        canvas.restore()
    for angle, length in ((rng.uniform(0, 360), 0.14), (rng.uniform(0, 360), 0.21)):
        canvas.save()
        canvas.translate(0, 0.04)
        canvas.rotate(angle)
        canvas.drawLine(0, 0, 0, -length, paint(_BLACK, stroke=0.035))
        canvas.restore()


def umbrella(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    canvas.drawLine(0, -0.46, 0, 0.36, paint((84, 62, 48), stroke=0.04))
    hook = curve((0, 0.36), [(0, 0.52, 0.18, 0.52, 0.18, 0.38)], close=False)
    canvas.drawPath(hook, paint((84, 62, 48), stroke=0.05))
    edges = (-0.5, -0.17, 0.17, 0.5)
    for n, (left, right) in enumerate(pairwise(edges)):
        panel = curve(
            (0, -0.42),
            [
                (left * 0.7, -0.4, left, -0.2, left, 0.06),
                (left * 0.8 + right * 0.2, -0.03, left * 0.2 + right * 0.8, -0.03, right, 0.06),
                (right, -0.2, right * 0.7, -0.4, 0, -0.42),
            ],
        )
        canvas.drawPath(panel, paint(light(c, 0.22) if n == 1 else c if n == 0 else dark(c, 0.14)))


def robot(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    metal = dark(c, 0.35)
    canvas.drawLine(0, -0.38, 0, -0.48, paint(metal, stroke=0.03))
    canvas.drawCircle(0, -0.49, 0.035, paint((240, 80, 70)))
    for side in (-1, 1):
        canvas.drawLine(side * 0.22, 0.0, side * 0.34, 0.22, paint(metal, stroke=0.07))
        canvas.drawCircle(side * 0.35, 0.25, 0.06, paint(light(c, 0.2)))
        canvas.drawRect(oval(side * 0.11 - 0.05, 0.26, side * 0.11 + 0.05, 0.44), paint(metal))
        canvas.drawRoundRect(
            oval(side * 0.12 - 0.1, 0.42, side * 0.12 + 0.1, 0.5), 0.03, 0.03, paint(dark(c, 0.5))
        )
    canvas.drawRoundRect(oval(-0.22, -0.06, 0.22, 0.3), 0.04, 0.04, _cloth(c, -0.06, 0.3))
    canvas.drawRoundRect(oval(-0.13, 0.02, 0.13, 0.16), 0.02, 0.02, paint((40, 52, 72)))
    for x, dot in ((-0.07, (240, 90, 80)), (0.0, (250, 210, 80)), (0.07, (96, 214, 130))):
        canvas.drawCircle(x, 0.09, 0.024, paint(dot))
    canvas.drawRoundRect(oval(-0.26, -0.38, 0.26, -0.08), 0.06, 0.06, _cloth(c, -0.38, -0.08))
    for x in (-0.12, 0.12):
        canvas.drawCircle(x, -0.25, 0.07, paint((240, 252, 255)))
        canvas.drawCircle(x, -0.25, 0.035, paint((40, 130, 200)))
    canvas.drawRect(oval(-0.1, -0.16, 0.1, -0.12), paint(dark(c, 0.6)))


def _cloth(c: Rgb, top: float, low: float) -> skia.Paint:
    return paint(c, shader=linear((0, top), (0, low), light(c, 0.16), dark(c, 0.14)))
