"""Decides what is in a picture: a seed becomes a frozen `Scene`. Knows no pixels and no words.

Everything the model is taught and judged by follows from the scene, so labels are free and exact.
The grammar keeps one promise to the captions: what a caption may leave unsaid (a cat's colour, the
ground behind a house) is drawn in a way people expect (`NATURAL_COLOURS`, `NATURAL_GROUNDS`), and
anything unusual is always said.
"""

import random
from dataclasses import dataclass
from typing import TypeAlias

COLOURS = (
    "red", "orange", "yellow", "green", "blue", "purple",
    "pink", "brown", "black", "white", "grey",
)  # fmt: skip
SHAPES = ("circle", "square", "triangle", "heart", "star")
THINGS = (
    "cat", "cat_head", "dog", "bird", "fish", "flower", "magnolia", "tree",
    "house", "car", "boat", "apple", "balloon",
)  # fmt: skip
VISTAS = ("city", "town", "landscape")
"""Subjects that fill the whole picture and have no colour of their own."""
SUBJECTS = SHAPES + THINGS + VISTAS
GROUNDS = ("plain", "meadow", "forest", "night", "sunset", "sea", "snow", "blur")
STYLES = ("flat", "watercolour", "neon", "van_gogh")
RELATIONS = ("vertical", "horizontal", "nested")
"""How two things stand: the first above, left of or inside the second."""
LENSES = ("normal", "fisheye")
MOST_COUNTED = 3

NATURAL_COLOURS: dict[str, tuple[str, ...]] = {
    "circle": ("red", "blue"),
    "square": ("blue", "red"),
    "triangle": ("green", "yellow"),
    "heart": ("red", "pink"),
    "star": ("yellow",),
    "cat": ("orange", "orange", "grey"),
    "cat_head": ("orange", "orange", "grey"),
    "dog": ("brown",),
    "bird": ("blue",),
    "fish": ("orange",),
    "flower": ("red", "pink", "yellow"),
    "magnolia": ("pink", "pink", "white"),
    "tree": ("green",),
    "house": ("white", "yellow"),
    "car": ("red", "blue"),
    "boat": ("brown",),
    "apple": ("red",),
    "balloon": ("red",),
}
NATURAL_GROUNDS = ("meadow", "plain", "blur")

_GLOWING = tuple(c for c in COLOURS if c not in {"black", "brown", "grey"})
_THING_WEIGHTS = (4, 3, 2, 2, 2, 2, 3, 2, 2, 2, 1.5, 1.5, 1.5)
_GROUND_WEIGHTS = (8, 3.5, 2, 3, 2.5, 2.5, 2.5, 3)


@dataclass(frozen=True, slots=True)
class Thing:
    """One kind of object in one colour; a vista's colour is None."""

    subject: str
    colour: str | None


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that decides a picture. Equal scenes are equal pictures."""

    seed: int
    things: tuple[Thing, ...]
    count: int = 1
    relation: str | None = None
    ground: str = "plain"
    ground_colour: str | None = "white"
    style: str = "flat"
    lens: str = "normal"

    @property
    def main(self) -> Thing:
        return self.things[0]


Backdrop: TypeAlias = tuple[str, str | None]
"""A ground, and its colour when it is plain."""


def scene_from_seed(seed: int) -> Scene:
    """Draw a scene: the same seed is always the same scene."""
    rng = random.Random(seed)
    kind = rng.random()
    if kind < 0.10:
        return _pair(rng)
    if kind < 0.26:
        return _vista(rng)
    return _objects(rng)


def _objects(rng: random.Random) -> Scene:
    """One subject, once or a few times."""
    shape = rng.random() < 0.26
    subject = rng.choice(SHAPES) if shape else rng.choices(THINGS, _THING_WEIGHTS)[0]
    style = rng.choices(STYLES, (74, 11, 8, 7))[0]
    colour = _colour_of(subject, style, rng)
    ground, ground_colour = _backdrop(colour, style, shape, rng)
    lens, count = "normal", 1
    if rng.random() < (0.4 if subject == "cat_head" else 0.03):
        lens = "fisheye"
    elif subject != "cat_head":
        count = rng.choices((1, 2, 3), (84, 10, 6))[0]
    return Scene(
        seed=rng.getrandbits(32),
        things=(Thing(subject, colour),),
        count=count,
        ground=ground,
        ground_colour=ground_colour,
        style=style,
        lens=lens,
    )


def _colour_of(subject: str, style: str, rng: random.Random) -> str:
    natural = NATURAL_COLOURS[subject]
    if style == "neon":
        return rng.choice([*natural, *_GLOWING] if natural[0] in _GLOWING else _GLOWING)
    return rng.choice(natural) if rng.random() < 0.35 else rng.choice(COLOURS)


def _backdrop(colour: str, style: str, shape: bool, rng: random.Random) -> Backdrop:
    if style == "neon":
        return ("night", None) if rng.random() < 0.6 else ("plain", "black")
    ground = rng.choices(GROUNDS, _GROUND_WEIGHTS)[0]
    if shape and rng.random() < 0.6:
        ground = "plain"
    if ground != "plain":
        return ground, None
    if rng.random() < 0.5 and colour != "white":
        return "plain", "white"
    return "plain", rng.choice([c for c in COLOURS if c != colour])


def _vista(rng: random.Random) -> Scene:
    subject = rng.choice(VISTAS)
    styles = {"city": (40, 10, 40, 10), "town": (40, 15, 5, 40), "landscape": (40, 40, 2, 18)}
    style = rng.choices(STYLES, styles[subject])[0]
    grounds = {"city": (3, 5, 2, 1), "town": (3, 5, 2, 2), "landscape": (6, 2, 3, 2)}
    ground = rng.choices(("meadow", "night", "sunset", "snow"), grounds[subject])[0]
    if style == "neon":
        ground = "night"
    return Scene(
        seed=rng.getrandbits(32),
        things=(Thing(subject, None),),
        ground=ground,
        ground_colour=None,
        style=style,
    )


def _pair(rng: random.Random) -> Scene:
    """Two shapes on a plain ground, one beside, above or inside the other."""
    ground_colour = rng.choice(("white", "white", "white", "black", "yellow", "blue", "pink"))
    first, second = rng.sample([c for c in COLOURS if c != ground_colour], 2)
    return Scene(
        seed=rng.getrandbits(32),
        things=(Thing(rng.choice(SHAPES), first), Thing(rng.choice(SHAPES), second)),
        relation=rng.choice(RELATIONS),
        ground_colour=ground_colour,
    )
