"""Draws a scene: ground, subject, style, lens. The same scene is always the same picture.

Needs skia-python, the `train` extra; serving never imports this module.
"""

import random
from dataclasses import dataclass

import numpy as np
import skia

from pipelines.embedded import styles
from pipelines.embedded.canvas import Rgb, mix, oval, paint, pixels, surface
from pipelines.embedded.grounds import draw_ground
from pipelines.embedded.palette import PALETTE
from pipelines.embedded.subjects import THINGS, VISTAS
from pipelines.embedded.world import SHAPES, Scene
from pipelines.types import Pixels

SIDE = 128
_FLOATING = frozenset({"balloon", "fish", "cat_head"})
_JITTER = 10
"""How far a colour strays from the palette, per channel."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a thing stands and how large it is, in shares of the side."""

    x: float
    y: float
    size: float


def render(scene: Scene, side: int = SIDE) -> Pixels:
    """Draw the scene. Shapes: [side, side, 3]."""
    rng = random.Random(scene.seed)
    under, canvas = surface(side)
    horizon = draw_ground(canvas, scene, rng)
    over, layer = surface(side)
    if scene.main.subject in VISTAS:
        VISTAS[scene.main.subject](layer, scene, horizon, rng)
    else:
        _draw_things(canvas, layer, scene, rng)
    ground = pixels(under)[..., :3].astype(np.float32)
    chance = np.random.default_rng(scene.seed)
    picture = styles.STYLES[scene.style](ground, pixels(over), scene, chance)
    if scene.lens == "fisheye":
        picture = styles.fisheye(picture)
    return np.ascontiguousarray(np.clip(picture, 0, 255).astype(np.uint8))


def _draw_things(ground: skia.Canvas, layer: skia.Canvas, scene: Scene, rng: random.Random) -> None:
    places = _places(scene, rng)
    things = scene.things if scene.relation else scene.things * scene.count
    drawn = list(zip(things, places, strict=True))
    if scene.relation == "nested":
        drawn.reverse()
    for thing, place in drawn:
        if scene.ground not in {"plain", "blur"} and thing.subject not in _FLOATING:
            _shadow(ground, place)
        layer.save()
        layer.translate(place.x, place.y)
        flip = -1 if rng.random() < 0.5 and thing.subject != "magnolia" else 1
        layer.scale(flip * place.size, place.size)
        THINGS[thing.subject](layer, _in_light(thing.colour or "white", scene, rng), rng)
        layer.restore()


def _shadow(canvas: skia.Canvas, place: _Place) -> None:
    foot = place.y + 0.49 * place.size
    reach = 0.42 * place.size
    canvas.drawOval(
        oval(place.x - reach, foot - 0.03, place.x + reach, foot + 0.04),
        paint((0, 0, 0), 70, blur=0.012),
    )


def _in_light(name: str, scene: Scene, rng: random.Random) -> Rgb:
    """The palette's colour with a little chance, and a little of the night."""
    red, green, blue = (v + rng.uniform(-_JITTER, _JITTER) for v in PALETTE[name])
    night = scene.ground == "night" and scene.style == "flat"
    return mix((red, green, blue), (20, 20, 60), 0.12 if night else 0.0)


def _places(scene: Scene, rng: random.Random) -> list[_Place]:
    if scene.relation:
        return _related(scene.relation, rng)
    if scene.count > 1:
        step, size = 1 / scene.count, 0.44 if scene.count == 2 else 0.31
        return [
            _Place(step * (n + 0.5) + rng.uniform(-0.02, 0.02), rng.uniform(0.5, 0.6), size)
            for n in range(scene.count)
        ]
    if scene.main.subject == "cat_head":
        smallest, largest = (0.7, 0.8) if scene.lens == "fisheye" else (0.82, 0.98)
        return [_Place(0.5 + rng.uniform(-0.04, 0.04), 0.53, rng.uniform(smallest, largest))]
    middle = 0.5 if scene.ground == "plain" or scene.lens == "fisheye" else 0.57
    smallest, largest = (0.45, 0.68) if scene.main.subject in SHAPES else (0.62, 0.8)
    across = rng.uniform(-0.07, 0.07)
    return [_Place(0.5 + across, middle + rng.uniform(-0.04, 0.04), rng.uniform(smallest, largest))]


def _related(relation: str, rng: random.Random) -> list[_Place]:
    size, other = rng.uniform(0.34, 0.4), rng.uniform(0.34, 0.4)
    middle = 0.5 + rng.uniform(-0.04, 0.04)
    if relation == "vertical":
        return [_Place(middle, 0.26, size), _Place(middle, 0.74, other)]
    if relation == "horizontal":
        return [_Place(0.26, middle, size), _Place(0.74, middle, other)]
    return [_Place(0.5, 0.53, 0.28), _Place(0.5, 0.5, 0.82)]
