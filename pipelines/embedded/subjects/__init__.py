"""The registry: subject name -> how it is drawn. One line per subject."""

import random
from collections.abc import Callable
from typing import TypeAlias

import skia

from pipelines.embedded.canvas import Rgb
from pipelines.embedded.subjects import animals, objects, plants, vistas
from pipelines.embedded.world import Scene

DrawThing: TypeAlias = Callable[[skia.Canvas, Rgb, random.Random], None]
"""Draws in a box of side 1 around the origin."""
DrawVista: TypeAlias = Callable[[skia.Canvas, Scene, float, random.Random], None]
"""Draws over the whole picture; the number is the height of the horizon."""

THINGS: dict[str, DrawThing] = {
    "circle": objects.circle,
    "square": objects.square,
    "triangle": objects.triangle,
    "heart": objects.heart,
    "star": objects.star,
    "cat": animals.cat,
    "cat_head": animals.cat_head,
    "dog": animals.dog,
    "bird": animals.bird,
    "fish": animals.fish,
    "flower": plants.flower,
    "magnolia": plants.magnolia,
    "tree": plants.tree,
    "house": objects.house,
    "car": objects.car,
    "boat": objects.boat,
    "apple": objects.apple,
    "balloon": objects.balloon,
}
VISTAS: dict[str, DrawVista] = {
    "city": vistas.city,
    "town": vistas.town,
    "landscape": vistas.landscape,
}
