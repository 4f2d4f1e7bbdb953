"""How the subjects look that fill the whole picture: a city, a town, a landscape.

They stand on the scene's setting and take its light; the neon style's city glows.
"""

import math
import random
from collections.abc import Callable
from typing import TypeAlias

import skia

from pipelines.embedded.canvas import Rgb, dark, light, linear, mix, oval, paint, polygon
from pipelines.embedded.settings import Stage
from pipelines.embedded.subjects.buildings import house
from pipelines.embedded.world import Scene

_NEON: tuple[Rgb, ...] = ((255, 50, 190), (40, 235, 255), (176, 84, 255), (255, 120, 60))
_LIT: Rgb = (255, 224, 120)
_FAR: dict[str, Rgb] = {
    "meadow": (140, 170, 205),
    "autumn": (190, 150, 130),
    "night": (42, 50, 104),
    "sunset": (168, 104, 140),
    "snow": (112, 138, 180),
}
_NEAR: dict[str, Rgb] = {
    "meadow": (70, 138, 78),
    "autumn": (186, 108, 50),
    "night": (14, 22, 44),
    "sunset": (70, 40, 66),
    "snow": (238, 244, 252),
}
DrawVista: TypeAlias = Callable[[Stage, Scene], None]


def city(stage: Stage, scene: Scene) -> None:
    """Two rows of towers, the front one with windows; in neon its edges glow."""
    canvas, rng, w, h = stage.canvas, stage.rng, stage.frame.w, stage.frame.h
    neon, night = scene.style == "neon", scene.setting == "night"
    foot = min(h - 0.1, stage.horizon + 0.16)
    back: Rgb = (46, 34, 96) if night else mix(_FAR[scene.setting], (150, 160, 190), 0.4)
    x = -0.05
    while x < w:
        wide, high = rng.uniform(0.08, 0.15), rng.uniform(0.5, 0.82) * foot
        canvas.drawRect(oval(x, foot - high, x + wide, foot), paint(back))
        x += wide
    x = -0.03
    while x < w:
        wide, high = rng.uniform(0.13, 0.2), rng.uniform(0.32, 0.74) * foot
        front: Rgb = (18, 14, 50) if night else mix((58, 66, 104), (110, 124, 160), rng.random())
        _tower(canvas, (x, foot, wide * 0.92, high), front, neon, night, rng)
        x += wide
    if not neon:
        stage.band(foot, h, (112, 116, 126), (84, 88, 98))
        return
    stage.band(foot, h, (70, 20, 110), (10, 8, 30))
    for _ in range(round(9 * w)):
        at, glow = rng.uniform(0, w), rng.choice(_NEON)
        low = rng.uniform(foot + 0.04, h)
        canvas.drawLine(at, foot + 0.01, at, low, paint(glow, 120, stroke=0.02))


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
                y = top + 0.03 + row * 0.065
                window = oval(left, y, left + wide * 0.5 / columns, y + 0.034)
                canvas.drawRect(window, paint(pane))
    if neon:
        canvas.drawRect(oval(x, top, x + wide, foot), paint(glow, stroke=0.012))


def town(stage: Stage, scene: Scene) -> None:
    """Rows of cottages around a church with a pointed steeple; at night their windows are lit."""
    canvas, rng, w, horizon = stage.canvas, stage.rng, stage.frame.w, stage.horizon
    night = scene.setting == "night"
    hill = mix(_FAR[scene.setting], _NEAR[scene.setting], 0.45)
    ridge = [
        (w * n / 8, horizon - 0.1 - 0.07 * math.sin(n * 0.9 + rng.uniform(0, 2))) for n in range(9)
    ]
    canvas.drawPath(polygon([(0, stage.frame.h), *ridge, (w, stage.frame.h)]), paint(hill))
    stage.land(_NEAR[scene.setting], _NEAR[scene.setting], rise=0.1)
    walls: tuple[Rgb, ...] = ((232, 206, 160), (214, 150, 110), (240, 232, 214), (168, 180, 200))
    spire = dark((226, 222, 214), 0.55 if night else 0.0)
    _church(canvas, rng.uniform(0.3, 0.7) * w, horizon + 0.14, spire)
    for row, (each, size, low) in enumerate(((0.2, 0.2, 0.06), (0.25, 0.27, 0.2))):
        count = round(w / each)
        for place in range(count):
            x = w * (place + 0.5) / count + rng.uniform(-0.05, 0.05)
            wall = dark(rng.choice(walls), 0.62 if night else 0.12 * (1 - row))
            canvas.save()
            canvas.translate(x, horizon + low + rng.uniform(-0.02, 0.02))
            canvas.scale(size, size)
            house(canvas, wall, rng)
            canvas.restore()


def _church(canvas: skia.Canvas, x: float, foot: float, c: Rgb) -> None:
    canvas.drawRect(oval(x - 0.04, foot - 0.26, x + 0.04, foot), paint(c))
    steeple = [(x - 0.05, foot - 0.26), (x + 0.05, foot - 0.26), (x, foot - 0.46)]
    canvas.drawPath(polygon(steeple), paint((84, 78, 104)))


def landscape(stage: Stage, scene: Scene) -> None:
    """Misty ranges one before the other, a lake in front of them and a few trees."""
    canvas, rng, w, h = stage.canvas, stage.rng, stage.frame.w, stage.frame.h
    far, near = _FAR[scene.setting], _NEAR[scene.setting]
    for depth in range(3):
        c = mix(light(far, 0.25), mix(far, near, 0.6), depth / 2)
        low = stage.horizon - 0.3 + 0.13 * depth
        points, x, up = [(-0.1, h)], -0.1, False
        while x < w + 0.3:
            points.append((x, low + (rng.uniform(-0.2, -0.06) if up else rng.uniform(0.02, 0.1))))
            x, up = x + 0.2, not up
        mist = linear((0, low - 0.15), (0, low + 0.2), c, light(c, 0.45 if depth < 2 else 0.1))
        canvas.drawPath(polygon([*points, (w + 0.3, h)]), paint(c, shader=mist))
    waters: dict[str, Rgb] = {"meadow": (150, 205, 235), "sunset": (236, 150, 110)}
    water = waters.get(scene.setting, light(far, 0.2))
    stage.band(stage.horizon + 0.06, h, light(water, 0.25), dark(water, 0.12))
    side = rng.choice((-1, 1))
    edge = w / 2 - side * (w / 2 + 0.1)
    bank = [(edge, h), (edge, h - 0.18), (w / 2, h - 0.1), (w / 2 + side * 0.3, h)]
    canvas.drawPath(polygon(bank), paint(near))
    leaf = dark(near, 0.3) if scene.setting != "snow" else (90, 116, 120)
    for _ in range(rng.randint(1, 3)):
        x, foot = w / 2 - side * rng.uniform(0.2, 0.45) * w, h - rng.uniform(0.1, 0.16)
        for tier in range(3):
            low, wide = foot - tier * 0.06, 0.07 - tier * 0.015
            pine = [(x - wide, low), (x + wide, low), (x, low - 0.12)]
            canvas.drawPath(polygon(pine), paint(leaf))


VISTAS: dict[str, DrawVista] = {"city": city, "town": town, "landscape": landscape}
