"""Decides what is in a picture: a seed becomes a frozen `Scene`. Knows no pixels and no words.

Everything the model is taught and judged by follows from the scene, so labels are free and exact.
The grammar keeps one promise to the captions: what a caption may leave unsaid (a cat's colour, the
setting of a house) is drawn in a way people expect (`NATURAL_COLOURS`, `NATURAL_SETTINGS`), and
anything unusual is always said.
"""

import random
from dataclasses import dataclass
from typing import TypeAlias

COLOURS = (
    "red", "orange", "yellow", "green", "blue", "turquoise",
    "purple", "pink", "brown", "black", "white", "grey",
)  # fmt: skip
SHAPES = ("circle", "square", "triangle", "heart", "star", "diamond")
ANIMALS = (
    "cat", "cat_head", "dog", "bird", "fish", "rabbit", "horse",
    "elephant", "butterfly", "owl", "penguin", "turtle", "bear",
)  # fmt: skip
PEOPLE = ("girl", "boy", "astronaut")
PLANTS = ("flower", "magnolia", "tulip", "tree", "pine", "cactus", "mushroom")
BUILDINGS = ("house", "castle", "lighthouse", "windmill")
VEHICLES = ("car", "bus", "train", "plane", "bicycle", "boat", "rocket", "balloon")
FOOD = ("apple", "banana", "cake", "ice_cream", "cup")
HOUSEHOLD = ("chair", "sofa", "lamp", "clock", "umbrella", "robot")
VISTAS = ("city", "town", "landscape")
"""Subjects that fill the whole picture and have no colour of their own."""
THINGS = ANIMALS + PEOPLE + PLANTS + BUILDINGS + VEHICLES + FOOD + HOUSEHOLD
SUBJECTS = SHAPES + THINGS + VISTAS

SETTINGS = (
    "plain", "meadow", "garden", "forest", "autumn", "mountains", "lake", "sea", "underwater",
    "desert", "snow", "street", "room", "space", "sunset", "night",
)  # fmt: skip
OPEN_AIR = frozenset(SETTINGS) - {"plain", "room", "space", "underwater"}
WEATHERS = ("clear", "rain", "fog", "rainbow")
STYLES = (
    "flat", "watercolour", "pencil", "pixel", "neon", "ink", "impasto", "photo", "fisheye",
)  # fmt: skip
RELATIONS = ("above", "beside")
"""How two things stand: the first above, or left of, the second."""
POSITIONS = ("centre", "left", "right", "top", "bottom")
MOST_COUNTED = 4

NATURAL_COLOURS: dict[str, tuple[str, ...]] = {
    "circle": ("red", "blue"),
    "square": ("blue", "red"),
    "triangle": ("green", "yellow"),
    "heart": ("red", "pink"),
    "star": ("yellow",),
    "diamond": ("turquoise", "blue"),
    "cat": ("orange", "orange", "grey"),
    "cat_head": ("orange", "orange", "grey"),
    "dog": ("brown",),
    "bird": ("blue",),
    "fish": ("orange",),
    "rabbit": ("white", "grey"),
    "horse": ("brown",),
    "elephant": ("grey",),
    "butterfly": ("blue", "orange"),
    "owl": ("brown",),
    "penguin": ("black",),
    "turtle": ("green",),
    "bear": ("brown",),
    "girl": ("red", "pink"),
    "boy": ("blue", "green"),
    "astronaut": ("white",),
    "flower": ("red", "pink", "yellow"),
    "magnolia": ("pink", "pink", "white"),
    "tulip": ("red", "yellow"),
    "tree": ("green",),
    "pine": ("green",),
    "cactus": ("green",),
    "mushroom": ("red",),
    "house": ("white", "yellow"),
    "castle": ("grey",),
    "lighthouse": ("red",),
    "windmill": ("white", "brown"),
    "car": ("red", "blue"),
    "bus": ("yellow", "red"),
    "train": ("black", "green"),
    "plane": ("white", "blue"),
    "bicycle": ("red", "blue"),
    "boat": ("brown",),
    "rocket": ("white", "red"),
    "balloon": ("red",),
    "apple": ("red",),
    "banana": ("yellow",),
    "cake": ("pink", "brown"),
    "ice_cream": ("pink", "white"),
    "cup": ("white", "blue"),
    "chair": ("brown",),
    "sofa": ("blue", "grey"),
    "lamp": ("yellow",),
    "clock": ("red",),
    "umbrella": ("red", "blue"),
    "robot": ("grey",),
}
_HOMES: dict[str, tuple[str, ...]] = {
    "fish": ("underwater", "plain"),
    "turtle": ("sea", "underwater", "plain"),
    "penguin": ("snow", "plain"),
    "astronaut": ("space", "plain"),
    "rocket": ("space", "plain"),
    "boat": ("sea", "lake", "plain"),
    "lighthouse": ("sea",),
    "cactus": ("desert", "plain"),
    "mushroom": ("forest", "plain"),
    "pine": ("snow", "mountains", "plain"),
    "owl": ("forest", "night", "plain"),
    "bear": ("forest", "plain"),
    "car": ("street", "plain"),
    "bus": ("street", "plain"),
    "bicycle": ("street", "meadow", "plain"),
    "castle": ("mountains", "meadow"),
    **dict.fromkeys(FOOD + HOUSEHOLD, ("room", "plain")),
}
"""Where a thing is expected when nothing is said."""
_ELSEWHERE = ("meadow", "plain")

