"""How people look: each in a box of side 1 around the origin; the colour is what they wear."""

import random

import skia

from pipelines.embedded.canvas import Rgb, curve, dark, light, linear, oval, paint, polygon

_SKINS: tuple[Rgb, ...] = ((250, 214, 186), (236, 188, 150), (176, 120, 84), (120, 78, 54))
_HAIRS: tuple[Rgb, ...] = ((58, 38, 30), (28, 24, 28), (150, 96, 48), (226, 184, 98))
_BLACK: Rgb = (18, 18, 24)
_WHITE: Rgb = (250, 250, 250)


def girl(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    skin, hair = rng.choice(_SKINS), rng.choice(_HAIRS)
    for side in (-1, 1):
        canvas.drawOval(oval(side * 0.2 - 0.08, -0.34, side * 0.2 + 0.08, 0.04), paint(hair))
    _legs(canvas, skin, 0.07, 0.3)
    dress = polygon([(-0.1, -0.06), (0.1, -0.06), (0.28, 0.36), (-0.28, 0.36)])
    for side in (-1, 1):
        canvas.drawLine(side * 0.1, -0.01, side * 0.27, 0.16, paint(skin, stroke=0.06))
    canvas.drawPath(
        dress, paint(c, shader=linear((-0.2, 0), (0.2, 0.3), light(c, 0.15), dark(c, 0.12)))
    )
    _head(canvas, skin, hair)
    fringe = curve(
        (-0.2, -0.26),
        [(-0.2, -0.54, 0.2, -0.54, 0.2, -0.26), (0.1, -0.36, -0.06, -0.36, -0.2, -0.26)],
    )
    canvas.drawPath(fringe, paint(hair))
    canvas.drawPath(polygon([(0.1, -0.46), (0.24, -0.52), (0.22, -0.4)]), paint(light(c, 0.1)))


def boy(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    skin, hair = rng.choice(_SKINS), rng.choice(_HAIRS)
    trousers: Rgb = (62, 76, 112)
    for side in (-1, 1):
        canvas.drawLine(side * 0.13, 0.0, side * 0.27, 0.2, paint(dark(c, 0.1), stroke=0.09))
        canvas.drawCircle(side * 0.285, 0.22, 0.045, paint(skin))
        left = side * 0.075 - 0.065
        canvas.drawRect(oval(left, 0.2, left + 0.13, 0.45), paint(trousers))
        canvas.drawOval(
            oval(side * 0.09 - 0.085, 0.42, side * 0.09 + 0.085, 0.5), paint((54, 44, 44))
        )
    shirt = linear((-0.16, 0), (0.16, 0.2), light(c, 0.12), dark(c, 0.12))
    canvas.drawRoundRect(oval(-0.16, -0.08, 0.16, 0.26), 0.05, 0.05, paint(c, shader=shirt))
    _head(canvas, skin, hair)
    crop = curve(
        (-0.2, -0.3), [(-0.2, -0.52, 0.2, -0.52, 0.2, -0.3), (0.08, -0.4, -0.04, -0.38, -0.2, -0.3)]
    )
    canvas.drawPath(crop, paint(hair))


def astronaut(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    suit, shade = light(c, 0.1), dark(c, 0.16)
    canvas.drawRoundRect(oval(-0.24, -0.12, 0.24, 0.2), 0.06, 0.06, paint(dark(c, 0.4)))
    for side in (-1, 1):
        canvas.drawLine(side * 0.15, 0.0, side * 0.31, 0.18, paint(shade, stroke=0.13))
        canvas.drawCircle(side * 0.33, 0.21, 0.065, paint(dark(c, 0.35)))
        canvas.drawRoundRect(
            oval(side * 0.1 - 0.085, 0.16, side * 0.1 + 0.085, 0.48), 0.06, 0.06, paint(shade)
        )
        canvas.drawOval(oval(side * 0.11 - 0.1, 0.41, side * 0.11 + 0.1, 0.5), paint(dark(c, 0.4)))
    body = linear((-0.2, -0.1), (0.2, 0.3), suit, shade)
    canvas.drawRoundRect(oval(-0.2, -0.1, 0.2, 0.28), 0.09, 0.09, paint(c, shader=body))
    canvas.drawRect(oval(-0.08, 0.04, 0.08, 0.15), paint((70, 84, 110)))
    canvas.drawCircle(-0.04, 0.095, 0.02, paint((232, 70, 70)))
    canvas.drawCircle(0.03, 0.095, 0.02, paint((90, 210, 120)))
    canvas.drawCircle(0, -0.26, 0.24, paint(suit))
    visor = linear((-0.16, -0.4), (0.16, -0.12), (122, 164, 214), (20, 26, 56))
    canvas.drawOval(oval(-0.18, -0.4, 0.18, -0.12), paint((20, 26, 56), shader=visor))
    canvas.drawOval(oval(-0.12, -0.36, -0.02, -0.28), paint(_WHITE, 170))


def _head(canvas: skia.Canvas, skin: Rgb, hair: Rgb) -> None:
    canvas.drawRect(oval(-0.045, -0.14, 0.045, -0.02), paint(dark(skin, 0.1)))
    canvas.drawCircle(0, -0.28, 0.205, paint(hair))
    canvas.drawOval(oval(-0.17, -0.42, 0.17, -0.08), paint(skin))
    for x in (-0.07, 0.07):
        canvas.drawCircle(x, -0.24, 0.027, paint(_BLACK))
        canvas.drawCircle(x * 1.5, -0.17, 0.028, paint((240, 130, 130), 130))
    smile = oval(-0.06, -0.21, 0.06, -0.13)
    canvas.drawArc(smile, 20, 140, False, paint((160, 60, 60), stroke=0.018))


def _legs(canvas: skia.Canvas, skin: Rgb, apart: float, top: float) -> None:
    for side in (-1, 1):
        canvas.drawLine(side * apart, top, side * apart, 0.46, paint(skin, stroke=0.06))
        canvas.drawOval(
            oval(side * apart - 0.06, 0.43, side * apart + 0.06, 0.5), paint((120, 50, 60))
        )
