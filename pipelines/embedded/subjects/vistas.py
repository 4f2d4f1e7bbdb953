"""How the subjects look that fill the picture: a city, a town, a landscape.

They stand on the scene's ground, take its light, and know the neon style, whose city glows.
"""

import math
import random

import skia

from pipelines.embedded.canvas import Rgb, dark, light, linear, mix, oval, paint, polygon
from pipelines.embedded.subjects import objects
from pipelines.embedded.world import Scene

_NEON: tuple[Rgb, ...] = ((255, 50, 190), (40, 235, 255), (176, 84, 255), (255, 120, 60))
_LIT: Rgb = (255, 224, 120)
_FAR: dict[str, Rgb] = {
    "meadow": (140, 170, 205),
    "night": (42, 50, 104),
    "sunset": (168, 104, 140),
    "snow": (112, 138, 180),
}
_NEAR: dict[str, Rgb] = {
    "meadow": (70, 138, 78),
    "night": (14, 22, 44),
    "sunset": (70, 40, 66),
    "snow": (238, 244, 252),
}


def city(canvas: skia.Canvas, scene: Scene, horizon: float, rng: random.Random) -> None:
    """Two rows of towers, the front one with windows; in neon its edges glow."""
    neon = scene.style == "neon"
    foot = min(0.92, horizon + 0.16)
    night = scene.ground == "night"
    back: Rgb = (46, 34, 96) if night else mix(_FAR[scene.ground], (150, 160, 190), 0.4)
    x = -0.05
    while x < 1:
        wide, high = rng.uniform(0.08, 0.15), rng.uniform(0.4, 0.66)
        canvas.drawRect(oval(x, foot - high, x + wide, foot), paint(back))
        x += wide
    x = -0.03
    while x < 1:
        wide, high = rng.uniform(0.13, 0.2), rng.uniform(0.26, 0.6)
        front: Rgb = (18, 14, 50) if night else mix((58, 66, 104), (110, 124, 160), rng.random())
        _tower(canvas, (x, foot, wide * 0.92, high), front, neon, night, rng)
        x += wide
    if neon:
        road = linear((0, foot), (0, 1), (70, 20, 110), (10, 8, 30))
        canvas.drawRect(oval(0, foot, 1, 1), paint((0, 0, 0), shader=road))
        for _ in range(9):
            at, glow = rng.random(), rng.choice(_NEON)
            canvas.drawLine(
                at, foot + 0.01, at, rng.uniform(foot + 0.04, 1), paint(glow, 120, stroke=0.02)
            )


def _tower(
    canvas: skia.Canvas,
    place: tuple[float, float, float, float],
    front: Rgb,
    neon: bool,
    night: bool,
    rng: random.Random,
) -> None:
    x, foot, wide, high = place
    top = foot - high
    canvas.drawRect(oval(x, top, x + wide, foot), paint(front))
    roof = rng.random()
    if roof < 0.35:
        spire = [(x + wide * 0.2, top), (x + wide * 0.8, top), (x + wide * 0.5, top - 0.13)]
        canvas.drawPath(polygon(spire), paint(front))
    elif roof < 0.6:
        canvas.drawLine(x + wide / 2, top, x + wide / 2, top - 0.1, paint(front, stroke=0.015))
    glow = rng.choice(_NEON)
    pane = glow if neon else _LIT if night else (206, 228, 246)
    rows, columns = int(high / 0.065), max(2, int(wide / 0.05))
    for row in range(rows):
        for column in range(columns):
            if rng.random() < 0.6:
                left = x + wide * (column + 0.25) / columns
                canvas.drawRect(
                    skia.Rect.MakeXYWH(left, top + 0.03 + row * 0.065, wide * 0.5 / columns, 0.034),
                    paint(pane),
                )
    if neon:
        canvas.drawRect(oval(x, top, x + wide, foot), paint(glow, stroke=0.012))


