"""How food looks: each in a box of side 1 around the origin, mostly in one colour."""

import random

import skia

from pipelines.embedded.canvas import Rgb, curve, dark, light, linear, oval, paint, polygon, radial

_WOOD: Rgb = (112, 76, 48)
_CREAM: Rgb = (255, 246, 230)


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


def banana(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    fruit = curve(
        (-0.42, -0.26),
        [(-0.4, 0.3, 0.14, 0.56, 0.46, 0.2), (0.48, 0.14, 0.44, 0.1, 0.38, 0.12),
         (0.1, 0.24, -0.22, 0.06, -0.28, -0.3)],
    )  # fmt: skip
    canvas.drawPath(
        fruit, paint(c, shader=linear((-0.2, -0.2), (0.1, 0.4), light(c, 0.25), dark(c, 0.2)))
    )
    ridge = curve((-0.35, -0.24), [(-0.3, 0.18, 0.1, 0.38, 0.42, 0.16)], close=False)
    canvas.drawPath(ridge, paint(dark(c, 0.25), stroke=0.02))
    canvas.drawPath(
        polygon([(-0.43, -0.26), (-0.4, -0.42), (-0.31, -0.42), (-0.27, -0.28)]),
        paint(dark(c, 0.5)),
    )
    canvas.drawCircle(0.45, 0.15, 0.04, paint(dark(c, 0.6)))


def cake(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    canvas.drawOval(oval(-0.5, 0.34, 0.5, 0.5), paint((226, 228, 234)))
    for left, top, low in ((-0.4, 0.06, 0.44), (-0.27, -0.22, 0.1)):
        canvas.drawRoundRect(oval(left, top, -left, low), 0.05, 0.05, _side(c, -left))
        icing = oval(left - 0.01, top - 0.05, -left + 0.01, top + 0.08)
        canvas.drawRoundRect(icing, 0.05, 0.05, paint(_CREAM))
        drips = 6 if left < -0.3 else 4
        for n in range(drips):
            x = left + (n + 0.5) * (-2 * left) / drips
            low_end = top + 0.08 + (0.08 if n % 2 else 0.03)
            canvas.drawLine(x, top + 0.04, x, low_end, paint(_CREAM, stroke=0.075))
    for x in (-0.13, 0.0, 0.13):
        canvas.drawLine(x, -0.27, x, -0.42, paint(light(c, 0.2), stroke=0.035))
        canvas.drawOval(oval(x - 0.025, -0.51, x + 0.025, -0.42), paint((255, 190, 60)))


def ice_cream(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    canvas.drawPath(polygon([(-0.22, 0.0), (0.22, 0.0), (0, 0.52)]), paint((226, 170, 96)))
    for shift in (-0.12, 0.0, 0.12):
        lattice = paint((186, 126, 62), stroke=0.014)
        canvas.drawLine(shift - 0.06, 0.02, shift * 0.3 + 0.06, 0.3, lattice)
        canvas.drawLine(shift + 0.06, 0.02, shift * 0.3 - 0.06, 0.3, lattice)
    shade = radial((-0.08, -0.24), 0.42, light(c, 0.3), dark(c, 0.1))
    canvas.drawCircle(0, -0.18, 0.28, paint(c, shader=shade))
    for x in (-0.21, -0.07, 0.07, 0.21):
        canvas.drawCircle(x, 0.02, 0.085, paint(c))
    canvas.drawCircle(0.03, -0.47, 0.075, paint((214, 40, 60)))
    canvas.drawOval(oval(-0.17, -0.34, -0.07, -0.22), paint((255, 255, 255), 110))


def cup(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    """A steaming cup of coffee on its saucer."""
    for x in (-0.14, 0.02):
        steam = curve((x, -0.22), [(x - 0.1, -0.32, x + 0.12, -0.4, x + 0.02, -0.52)], close=False)
        canvas.drawPath(steam, paint((236, 236, 240), 200, stroke=0.035))
    canvas.drawOval(oval(-0.46, 0.3, 0.38, 0.48), paint(light(c, 0.55)))
    canvas.drawCircle(0.32, 0.08, 0.13, paint(dark(c, 0.1), stroke=0.065))
    bowl = curve(
        (-0.38, -0.14), [(-0.38, 0.2, -0.28, 0.4, -0.04, 0.4), (0.2, 0.4, 0.3, 0.2, 0.3, -0.14)]
    )
    canvas.drawPath(bowl, _side(c, 0.36))
    canvas.drawOval(oval(-0.38, -0.22, 0.3, -0.06), paint(light(c, 0.35)))
    canvas.drawOval(oval(-0.33, -0.19, 0.25, -0.08), paint((96, 58, 36)))


def _side(c: Rgb, wide: float) -> skia.Paint:
    return paint(c, shader=linear((-wide, 0), (wide, 0), light(c, 0.16), dark(c, 0.14)))
