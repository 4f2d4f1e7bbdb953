"""How the wilder animals look: each in a box of side 1 around the origin, mostly in one colour."""

import random

import skia

from pipelines.embedded.canvas import (
    Rgb,
    bright,
    curve,
    dark,
    light,
    mix,
    oval,
    paint,
    polygon,
    radial,
)

_BLACK: Rgb = (18, 18, 24)
_WHITE: Rgb = (252, 252, 252)
_ROSE: Rgb = (244, 168, 176)
_BEAK: Rgb = (246, 168, 48)


def rabbit(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    for side in (-1, 1):
        canvas.save()
        canvas.translate(side * 0.1, -0.2)
        canvas.rotate(side * rng.uniform(6, 14))
        canvas.drawOval(oval(-0.085, -0.34, 0.085, 0.06), paint(c))
        canvas.drawOval(oval(-0.04, -0.29, 0.04, 0.0), paint(_ROSE))
        canvas.restore()
    canvas.drawCircle(0.3, 0.34, 0.1, paint(light(c, 0.6)))
    canvas.drawOval(oval(-0.28, 0.0, 0.3, 0.5), _fur(c, 0.0, 0.2))
    canvas.drawOval(oval(-0.14, 0.14, 0.16, 0.48), paint(light(c, 0.55)))
    canvas.drawOval(oval(-0.25, -0.3, 0.25, 0.12), _fur(c, -0.05, -0.1))
    for x in (-0.16, 0.17):
        canvas.drawOval(oval(x - 0.1, 0.4, x + 0.1, 0.51), paint(light(c, 0.3)))
    _face(canvas, (-0.1, 0.1), -0.12, 0.045)
    canvas.drawPath(polygon([(-0.035, -0.04), (0.035, -0.04), (0, 0.0)]), paint((232, 110, 128)))
    canvas.drawRect(oval(-0.03, 0.03, 0.03, 0.08), paint(_WHITE))


def horse(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    mane = dark(c, 0.5) if bright(c) > 60 else light(c, 0.3)
    tail = curve((0.3, 0.0), [(0.48, 0.0, 0.46, 0.2, 0.44, 0.36)], close=False)
    canvas.drawPath(tail, paint(mane, stroke=0.075))
    for x in (-0.2, -0.1, 0.17, 0.27):
        canvas.drawRoundRect(oval(x - 0.04, 0.1, x + 0.04, 0.5), 0.03, 0.03, paint(dark(c, 0.14)))
        canvas.drawRect(oval(x - 0.045, 0.44, x + 0.045, 0.5), paint(dark(c, 0.55)))
    canvas.drawRoundRect(oval(-0.27, -0.1, 0.34, 0.2), 0.14, 0.14, _fur(c, 0.0, 0.0))
    neck = polygon([(-0.28, 0.1), (-0.06, -0.02), (-0.18, -0.42), (-0.34, -0.36)])
    canvas.drawPath(neck, paint(c))
    for n in range(5):
        y = -0.42 + n * 0.09
        canvas.drawOval(oval(-0.2 + n * 0.03, y, -0.07 + n * 0.03, y + 0.13), paint(mane))
    head = curve(
        (-0.18, -0.42),
        [(-0.24, -0.52, -0.36, -0.46, -0.4, -0.36), (-0.48, -0.26, -0.52, -0.2, -0.5, -0.15),
         (-0.46, -0.08, -0.36, -0.14, -0.2, -0.22)],
    )  # fmt: skip
    canvas.drawPath(head, paint(c))
    canvas.drawPath(polygon([(-0.26, -0.45), (-0.22, -0.56), (-0.18, -0.42)]), paint(c))
    canvas.drawOval(oval(-0.51, -0.22, -0.42, -0.11), paint(dark(c, 0.3)))
    canvas.drawCircle(-0.33, -0.35, 0.025, paint(_BLACK))


def elephant(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    for x in (-0.16, 0.0, 0.2, 0.34):
        shade = dark(c, 0.2 if x in (0.0, 0.34) else 0.08)
        canvas.drawRoundRect(oval(x - 0.07, 0.1, x + 0.07, 0.5), 0.04, 0.04, paint(shade))
        canvas.drawOval(oval(x - 0.06, 0.46, x + 0.06, 0.51), paint(light(c, 0.5)))
    canvas.drawOval(oval(-0.26, -0.26, 0.48, 0.34), _fur(c, 0.05, -0.1))
    canvas.drawLine(0.46, 0.0, 0.5, 0.22, paint(dark(c, 0.2), stroke=0.03))
    trunk = curve((-0.36, -0.05), [(-0.5, 0.1, -0.4, 0.3, -0.46, 0.42)], close=False)
    canvas.drawPath(trunk, paint(c, stroke=0.11))
    canvas.drawCircle(-0.26, -0.14, 0.2, _fur(c, -0.28, -0.2))
    canvas.drawOval(oval(-0.2, -0.32, 0.08, 0.1), paint(dark(c, 0.16)))
    canvas.drawOval(oval(-0.16, -0.26, 0.03, 0.04), paint(mix(c, _ROSE, 0.5)))
    tusk = curve((-0.34, 0.02), [(-0.34, 0.12, -0.3, 0.16, -0.24, 0.16)], close=False)
    canvas.drawPath(tusk, paint(_WHITE, stroke=0.035))
    canvas.drawCircle(-0.32, -0.18, 0.026, paint(_BLACK))


def butterfly(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    for side in (-1, 1):
        canvas.save()
        canvas.scale(side, 1)
        upper = curve(
            (0.02, -0.02), [(0.1, -0.5, 0.5, -0.5, 0.48, -0.2), (0.46, 0.0, 0.2, 0.06, 0.02, 0.02)]
        )
        lower = curve(
            (0.02, 0.0), [(0.26, 0.02, 0.44, 0.14, 0.36, 0.32), (0.24, 0.48, 0.06, 0.3, 0.02, 0.06)]
        )
        canvas.drawPath(lower, paint(light(c, 0.22)))
        canvas.drawPath(upper, paint(c, shader=radial((0.15, -0.15), 0.4, light(c, 0.25), c)))
        for shape in (upper, lower):
            canvas.drawPath(shape, paint(dark(c, 0.65), stroke=0.03))
        canvas.drawCircle(0.33, -0.25, 0.06, paint(light(c, 0.7)))
        canvas.drawCircle(0.22, 0.22, 0.045, paint(light(c, 0.75)))
        feeler = curve((0.01, -0.16), [(0.03, -0.3, 0.08, -0.36, 0.14, -0.38)], close=False)
        canvas.drawPath(feeler, paint(_BLACK, stroke=0.016))
        canvas.restore()
    canvas.drawOval(oval(-0.035, -0.2, 0.035, 0.3), paint((46, 34, 34)))


def owl(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    for side in (-1, 1):
        tuft = [(side * 0.3, -0.2), (side * 0.31, -0.5), (side * 0.08, -0.36)]
        canvas.drawPath(polygon(tuft), paint(dark(c, 0.2)))
    canvas.drawOval(oval(-0.33, -0.42, 0.33, 0.46), _fur(c, 0.0, -0.1))
    for side in (-1, 1):
        wing = curve(
            (side * 0.3, -0.1),
            [
                (side * 0.46, 0.1, side * 0.36, 0.38, side * 0.2, 0.42),
                (side * 0.18, 0.2, side * 0.2, 0.0, side * 0.3, -0.1),
            ],
        )
        canvas.drawPath(wing, paint(dark(c, 0.28)))
        canvas.drawOval(oval(side * 0.1 - 0.07, 0.42, side * 0.1 + 0.07, 0.5), paint(_BEAK))
    canvas.drawOval(oval(-0.19, 0.02, 0.19, 0.42), paint(light(c, 0.5)))
    for row in range(3):
        for x in (-0.09, 0.0, 0.09):
            arc = oval(x - 0.045, 0.06 + row * 0.1, x + 0.045, 0.14 + row * 0.1)
            canvas.drawArc(arc, 20, 140, False, paint(dark(c, 0.2), stroke=0.018))
    for x in (-0.14, 0.14):
        canvas.drawCircle(x, -0.16, 0.145, paint(light(c, 0.7)))
        canvas.drawCircle(x, -0.16, 0.1, paint((248, 200, 60)))
        canvas.drawCircle(x, -0.16, 0.055, paint(_BLACK))
        canvas.drawCircle(x + 0.02, -0.18, 0.018, paint(_WHITE))
    canvas.drawPath(polygon([(-0.045, -0.1), (0.045, -0.1), (0, 0.02)]), paint(_BEAK))


def penguin(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    for side in (-1, 1):
        canvas.drawOval(oval(side * 0.12 - 0.1, 0.41, side * 0.12 + 0.1, 0.5), paint(_BEAK))
        flipper = curve(
            (side * 0.22, -0.12),
            [
                (side * 0.4, 0.0, side * 0.44, 0.18, side * 0.4, 0.28),
                (side * 0.3, 0.2, side * 0.24, 0.1, side * 0.22, -0.12),
            ],
        )
        canvas.drawPath(flipper, paint(dark(c, 0.25)))
    canvas.drawOval(oval(-0.29, -0.46, 0.29, 0.47), _fur(c, 0.0, -0.1))
    canvas.drawOval(oval(-0.2, -0.06, 0.2, 0.44), paint(_WHITE))
    for x in (-0.09, 0.09):
        canvas.drawOval(oval(x - 0.1, -0.32, x + 0.1, -0.06), paint(_WHITE))
    _face(canvas, (-0.08, 0.08), -0.2, 0.035)
    canvas.drawPath(polygon([(-0.07, -0.13), (0.07, -0.13), (0, -0.03)]), paint(_BEAK))


def turtle(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    skin = mix(light(c, 0.3), (160, 190, 110), 0.4)
    for x in (-0.24, 0.2):
        canvas.drawOval(oval(x - 0.09, 0.14, x + 0.09, 0.42), paint(dark(skin, 0.12)))
    canvas.drawPath(polygon([(0.34, 0.2), (0.52, 0.28), (0.34, 0.28)]), paint(skin))
    neck = curve((-0.3, 0.14), [(-0.4, 0.14, -0.4, 0.0, -0.42, -0.06)], close=False)
    canvas.drawPath(neck, paint(skin, stroke=0.13))
    canvas.drawOval(oval(-0.54, -0.2, -0.3, 0.04), paint(skin))
    shell = curve((-0.38, 0.24), [(-0.36, -0.36, 0.36, -0.36, 0.4, 0.24)])
    canvas.drawPath(shell, _fur(c, 0.0, -0.1))
    for x, y, size in ((0.0, -0.04, 0.12), (-0.2, 0.08, 0.09), (0.2, 0.08, 0.09)):
        hexagon = [(x - size, y), (x - size / 2, y - size), (x + size / 2, y - size),
                   (x + size, y), (x + size / 2, y + size), (x - size / 2, y + size)]  # fmt: skip
        canvas.drawPath(polygon(hexagon), paint(dark(c, 0.35)))
    canvas.drawRoundRect(oval(-0.42, 0.2, 0.43, 0.3), 0.05, 0.05, paint(light(c, 0.4)))
    canvas.drawCircle(-0.45, -0.1, 0.028, paint(_BLACK))


def bear(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    pale = light(c, 0.5)
    for side in (-1, 1):
        canvas.drawCircle(side * 0.2, -0.38, 0.1, paint(c))
        canvas.drawCircle(side * 0.2, -0.38, 0.055, paint(pale))
        canvas.drawOval(
            oval(side * 0.27 - 0.11, 0.0, side * 0.27 + 0.11, 0.32), paint(dark(c, 0.12))
        )
        canvas.drawOval(
            oval(side * 0.19 - 0.12, 0.34, side * 0.19 + 0.12, 0.5), paint(dark(c, 0.08))
        )
        canvas.drawOval(oval(side * 0.19 - 0.07, 0.38, side * 0.19 + 0.07, 0.48), paint(pale))
    canvas.drawOval(oval(-0.29, -0.06, 0.29, 0.48), _fur(c, 0.0, 0.1))
    canvas.drawOval(oval(-0.17, 0.06, 0.17, 0.4), paint(pale))
    canvas.drawCircle(0, -0.22, 0.27, _fur(c, -0.05, -0.3))
    canvas.drawOval(oval(-0.13, -0.24, 0.13, -0.01), paint(pale))
    canvas.drawOval(oval(-0.05, -0.22, 0.05, -0.15), paint(_BLACK))
    _face(canvas, (-0.11, 0.11), -0.28, 0.032)


def _face(canvas: skia.Canvas, eyes: tuple[float, float], y: float, radius: float) -> None:
    for x in eyes:
        canvas.drawCircle(x, y, radius, paint(_BLACK))
        canvas.drawCircle(x + radius * 0.3, y - radius * 0.3, radius * 0.35, paint(_WHITE))


def _fur(c: Rgb, x: float, y: float) -> skia.Paint:
    return paint(c, shader=radial((x, y), 0.55, light(c, 0.18), dark(c, 0.14)))