def town(canvas: skia.Canvas, scene: Scene, horizon: float, rng: random.Random) -> None:
    """Rows of cottages around a church with a pointed steeple; at night their windows are lit."""
    night = scene.ground == "night"
    hill = mix(_FAR[scene.ground], _NEAR[scene.ground], 0.45)
    ridge = [
        (x / 8, horizon - 0.1 - 0.07 * math.sin(x * 0.9 + rng.uniform(0, 2))) for x in range(9)
    ]
    canvas.drawPath(polygon([(0, 1), *ridge, (1, 1)]), paint(hill))
    canvas.drawRect(oval(0, horizon + 0.1, 1, 1), paint(_NEAR[scene.ground]))
    walls: tuple[Rgb, ...] = ((232, 206, 160), (214, 150, 110), (240, 232, 214), (168, 180, 200))
    _church(
        canvas, rng.uniform(0.3, 0.7), horizon + 0.14, dark((226, 222, 214), 0.55 if night else 0.0)
    )
    for row, (count, size, low) in enumerate(((5, 0.2, 0.06), (4, 0.27, 0.2))):
        for place in range(count):
            x = (place + 0.5) / count + rng.uniform(-0.05, 0.05)
            wall = dark(rng.choice(walls), 0.62 if night else 0.12 * (1 - row))
            canvas.save()
            canvas.translate(x, horizon + low + rng.uniform(-0.02, 0.02))
            canvas.scale(size, size)
            objects.house(canvas, wall, rng)
            canvas.restore()
    if scene.style == "neon":
        for _ in range(6):
            x, y, glow = rng.random(), horizon + rng.uniform(0, 0.3), rng.choice(_NEON)
            canvas.drawLine(x, y, x + 0.1, y, paint(glow, stroke=0.02))


def _church(canvas: skia.Canvas, x: float, foot: float, c: Rgb) -> None:
    canvas.drawRect(oval(x - 0.04, foot - 0.26, x + 0.04, foot), paint(c))
    canvas.drawPath(polygon([(x - 0.05, foot - 0.26), (x + 0.05, foot - 0.26), (x, foot - 0.46)]),
                    paint((84, 78, 104)))  # fmt: skip


def landscape(canvas: skia.Canvas, scene: Scene, horizon: float, rng: random.Random) -> None:
    """Misty ranges one before the other, a lake in front of them and a few trees."""
    far, near = _FAR[scene.ground], _NEAR[scene.ground]
    for depth in range(3):
        low = horizon - 0.3 + 0.13 * depth
        ridge = [
            (
                -0.1 + 0.2 * step,
                low + (rng.uniform(-0.2, -0.06) if step % 2 else rng.uniform(0.02, 0.1)),
            )
            for step in range(7)
        ]
        c = mix(light(far, 0.25), mix(far, near, 0.6), depth / 2)
        mist = linear((0, low - 0.15), (0, low + 0.2), c, light(c, 0.45 if depth < 2 else 0.1))
        canvas.drawPath(polygon([(-0.1, 1), *ridge, (1.1, 1)]), paint(c, shader=mist))
    sky: dict[str, Rgb] = {"meadow": (150, 205, 235), "sunset": (236, 150, 110)}
    water = sky.get(scene.ground, light(far, 0.2))
    lake = linear((0, horizon + 0.06), (0, 0.92), light(water, 0.25), dark(water, 0.12))
    canvas.drawRect(oval(0, horizon + 0.06, 1, 1), paint(water, shader=lake))
    side = rng.choice((-1, 1))
    bank = [(0.5 - side * 0.6, 1.0), (0.5 - side * 0.6, 0.82), (0.5, 0.9), (0.5 + side * 0.3, 1.0)]
    canvas.drawPath(polygon(bank), paint(near))
    for _ in range(rng.randint(1, 3)):
        x, y = 0.5 - side * rng.uniform(0.2, 0.45), rng.uniform(0.84, 0.9)
        leaf = dark(near, 0.3) if scene.ground != "snow" else (90, 116, 120)
        for tier in range(3):
            low, wide = y - tier * 0.06, 0.07 - tier * 0.015
            canvas.drawPath(
                polygon([(x - wide, low), (x + wide, low), (x, low - 0.12)]), paint(leaf)
            )
