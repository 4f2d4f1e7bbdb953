"""The registry: subject name -> how it is drawn. One line per subject."""

import random
from collections.abc import Callable
from typing import TypeAlias

import skia

from pipelines.embedded.canvas import Rgb
from pipelines.embedded.subjects import (
    animals,
    buildings,
    food,
    household,
    people,
    plants,
    shapes,
    vehicles,
    wildlife,
)

DrawThing: TypeAlias = Callable[[skia.Canvas, Rgb, random.Random], None]
"""Draws in a box of side 1 around the origin."""

THINGS: dict[str, DrawThing] = {
    "circle": shapes.circle,
    "square": shapes.square,
    "triangle": shapes.triangle,
    "heart": shapes.heart,
    "star": shapes.star,
    "diamond": shapes.diamond,
    "cat": animals.cat,
    "cat_head": animals.cat_head,
    "dog": animals.dog,
    "bird": animals.bird,
    "fish": animals.fish,
    "rabbit": wildlife.rabbit,
    "horse": wildlife.horse,
    "elephant": wildlife.elephant,
    "butterfly": wildlife.butterfly,
    "owl": wildlife.owl,
    "penguin": wildlife.penguin,
    "turtle": wildlife.turtle,
    "bear": wildlife.bear,
    "girl": people.girl,
    "boy": people.boy,
    "astronaut": people.astronaut,
    "flower": plants.flower,
    "magnolia": plants.magnolia,
    "tulip": plants.tulip,
    "tree": plants.tree,
    "pine": plants.pine,
    "cactus": plants.cactus,
    "mushroom": plants.mushroom,
    "house": buildings.house,
    "castle": buildings.castle,
    "lighthouse": buildings.lighthouse,
    "windmill": buildings.windmill,
    "car": vehicles.car,
    "bus": vehicles.bus,
    "train": vehicles.train,
    "plane": vehicles.plane,
    "bicycle": vehicles.bicycle,
    "boat": vehicles.boat,
    "rocket": vehicles.rocket,
    "balloon": vehicles.balloon,
    "apple": food.apple,
    "banana": food.banana,
    "cake": food.cake,
    "ice_cream": food.ice_cream,
    "cup": food.cup,
    "chair": household.chair,
    "sofa": household.sofa,
    "lamp": household.lamp,
    "clock": household.clock,
    "umbrella": household.umbrella,
    "robot": household.robot,
}