_GLOWING = tuple(c for c in COLOURS if c not in {"black", "brown", "grey"})
_STYLE_WEIGHTS = (44, 9, 8, 7, 8, 6, 8, 7, 3)
_THING_WEIGHTS = {"cat": 2.5, "cat_head": 1.2, "dog": 1.6, "bird": 1.4, "magnolia": 1.3}


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
    position: str = "centre"
    setting: str = "plain"
    setting_colour: str | None = "white"
    weather: str = "clear"
    style: str = "flat"

    @property
    def main(self) -> Thing:
        return self.things[0]


Backdrop: TypeAlias = tuple[str, str | None]
"""A setting, and its colour when it is plain."""


def natural_settings(subject: str) -> tuple[str, ...]:
    """Where people expect a thing of which they said nothing more."""
    if subject in SHAPES:
        return ("plain",)
    return _HOMES.get(subject, _ELSEWHERE)


def scene_from_seed(seed: int) -> Scene:
    """Draw a scene: the same seed is always the same scene."""
    rng = random.Random(seed)
    kind = rng.random()
    if kind < 0.22:
        return _pair(rng)
    if kind < 0.32:
        return _vista(rng)
    return _objects(rng)


def _objects(rng: random.Random) -> Scene:
    """One subject, once or a few times, in the middle or at one side."""
    subject = _subject(rng)
    style = rng.choices(STYLES, _STYLE_WEIGHTS)[0]
    if style == "fisheye" and rng.random() < 0.6:
        subject = "cat_head"
    colour = _colour_of(subject, style, rng)
    setting, setting_colour = _backdrop(subject, colour, style, rng)
    count, position = 1, "centre"
    if subject != "cat_head" and style != "fisheye":
        count = rng.choices((1, 2, 3, 4), (76, 10, 8, 6))[0]
        if count == 1 and rng.random() < 0.16:
            position = rng.choice(POSITIONS[1:])
    return Scene(
        seed=rng.getrandbits(32),
        things=(Thing(subject, colour),),
        count=count,
        position=position,
        setting=setting,
        setting_colour=setting_colour,
        weather=_weather(setting, style, rng),
        style=style,
    )


def _subject(rng: random.Random) -> str:
    if rng.random() < 0.16:
        return rng.choice(SHAPES)
    return rng.choices(THINGS, [_THING_WEIGHTS.get(thing, 1.0) for thing in THINGS])[0]


def _colour_of(subject: str, style: str, rng: random.Random) -> str:
    natural = NATURAL_COLOURS[subject]
    if style == "neon":
        return rng.choice([*natural, *_GLOWING] if natural[0] in _GLOWING else _GLOWING)
    return rng.choice(natural) if rng.random() < 0.4 else rng.choice(COLOURS)


def _backdrop(subject: str, colour: str, style: str, rng: random.Random) -> Backdrop:
    if style == "neon":
        return rng.choice((("night", None), ("street", None), ("plain", "black")))
    if rng.random() < 0.35:
        setting = rng.choice(natural_settings(subject))
    elif rng.random() < (0.6 if subject in SHAPES else 0.2):
        setting = "plain"
    else:
        setting = rng.choice(SETTINGS)
    if setting != "plain":
        return setting, None
    if rng.random() < 0.5 and colour != "white":
        return "plain", "white"
    return "plain", rng.choice([c for c in COLOURS if c != colour])


def _weather(setting: str, style: str, rng: random.Random) -> str:
    if setting not in OPEN_AIR or style in {"neon", "pixel", "fisheye"} or rng.random() < 0.8:
        return "clear"
    able = WEATHERS[1:3] if setting in {"night", "sunset"} else WEATHERS[1:]
    return rng.choice(able)


def _vista(rng: random.Random) -> Scene:
    subject = rng.choice(VISTAS)
    liked = {"city": "neon", "town": "impasto", "landscape": rng.choice(("watercolour", "ink"))}
    others = [style for style in STYLES if style != "fisheye"]
    style = liked[subject] if rng.random() < 0.45 else rng.choice(others)
    settings = ("meadow", "night", "sunset", "snow", "autumn")
    setting = "night" if style == "neon" else rng.choice(settings)
    if subject == "town" and style == "impasto" and rng.random() < 0.6:
        setting = "night"
    return Scene(
        seed=rng.getrandbits(32),
        things=(Thing(subject, None),),
        setting=setting,
        setting_colour=None,
        weather=_weather(setting, style, rng),
        style=style,
    )


def _pair(rng: random.Random) -> Scene:
    """Two things, one beside or above the other."""
    kinds = (SHAPES, SHAPES) if rng.random() < 0.4 else (THINGS, THINGS)
    subjects = [rng.choice([s for s in kind if s != "cat_head"]) for kind in kinds]
    relation = rng.choice(RELATIONS)
    placed = relation == "beside" and kinds[0] is THINGS
    setting, setting_colour = _pair_backdrop(rng, placed=placed)
    free = [c for c in COLOURS if c != setting_colour]
    things = tuple(Thing(subject, _colour_among(subject, free, rng)) for subject in subjects)
    style = "flat" if rng.random() < 0.75 else rng.choice(("watercolour", "pencil", "photo"))
    return Scene(
        seed=rng.getrandbits(32),
        things=things,
        relation=relation,
        setting=setting,
        setting_colour=setting_colour,
        style=style,
    )


def _pair_backdrop(rng: random.Random, *, placed: bool) -> Backdrop:
    """A plain ground, or a setting for what may stand in one."""
    colour = rng.choice(("white", "white", "white", "black", "yellow"))
    if placed and rng.random() < 0.6:
        return rng.choice(("meadow", "snow", "sea", "street", "room")), None
    return "plain", colour


def _colour_among(subject: str, free: list[str], rng: random.Random) -> str:
    natural = [c for c in NATURAL_COLOURS[subject] if c in free]
    return rng.choice(natural) if natural and rng.random() < 0.3 else rng.choice(free)
