"""How the plants look. Each is drawn in a box of side 1 around the origin, mostly in one colour."""

import random

import skia

from pipelines.embedded.canvas import (
    Rgb,
    bright,
    curve,
    dark,
    light,
    linear,
    mix,
    oval,
    paint,
    polygon,
    radial,
)

_STEM: Rgb = (64, 136, 66)
_BARK: Rgb = (104, 74, 50)


def flower(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    petals = rng.choice((5, 6, 8))
    canvas.drawLine(0, 0.0, 0.02, 0.52, paint(_STEM, stroke=0.055))
    for side in (-1, 1):
        canvas.save()
        canvas.translate(0.01, 0.42)
        canvas.rotate(side * 56)
        canvas.drawOval(oval(-0.07, -0.28, 0.07, 0), paint(light(_STEM, 0.08)))
        canvas.restore()
    canvas.save()
    canvas.translate(0, -0.12)
    canvas.rotate(rng.uniform(0, 40))
    for length, width, pale in ((0.4, 0.15, 0.0), (0.26, 0.11, 0.22)):
        shade = light(c, pale)
        petal = paint(
            shade, shader=linear((0, -length), (0, 0), light(shade, 0.2), dark(shade, 0.2))
        )
        for turn in range(petals):
            canvas.save()
            canvas.rotate(turn * 360 / petals + pale * 100)
            canvas.drawOval(oval(-width, -length, width, 0), petal)
            canvas.restore()
    heart = (122, 74, 34) if bright(c) > 165 and c[2] < 140 else (246, 204, 70)
    canvas.drawCircle(0, 0, 0.1, paint(heart))
    canvas.restore()


def magnolia(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    """A cup of broad tepals, deep at the base and pale at the tips, on a bare dark twig."""
    lean = rng.uniform(-8, 8)
    twig = curve((-0.5, 0.52), [(-0.25, 0.46, -0.1, 0.4, 0.0, 0.26)], close=False)
    canvas.drawPath(twig, paint(_BARK, stroke=0.06))
    canvas.drawLine(-0.2, 0.44, 0.34, 0.54, paint(dark(_BARK, 0.2), stroke=0.035))
    bud = curve(
        (0.34, 0.54), [(0.34, 0.4, 0.48, 0.34, 0.47, 0.28), (0.56, 0.4, 0.48, 0.5, 0.34, 0.54)]
    )
    canvas.drawPath(bud, paint(mix(c, _BARK, 0.3)))
    canvas.save()
    canvas.translate(0, 0.28)
    canvas.rotate(lean)
    back, front = ((-74, -40, 40, 74), (-20, 20)), (-52, 52, 0)
    for turn in back[0]:
        _tepal(canvas, turn, 0.5, 0.17, dark(c, 0.06))
    for turn in back[1]:
        _tepal(canvas, turn, 0.68, 0.19, light(c, 0.15))
    for turn in front:
        _tepal(canvas, turn, 0.56 if turn else 0.6, 0.2, light(c, 0.05))
    canvas.drawOval(oval(-0.09, -0.08, 0.09, 0.05), paint(dark(c, 0.35)))
    canvas.restore()


def _tepal(canvas: skia.Canvas, turn: float, length: float, width: float, c: Rgb) -> None:
    canvas.save()
    canvas.rotate(turn)
    shape = curve(
        (0, 0),
        [
            (-width * 0.5, -length * 0.2, -width * 1.5, -length * 0.65, 0, -length),
            (width * 1.5, -length * 0.65, width * 0.5, -length * 0.2, 0, 0),
        ],
    )
    shade = linear((0, 0), (0, -length), dark(c, 0.22), light(c, 0.5))
    canvas.drawPath(shape, paint(c, shader=shade))
    canvas.drawPath(shape, paint(dark(c, 0.3), 110, stroke=0.012))
    canvas.restore()


def tree(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    trunk = polygon([(-0.06, 0.0), (0.06, 0.0), (0.1, 0.52), (-0.1, 0.52)])
    canvas.drawPath(
        trunk, paint(_BARK, shader=linear((-0.08, 0), (0.08, 0), light(_BARK, 0.15), _BARK))
    )
    if rng.random() < 0.3:
        for layer in range(3):
            wide, low = 0.38 - layer * 0.08, 0.24 - layer * 0.22
            tier = [(-wide, low), (wide, low), (0, low - 0.38)]
            canvas.drawPath(polygon(tier), paint(mix(dark(c, 0.16), c, layer / 2)))
        return
    for x, y, radius in (
        (-0.22, -0.04, 0.21),
        (0.22, -0.04, 0.21),
        (0, -0.24, 0.28),
        (0, 0.0, 0.22),
    ):
        shade = radial((x - 0.06, y - 0.08), radius * 1.4, light(c, 0.18), dark(c, 0.24))
        canvas.drawCircle(x, y, radius, paint(c, shader=shade))


def pine(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    canvas.drawRect(oval(-0.06, 0.28, 0.06, 0.5), paint(_BARK))
    for layer in range(4):
        wide, low = 0.36 - layer * 0.075, 0.34 - layer * 0.2
        tier = [(-wide, low), (wide, low), (0, low - 0.32)]
        shade = linear((-wide, 0), (wide, 0), light(c, 0.12), dark(c, 0.24))
        canvas.drawPath(polygon(tier), paint(c, shader=shade))


def cactus(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    limb = paint(dark(c, 0.08), stroke=0.14)
    for side, low, high in ((-1, 0.14, -0.18), (1, 0.02, -0.3)):
        canvas.drawLine(0, low, side * 0.27, low, limb)
        canvas.drawLine(side * 0.27, low, side * 0.27, high, limb)
    trunk = oval(-0.13, -0.48, 0.13, 0.5)
    canvas.drawRoundRect(
        trunk,
        0.13,
        0.13,
        paint(c, shader=linear((-0.13, 0), (0.13, 0), light(c, 0.2), dark(c, 0.2))),
    )
    for x in (-0.055, 0.055):
        canvas.drawLine(x, -0.38, x, 0.46, paint(dark(c, 0.32), stroke=0.016))
    for n in range(6):
        y = -0.34 + n * 0.15
        canvas.drawLine(-0.03, y, 0.03, y, paint(light(c, 0.7), stroke=0.014))
    if rng.random() < 0.5:
        canvas.drawCircle(0, -0.48, 0.065, paint((244, 120, 160)))


def mushroom(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    stalk = curve(
        (-0.12, -0.04),
        [
            (-0.1, 0.2, -0.16, 0.4, -0.2, 0.48),
            (-0.1, 0.52, 0.1, 0.52, 0.2, 0.48),
            (0.16, 0.4, 0.1, 0.2, 0.12, -0.04),
        ],
    )
    canvas.drawPath(stalk, paint((246, 236, 214)))
    canvas.drawOval(oval(-0.36, -0.1, 0.36, 0.08), paint((226, 208, 178)))
    cap = curve(
        (-0.48, 0.0), [(-0.46, -0.6, 0.46, -0.6, 0.48, 0.0), (0.2, 0.08, -0.2, 0.08, -0.48, 0.0)]
    )
    canvas.drawPath(cap, paint(c, shader=radial((-0.1, -0.3), 0.6, light(c, 0.2), dark(c, 0.14))))
    for x, y, radius in (
        (-0.24, -0.14, 0.07),
        (0.02, -0.3, 0.085),
        (0.26, -0.12, 0.065),
        (0.0, -0.06, 0.05),
    ):
        canvas.drawCircle(x, y, radius, paint((252, 250, 244)))


def tulip(canvas: skia.Canvas, c: Rgb, rng: random.Random) -> None:
    canvas.drawLine(0, -0.02, 0.0, 0.52, paint(_STEM, stroke=0.05))
    for side in (-1, 1):
        leaf = curve(
            (0, 0.5),
            [
                (side * 0.12, 0.34, side * 0.26, 0.2, side * 0.28, 0.0),
                (side * 0.14, 0.14, side * 0.04, 0.3, 0, 0.5),
            ],
        )
        canvas.drawPath(leaf, paint(light(_STEM, 0.1)))
    for side in (-1, 1):
        outer = curve(
            (0, 0.04),
            [
                (side * 0.34, 0.02, side * 0.3, -0.3, side * 0.24, -0.46),
                (side * 0.1, -0.34, side * 0.02, -0.2, 0, 0.04),
            ],
        )
        canvas.drawPath(outer, paint(dark(c, 0.1)))
    middle = curve(
        (0, 0.05), [(-0.22, -0.02, -0.18, -0.3, 0, -0.5), (0.18, -0.3, 0.22, -0.02, 0, 0.05)]
    )
    canvas.drawPath(
        middle, paint(c, shader=linear((0, 0.05), (0, -0.5), dark(c, 0.12), light(c, 0.25)))
    )
