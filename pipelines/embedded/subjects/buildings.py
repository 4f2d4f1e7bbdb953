"""How buildings look: each in a box of side 1 around the origin, mostly in one colour."""

import random

import skia

from pipelines.embedded.canvas import Rgb, bright, dark, light, linear, mix, oval, paint, polygon

_WOOD: Rgb = (112, 76, 48)
_LIT: Rgb = (255, 236, 160)


def house(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    roof = _roof(c)
    canvas.drawRect(oval(0.15, -0.42, 0.25, -0.15), paint(dark(roof)))
    canvas.drawRect(oval(-0.38, -0.12, 0.38, 0.47), _wall(c, 0.36))
    canvas.drawPath(polygon([(-0.48, -0.1), (0.48, -0.1), (0, -0.46)]), paint(roof))
    canvas.drawRect(oval(-0.08, 0.17, 0.08, 0.47), paint(dark(_WOOD, 0.15)))
    for x in (-0.23, 0.23):
        canvas.drawRect(oval(x - 0.08, 0.02, x + 0.08, 0.18), paint(_LIT))
        frame = paint(dark(_WOOD, 0.1), stroke=0.02)
        canvas.drawRect(oval(x - 0.08, 0.02, x + 0.08, 0.18), frame)
        canvas.drawLine(x, 0.02, x, 0.18, frame)


def castle(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    roof = _roof(c)
    for x, wide, top in ((-0.34, 0.11, -0.12), (0.34, 0.11, -0.12), (0.0, 0.12, -0.22)):
        canvas.drawRect(oval(x - wide, top, x + wide, 0.47), _wall(c, 0.4))
        spire = [(x - wide - 0.03, top), (x + wide + 0.03, top), (x, top - 0.26)]
        canvas.drawPath(polygon(spire), paint(roof))
        canvas.drawRect(oval(x - 0.025, top + 0.06, x + 0.025, top + 0.16), paint(dark(c, 0.6)))
    canvas.drawRect(oval(-0.36, 0.12, 0.36, 0.47), paint(dark(c, 0.1)))
    for step in range(6):
        left = -0.35 + step * 0.125
        canvas.drawRect(oval(left, 0.05, left + 0.075, 0.13), paint(dark(c, 0.1)))
    canvas.drawCircle(0, 0.34, 0.1, paint(dark(_WOOD, 0.3)))
    canvas.drawRect(oval(-0.1, 0.34, 0.1, 0.47), paint(dark(_WOOD, 0.3)))
    canvas.drawLine(0, -0.48, 0, -0.52, paint(dark(c, 0.5), stroke=0.012))
    canvas.drawPath(polygon([(0, -0.54), (0.12, -0.5), (0, -0.46)]), paint((220, 60, 60)))


def lighthouse(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    tower = [(-0.11, -0.24), (0.11, -0.24), (0.2, 0.47), (-0.2, 0.47)]
    canvas.drawPath(polygon(tower), paint((248, 248, 244)))
    for top in (-0.16, 0.08, 0.32):
        wide, low = 0.11 + 0.09 * (top + 0.24) / 0.71, top + 0.12
        wider = 0.11 + 0.09 * (low + 0.24) / 0.71
        band = [(-wide, top), (wide, top), (wider, low), (-wider, low)]
        canvas.drawPath(polygon(band), _wall(c, 0.2))
    canvas.drawRect(oval(-0.16, -0.27, 0.16, -0.22), paint(dark(c, 0.55)))
    canvas.drawCircle(0, -0.33, 0.2, paint((255, 244, 170), 110, blur=0.05))
    canvas.drawRect(oval(-0.085, -0.39, 0.085, -0.26), paint((255, 238, 140)))
    canvas.drawPath(polygon([(-0.12, -0.38), (0.12, -0.38), (0, -0.52)]), paint(dark(c, 0.25)))
    canvas.drawRoundRect(oval(-0.055, 0.34, 0.055, 0.5), 0.04, 0.04, paint(dark(_WOOD, 0.3)))


def windmill(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    canvas.drawPath(
        polygon([(-0.14, -0.14), (0.14, -0.14), (0.24, 0.48), (-0.24, 0.48)]), _wall(c, 0.2)
    )
    canvas.drawPath(polygon([(-0.18, -0.12), (0.18, -0.12), (0, -0.34)]), paint(_roof(c)))
    canvas.drawRect(oval(-0.065, 0.27, 0.065, 0.48), paint(dark(_WOOD, 0.2)))
    canvas.drawRect(oval(-0.05, 0.04, 0.05, 0.14), paint(_LIT))
    canvas.save()
    canvas.translate(0, -0.14)
    canvas.rotate(rng.uniform(20, 70))
    for _ in range(4):
        canvas.rotate(90)
        canvas.drawRect(oval(0.0, -0.48, 0.13, -0.1), paint((246, 240, 224)))
        for rung in range(4):
            y = -0.46 + rung * 0.1
            canvas.drawLine(0, y, 0.13, y, paint(mix(_WOOD, (246, 240, 224), 0.4), stroke=0.014))
        canvas.drawLine(0, 0, 0, -0.48, paint(_WOOD, stroke=0.028))
    canvas.drawCircle(0, 0, 0.04, paint(dark(_WOOD, 0.3)))
    canvas.restore()


def _wall(c: Rgb, wide: float) -> skia.Paint:
    return paint(c, shader=linear((-wide, 0), (wide, 0), light(c, 0.12), dark(c, 0.14)))


def _roof(c: Rgb) -> Rgb:
    return (118, 62, 54) if bright(c) > 110 or c[0] < 100 else (86, 78, 88)
