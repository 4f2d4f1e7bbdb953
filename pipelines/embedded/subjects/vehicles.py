"""How vehicles look: each in a box of side 1 around the origin, mostly in one colour."""

import random

import skia

from pipelines.embedded.canvas import Rgb, curve, dark, light, linear, oval, paint, polygon

_GLASS: Rgb = (192, 226, 246)
_WOOD: Rgb = (112, 76, 48)
_TYRE: Rgb = (28, 28, 34)
_STEEL: Rgb = (196, 198, 206)


def car(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    cabin = [(-0.34, 0.06), (-0.22, -0.22), (0.16, -0.22), (0.32, 0.06)]
    canvas.drawPath(polygon(cabin), paint(c))
    rear = [(-0.26, 0.04), (-0.18, -0.16), (-0.05, -0.16), (-0.05, 0.04)]
    front = [(0.01, 0.04), (0.01, -0.16), (0.13, -0.16), (0.24, 0.04)]
    for pane in (rear, front):
        canvas.drawPath(polygon(pane), paint(_GLASS))
    canvas.drawRoundRect(oval(-0.52, 0.02, 0.52, 0.28), 0.1, 0.1, _body(c, 0.02, 0.28))
    for x in (-0.29, 0.29):
        _wheel(canvas, x, 0.28, 0.125)
    canvas.drawCircle(0.47, 0.12, 0.04, paint((255, 240, 160)))


def bus(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    canvas.drawRoundRect(oval(-0.52, -0.34, 0.52, 0.3), 0.07, 0.07, _body(c, -0.34, 0.3))
    canvas.drawRect(oval(-0.52, 0.08, 0.52, 0.13), paint(light(c, 0.7)))
    for n in range(4):
        left = -0.46 + n * 0.19
        canvas.drawRoundRect(oval(left, -0.24, left + 0.155, -0.0), 0.02, 0.02, paint(_GLASS))
    canvas.drawRoundRect(oval(0.31, -0.24, 0.48, 0.26), 0.02, 0.02, paint(light(_GLASS, 0.2)))
    canvas.drawLine(0.395, -0.24, 0.395, 0.26, paint(dark(c, 0.3), stroke=0.016))
    for x in (-0.28, 0.2):
        _wheel(canvas, x, 0.31, 0.11)
    canvas.drawCircle(0.5, 0.2, 0.035, paint((255, 240, 160)))


def train(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    """A steam engine with its boiler, funnel and cloud."""
    for x, y, radius in ((0.2, -0.44, 0.07), (0.08, -0.5, 0.09), (-0.08, -0.5, 0.11)):
        canvas.drawCircle(x, y, radius, paint((240, 240, 244), 220))
    canvas.drawPath(
        polygon([(0.2, -0.14), (0.34, -0.14), (0.38, -0.38), (0.16, -0.38)]), paint(dark(c, 0.5))
    )
    canvas.drawRoundRect(oval(-0.16, -0.16, 0.46, 0.2), 0.12, 0.12, _body(c, -0.16, 0.2))
    canvas.drawRect(oval(-0.48, -0.34, -0.1, 0.22), paint(dark(c, 0.15)))
    canvas.drawRoundRect(oval(-0.53, -0.4, -0.05, -0.31), 0.03, 0.03, paint(dark(c, 0.5)))
    canvas.drawRect(oval(-0.4, -0.24, -0.2, -0.05), paint(_GLASS))
    for x in (0.02, 0.14):
        canvas.drawRect(oval(x, -0.16, x + 0.03, 0.2), paint((236, 196, 90)))
    canvas.drawRect(oval(-0.5, 0.2, 0.5, 0.27), paint(dark(c, 0.5)))
    canvas.drawPath(polygon([(0.42, 0.22), (0.56, 0.4), (0.38, 0.4)]), paint((150, 60, 50)))
    for x, radius in ((-0.34, 0.14), (-0.03, 0.11), (0.23, 0.11)):
        _wheel(canvas, x, 0.44 - radius * 0.8, radius)
    canvas.drawLine(-0.34, 0.34, 0.23, 0.36, paint(_STEEL, stroke=0.028))


def plane(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    canvas.drawPath(
        polygon([(-0.5, -0.3), (-0.38, -0.3), (-0.24, 0.0), (-0.44, 0.0)]), paint(dark(c, 0.12))
    )
    canvas.drawPath(
        polygon([(-0.06, -0.04), (0.1, -0.04), (-0.12, -0.36), (-0.22, -0.36)]), paint(dark(c, 0.3))
    )
    hull = curve(
        (-0.5, -0.06),
        [(-0.2, -0.18, 0.3, -0.18, 0.46, -0.06), (0.56, 0.02, 0.54, 0.1, 0.42, 0.12),
         (0.1, 0.16, -0.34, 0.14, -0.5, -0.06)],
    )  # fmt: skip
    canvas.drawPath(hull, _body(c, -0.16, 0.16))
    for n in range(6):
        canvas.drawCircle(-0.2 + n * 0.09, -0.02, 0.026, paint(_GLASS))
    canvas.drawPath(
        polygon([(0.38, -0.09), (0.46, -0.06), (0.49, -0.01), (0.38, -0.01)]), paint(_GLASS)
    )
    canvas.drawPath(
        polygon([(-0.08, 0.06), (0.12, 0.06), (-0.16, 0.4), (-0.28, 0.4)]), paint(light(c, 0.3))
    )
    canvas.drawRoundRect(oval(-0.1, 0.18, 0.06, 0.26), 0.04, 0.04, paint(dark(c, 0.5)))


def bicycle(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    frame = paint(c, stroke=0.06)
    for x in (-0.3, 0.3):
        canvas.drawCircle(x, 0.24, 0.23, paint(_TYRE, stroke=0.045))
        for spoke in ((0.2, 0.0), (0.0, 0.2), (0.14, 0.14), (0.14, -0.14)):
            canvas.drawLine(
                x - spoke[0],
                0.24 - spoke[1],
                x + spoke[0],
                0.24 + spoke[1],
                paint(_STEEL, stroke=0.01),
            )
    for start, end in (
        ((-0.3, 0.24), (-0.12, -0.1)), ((-0.3, 0.24), (0.0, 0.24)), ((0.0, 0.24), (-0.14, -0.16)),
        ((0.0, 0.24), (0.2, -0.1)), ((-0.12, -0.1), (0.2, -0.1)), ((0.3, 0.24), (0.18, -0.22)),
    ):  # fmt: skip
        canvas.drawLine(*start, *end, frame)
    canvas.drawLine(-0.24, -0.18, -0.04, -0.18, paint((56, 40, 34), stroke=0.07))
    canvas.drawLine(0.1, -0.26, 0.26, -0.2, paint((56, 40, 34), stroke=0.05))
    canvas.drawCircle(0, 0.24, 0.05, paint(dark(c, 0.5)))


def boat(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    canvas.drawLine(0, -0.46, 0, 0.18, paint(_WOOD, stroke=0.035))
    canvas.drawPath(polygon([(0.03, -0.44), (0.4, 0.1), (0.03, 0.1)]), paint((244, 240, 230)))
    canvas.drawPath(polygon([(-0.03, -0.34), (-0.3, 0.1), (-0.03, 0.1)]), paint(light(c, 0.25)))
    hull = polygon([(-0.5, 0.16), (0.5, 0.16), (0.34, 0.46), (-0.36, 0.46)])
    canvas.drawPath(hull, _body(c, 0.16, 0.46))
    canvas.drawLine(-0.46, 0.22, 0.46, 0.22, paint(light(c, 0.6), stroke=0.025))


def rocket(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    flame = curve(
        (-0.1, 0.3), [(-0.14, 0.42, -0.04, 0.5, 0.0, 0.56), (0.04, 0.5, 0.14, 0.42, 0.1, 0.3)]
    )
    canvas.drawPath(flame, paint((250, 150, 40)))
    canvas.drawOval(oval(-0.045, 0.28, 0.045, 0.46), paint((255, 236, 120)))
    for side in (-1, 1):
        fin = [(side * 0.13, 0.06), (side * 0.32, 0.36), (side * 0.1, 0.3)]
        canvas.drawPath(polygon(fin), paint(dark(c, 0.3)))
    hull = curve(
        (0, -0.52),
        [
            (0.2, -0.34, 0.22, 0.0, 0.12, 0.32),
            (0.04, 0.33, -0.04, 0.33, -0.12, 0.32),
            (-0.22, 0.0, -0.2, -0.34, 0, -0.52),
        ],
    )
    canvas.drawPath(
        hull, paint(c, shader=linear((-0.18, 0), (0.18, 0), light(c, 0.2), dark(c, 0.16)))
    )
    nose = curve(
        (0, -0.52),
        [
            (0.08, -0.46, 0.13, -0.36, 0.15, -0.28),
            (0.05, -0.26, -0.05, -0.26, -0.15, -0.28),
            (-0.13, -0.36, -0.08, -0.46, 0, -0.52),
        ],
    )
    canvas.drawPath(nose, paint(light(c, 0.65)))
    canvas.drawCircle(0, -0.1, 0.085, paint((236, 238, 244)))
    canvas.drawCircle(0, -0.1, 0.06, paint((70, 130, 190)))


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


def _body(c: Rgb, top: float, low: float) -> skia.Paint:
    return paint(c, shader=linear((0, top), (0, low), light(c, 0.14), dark(c, 0.16)))


def _wheel(canvas: skia.Canvas, x: float, y: float, radius: float) -> None:
    canvas.drawCircle(x, y, radius, paint(_TYRE))
    canvas.drawCircle(x, y, radius * 0.45, paint(_STEEL))
