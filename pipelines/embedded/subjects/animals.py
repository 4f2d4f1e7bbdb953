"""How the animals look: each in a box of side 1 around the origin, mostly in one colour."""

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

_BLACK: Rgb = (18, 18, 24)
_WHITE: Rgb = (252, 252, 252)
_NOSE: Rgb = (232, 110, 128)


def cat(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    tail = curve((0.2, 0.38), [(0.62, 0.46, 0.56, 0.02, 0.40, -0.04)], close=False)
    canvas.drawPath(tail, paint(dark(c, 0.2), stroke=0.1))
    body = curve(
        (-0.12, -0.16),
        [
            (-0.36, 0.08, -0.38, 0.48, -0.22, 0.48),
            (-0.1, 0.5, 0.1, 0.5, 0.24, 0.48),
            (0.4, 0.46, 0.36, 0.08, 0.14, -0.16),
        ],
    )
    canvas.drawPath(body, paint(c, shader=radial((-0.05, 0.1), 0.5, light(c, 0.18), dark(c, 0.14))))
    canvas.drawOval(oval(-0.11, 0.08, 0.13, 0.42), paint(light(c, 0.55)))
    for x in (-0.11, 0.12):
        canvas.drawOval(oval(x - 0.08, 0.39, x + 0.08, 0.5), paint(light(c, 0.25)))
    canvas.save()
    canvas.translate(0, -0.22)
    canvas.scale(0.62, 0.62)
    cat_head(canvas, c, rng)
    canvas.restore()


def cat_head(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    eyes: Rgb = rng.choice(((96, 190, 96), (240, 205, 80)) if bright(c) > 90 else ((244, 214, 80),))
    for side in (-1, 1):
        ear = [(side * 0.44, -0.08), (side * 0.4, -0.52), (side * 0.06, -0.34)]
        inner = [(side * 0.37, -0.18), (side * 0.355, -0.42), (side * 0.17, -0.31)]
        canvas.drawPath(polygon(ear), paint(c))
        canvas.drawPath(polygon(inner), paint((244, 168, 176)))
    canvas.drawOval(
        oval(-0.47, -0.38, 0.47, 0.42),
        paint(c, shader=radial((-0.08, -0.15), 0.72, light(c, 0.18), dark(c, 0.1))),
    )
    for x in (-0.13, 0.0, 0.13):
        canvas.drawLine(x, -0.36, x * 0.75, -0.22, paint(dark(c, 0.32), stroke=0.04))
    canvas.drawOval(oval(-0.17, 0.07, 0.17, 0.33), paint(light(c, 0.62)))
    for x in (-0.2, 0.2):
        _eye(canvas, x, -0.03, eyes)
    canvas.drawPath(polygon([(-0.06, 0.09), (0.06, 0.09), (0.0, 0.16)]), paint(_NOSE))
    canvas.drawLine(0, 0.16, 0, 0.23, paint((70, 45, 50), stroke=0.018))
    whisker = light(c, 0.85) if bright(c) < 190 else dark(c, 0.55)
    for side in (-1, 1):
        for rise in (-0.04, 0.03, 0.1):
            start, end = (side * 0.16, 0.19 + rise * 0.4), (side * 0.52, 0.15 + rise * 1.4)
            canvas.drawLine(*start, *end, paint(whisker, 220, stroke=0.014))


def dog(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    pale = light(c, 0.55)
    tail = curve((0.26, 0.2), [(0.5, 0.16, 0.5, -0.06, 0.44, -0.14)], close=False)
    canvas.drawPath(tail, paint(dark(c, 0.12), stroke=0.08))
    shade = radial((0.0, 0.1), 0.45, light(c, 0.15), dark(c, 0.15))
    canvas.drawRoundRect(oval(-0.3, 0.02, 0.34, 0.34), 0.16, 0.16, paint(c, shader=shade))
    for x in (-0.25, -0.12, 0.16, 0.27):
        canvas.drawRoundRect(oval(x - 0.055, 0.2, x + 0.055, 0.5), 0.05, 0.05, paint(dark(c, 0.1)))
        canvas.drawOval(oval(x - 0.07, 0.44, x + 0.06, 0.51), paint(pale))
    canvas.drawOval(oval(-0.46, -0.4, 0.06, 0.12), paint(c, shader=shade))
    for side in (-1, 1):
        ear = oval(-0.2 + side * 0.26 - 0.08, -0.4, -0.2 + side * 0.26 + 0.08, 0.02)
        canvas.drawOval(ear, paint(dark(c, 0.42)))
    canvas.drawOval(oval(-0.35, -0.14, -0.05, 0.12), paint(pale))
    canvas.drawOval(oval(-0.26, -0.14, -0.14, -0.05), paint(_BLACK))
    canvas.drawOval(oval(-0.24, 0.02, -0.16, 0.14), paint(_NOSE))
    for x in (-0.3, -0.1):
        canvas.drawCircle(x, -0.21, 0.045, paint(_BLACK))
        canvas.drawCircle(x + 0.012, -0.225, 0.016, paint(_WHITE))
    if rng.random() < 0.6:
        collar = rng.choice(((210, 50, 50), (60, 110, 200)))
        canvas.drawLine(-0.3, 0.13, -0.06, 0.14, paint(collar, stroke=0.05))


def bird(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    legs = paint((225, 150, 50), stroke=0.03)
    for x in (-0.04, 0.08):
        canvas.drawLine(x, 0.3, x, 0.48, legs)
        canvas.drawLine(x - 0.05, 0.48, x + 0.05, 0.48, legs)
    canvas.drawPath(polygon([(0.2, 0.06), (0.54, -0.12), (0.5, 0.08)]), paint(dark(c, 0.25)))
    shade = radial((-0.1, -0.05), 0.5, light(c, 0.18), dark(c, 0.1))
    canvas.drawOval(oval(-0.3, -0.16, 0.32, 0.36), paint(c, shader=shade))
    canvas.drawCircle(-0.22, -0.2, 0.2, paint(c, shader=shade))
    canvas.drawOval(oval(-0.26, 0.08, 0.02, 0.34), paint(light(c, 0.5)))
    wing = curve(
        (-0.08, 0.0), [(0.1, -0.14, 0.34, -0.04, 0.4, 0.14), (0.2, 0.28, 0.0, 0.22, -0.08, 0.0)]
    )
    canvas.drawPath(wing, paint(dark(c, 0.28)))
    canvas.drawPath(
        polygon([(-0.38, -0.26), (-0.58, -0.17), (-0.38, -0.12)]), paint((245, 165, 45))
    )
    canvas.drawCircle(-0.26, -0.24, 0.05, paint(_WHITE))
    canvas.drawCircle(-0.27, -0.24, 0.03, paint(_BLACK))
    if rng.random() < 0.4:
        canvas.drawPath(polygon([(-0.2, -0.38), (-0.1, -0.52), (-0.1, -0.34)]), paint(dark(c, 0.2)))


def fish(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    tail = [(-0.22, 0.0), (-0.52, -0.26), (-0.44, 0.0), (-0.52, 0.26)]
    canvas.drawPath(polygon(tail), paint(dark(c, 0.18)))
    canvas.drawPath(polygon([(-0.14, -0.16), (0.08, -0.4), (0.2, -0.14)]), paint(dark(c, 0.24)))
    canvas.drawPath(polygon([(-0.06, 0.18), (0.02, 0.36), (0.14, 0.16)]), paint(dark(c, 0.24)))
    shade = linear((0, -0.26), (0, 0.28), dark(c, 0.08), light(c, 0.4))
    canvas.drawOval(oval(-0.34, -0.26, 0.46, 0.26), paint(c, shader=shade))
    scale = paint(dark(c, 0.22), stroke=0.022)
    for x in range(rng.choice((2, 3))):
        left = -0.18 + x * 0.12
        canvas.drawArc(oval(left, -0.13, left + 0.14, 0.13), -70, 140, False, scale)
    canvas.drawCircle(0.28, -0.06, 0.07, paint(_WHITE))
    canvas.drawCircle(0.3, -0.06, 0.04, paint(_BLACK))
    canvas.drawLine(0.4, 0.1, 0.32, 0.12, paint(dark(c, 0.45), stroke=0.02))


def _eye(canvas: skia.Canvas, x: float, y: float, iris: Rgb) -> None:
    canvas.drawOval(oval(x - 0.11, y - 0.12, x + 0.11, y + 0.11), paint(_WHITE))
    canvas.drawCircle(x, y, 0.095, paint(iris))
    canvas.drawOval(oval(x - 0.04, y - 0.085, x + 0.04, y + 0.085), paint(_BLACK))
    canvas.drawCircle(x + 0.03, y - 0.04, 0.025, paint(_WHITE))
