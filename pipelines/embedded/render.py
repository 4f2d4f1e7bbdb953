"""Draws a scene: setting, subject, weather, style. The same scene is always the same picture.

Needs skia-python, the `train` extra; serving never imports this module.
"""

import random
from dataclasses import dataclass

import numpy as np
import skia

from pipelines.embedded import weather
from pipelines.embedded.canvas import Frame, Rgb, mix, oval, paint, pixels, surface
from pipelines.embedded.frames import SQUARE
from pipelines.embedded.palette import PALETTE
from pipelines.embedded.settings import SETTINGS, Stage, draw_plain
from pipelines.embedded.styles import STYLES
from pipelines.embedded.subjects import THINGS
from pipelines.embedded.vistas import VISTAS
from pipelines.embedded.world import OPEN_AIR, SHAPES, Scene
from pipelines.types import Pixels

_FLOATING = frozenset({"balloon", "fish", "cat_head", "butterfly", "plane", "rocket"})
_WEIGHTLESS = frozenset({"underwater", "space"})
_NOT_MIRRORED = frozenset({"magnolia"})
"""What is never mirrored."""
_JITTER = 10
"""How far a colour strays from the palette, per channel."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a thing stands and how large it is, in short sides."""

    x: float
    y: float
    size: float


def render(scene: Scene, frame: Frame = SQUARE) -> Pixels:
    """Draw the scene. Shapes: [frame.height, frame.width, 3]."""
    rng = random.Random(scene.seed)
    under, canvas = surface(frame)
    horizon = rng.uniform(0.58, 0.7) * frame.h
    stage = Stage(canvas, frame, horizon, rng)
    if scene.setting == "plain":
        draw_plain(stage, PALETTE[scene.setting_colour or "white"])
    else:
        SETTINGS[scene.setting](stage)
    weather.behind(canvas, scene.weather, frame, rng)
    over, layer = surface(frame)
    if scene.main.subject in VISTAS:
        VISTAS[scene.main.subject](Stage(layer, frame, horizon, rng), scene)
    else:
        _draw_things(canvas, layer, scene, frame, rng)
    weather.before(layer, scene.weather, frame, rng)
    ground = pixels(under)[..., :3].astype(np.float32)
    chance = np.random.default_rng(scene.seed)
    picture = STYLES[scene.style](ground, pixels(over), scene, chance)
    return np.ascontiguousarray(np.clip(picture, 0, 255).astype(np.uint8))


def _draw_things(
    ground: skia.Canvas, layer: skia.Canvas, scene: Scene, frame: Frame, rng: random.Random
) -> None:
    things = scene.things if scene.relation else scene.things * scene.count
    for thing, place in zip(things, _places(scene, frame, rng), strict=True):
        grounded = scene.setting not in _WEIGHTLESS | {"plain"} and scene.style != "photo"
        if grounded and thing.subject not in _FLOATING:
            _shadow(ground, place)
        layer.save()
        layer.translate(place.x, place.y)
        flip = -1 if rng.random() < 0.5 and thing.subject not in _NOT_MIRRORED else 1
        layer.scale(flip * place.size, place.size)
        THINGS[thing.subject](layer, _in_light(thing.colour or "white", scene, rng), rng)
        layer.restore()


def _shadow(canvas: skia.Canvas, place: _Place) -> None:
    foot = place.y + 0.49 * place.size
    reach, depth = 0.42 * place.size, 0.06 * place.size
    shade = oval(place.x - reach, foot - depth, place.x + reach, foot + depth)
    canvas.drawOval(shade, paint((0, 0, 0), 70, blur=0.012))


def _in_light(name: str, scene: Scene, rng: random.Random) -> Rgb:
    """The palette's colour with a little chance, and a little of the night."""
    red, green, blue = (v + rng.uniform(-_JITTER, _JITTER) for v in PALETTE[name])
    night = scene.setting == "night" and scene.style == "flat"
    return mix((red, green, blue), (20, 20, 60), 0.12 if night else 0.0)


def _places(scene: Scene, frame: Frame, rng: random.Random) -> list[_Place]:
    w, h = frame.w, frame.h
    if scene.relation:
        return _related(scene.relation, frame, rng)
    if scene.count > 1:
        return _counted(scene, frame, rng)
    if scene.main.subject == "cat_head":
        smallest, largest = (0.72, 0.82) if scene.style == "fisheye" else (0.78, 0.94)
        size = rng.uniform(smallest, largest)
        return [_Place(w / 2 + rng.uniform(-0.03, 0.03), h * 0.53, size)]
    middle = h * (0.57 if scene.setting in OPEN_AIR and scene.style != "fisheye" else 0.5)
    smallest, largest = (0.42, 0.66) if scene.main.subject in SHAPES else (0.58, 0.8)
    size = rng.uniform(smallest, largest)
    x, y = w / 2 + rng.uniform(-0.06, 0.06), middle + rng.uniform(-0.04, 0.04)
    if scene.position != "centre":
        size = rng.uniform(0.36, 0.46)
        x, y = _aside(scene.position, w, h, rng)
    return [_Place(x, y, size)]


def _aside(position: str, w: float, h: float, rng: random.Random) -> tuple[float, float]:
    near = rng.uniform(0.22, 0.26)
    level = h * 0.55 + rng.uniform(-0.06, 0.06)
    return {
        "left": (w * near, level),
        "right": (w * (1 - near), level),
        "top": (w / 2 + rng.uniform(-0.05, 0.05), h * (near + 0.02)),
        "bottom": (w / 2 + rng.uniform(-0.05, 0.05), h * (0.98 - near)),
    }[position]


def _counted(scene: Scene, frame: Frame, rng: random.Random) -> list[_Place]:
    """In a row along the longer way, four of them on a tall or square picture in two rows."""
    count, low = scene.count, frame.h * rng.uniform(0.52, 0.6)
    if count == 4 and frame.w < 1.3:
        size = rng.uniform(0.34, 0.4)
        spots = [(x * frame.w, y * frame.h) for y in (0.3, 0.74) for x in (0.28, 0.72)]
        return [_Place(x + rng.uniform(-0.02, 0.02), y, size) for x, y in spots]
    size = min(0.46, 0.94 * frame.w / count)
    step = min(frame.w / count, size * 1.35)
    first = frame.w / 2 - step * (count - 1) / 2
    return [
        _Place(
            first + n * step + rng.uniform(-0.015, 0.015),
            low + rng.uniform(-0.03, 0.03),
            size * 0.92,
        )
        for n in range(count)
    ]


def _related(relation: str, frame: Frame, rng: random.Random) -> list[_Place]:
    size, other = rng.uniform(0.36, 0.44), rng.uniform(0.36, 0.44)
    middle = rng.uniform(-0.04, 0.04)
    if relation == "above":
        x, apart = frame.w / 2 + middle, 0.24 * max(1.0, min(frame.h, 1.2))
        return [
            _Place(x, frame.h / 2 - apart, min(size, 0.44)),
            _Place(x, frame.h / 2 + apart, min(other, 0.44)),
        ]
    y, apart = frame.h * 0.54 + middle, 0.25 * max(1.0, min(frame.w, 1.4))
    return [_Place(frame.w / 2 - apart, y, size), _Place(frame.w / 2 + apart, y, other)]
