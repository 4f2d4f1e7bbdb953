"""Says a scene in English or Chinese, and what exactly the caption said.

A caption may leave out what the scene draws as people expect it, and then its labels say "unsaid"
there: the text encoder learns what the words mean, not what the picture happens to show. Knows
no pixels.

A sixteenth of all captions is held out (`held_out`): training never sees them, the evaluator
sees only them.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from zlib import crc32

from pipelines.embedded import lexicon as words
from pipelines.embedded.world import (
    COLOURS,
    GROUNDS,
    LENSES,
    MOST_COUNTED,
    NATURAL_COLOURS,
    NATURAL_GROUNDS,
    RELATIONS,
    SHAPES,
    STYLES,
    SUBJECTS,
    Scene,
    Thing,
    scene_from_seed,
)

UNSAID = "unsaid"
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "subject": (*SUBJECTS, UNSAID),
    "colour": (*COLOURS, UNSAID),
    "other_subject": (*SHAPES, UNSAID),
    "other_colour": (*COLOURS, UNSAID),
    "relation": (*RELATIONS, UNSAID),
    "ground": (*GROUNDS, UNSAID),
    "ground_colour": (*COLOURS, UNSAID),
    "style": STYLES,
    "count": tuple(str(n) for n in range(1, MOST_COUNTED + 1)),
    "lens": LENSES,
}
"""What a caption can say, and the values of each. Two things are named by where they stand: the
upper, left or inner one is `subject`, so whoever reads the labels need not untangle the order of
the words from the relation between them."""

CHINESE_SHARE = 0.35
_HELD_OUT_ONE_IN = 16
_SPREAD = 1_000_003
"""Keeps the captions' random stream apart from the scene's own."""


@dataclass(frozen=True, slots=True)
class Caption:
    """A text and, for every attribute, what it said."""

    text: str
    said: dict[str, str]
    language: str

    @property
    def labels(self) -> list[int]:
        """The values as indices into `ATTRIBUTES`."""
        return [values.index(self.said[name]) for name, values in ATTRIBUTES.items()]


def held_out(text: str) -> bool:
    """Whether this caption is kept for evaluation."""
    return crc32(text.encode()) % _HELD_OUT_ONE_IN == 0


def captions_of(scene: Scene, seed: int, *, for_evaluation: bool = False) -> Iterator[Caption]:
    """Say the scene in ever new words, from one side of the hold-out only."""
    rng = random.Random(seed * _SPREAD + scene.seed)
    while True:
        chinese = rng.random() < CHINESE_SHARE
        caption = _chinese(scene, rng) if chinese else _english(scene, rng)
        if held_out(caption.text) == for_evaluation:
            yield caption


def captioned(
    seed: int, *, for_evaluation: bool = False, variant: int = 0
) -> tuple[Scene, Caption]:
    """The scene of a seed and one caption of it."""
    scene = scene_from_seed(seed)
    return scene, next(captions_of(scene, seed + variant, for_evaluation=for_evaluation))


def nothing_said() -> dict[str, str]:
    """What the empty caption says."""
    plain = {"style": STYLES[0], "count": "1", "lens": LENSES[0]}
    return {name: plain.get(name, UNSAID) for name in ATTRIBUTES}


def _said(scene: Scene, *, colour: bool, ground: bool) -> dict[str, str]:
    said = nothing_said()
    said |= {"subject": scene.main.subject, "style": scene.style, "lens": scene.lens}
    said["count"] = str(scene.count)
    if colour and scene.main.colour:
        said["colour"] = scene.main.colour
    if ground:
        said["ground"] = scene.ground
        said["ground_colour"] = scene.ground_colour or UNSAID
    if scene.relation:
        other = scene.things[1]
        said |= {"other_subject": other.subject, "relation": scene.relation}
        said["other_colour"] = other.colour or UNSAID
    return said


def _must_say_colour(scene: Scene) -> bool:
    return scene.main.colour not in NATURAL_COLOURS.get(scene.main.subject, ())


def _must_say_ground(scene: Scene) -> bool:
    if scene.main.subject == "city":
        return scene.ground != "night"
    natural = scene.ground in NATURAL_GROUNDS
    return not natural or scene.ground_colour not in {None, "white"} or scene.relation is not None


def _says(must: bool, chance: float, rng: random.Random) -> bool:
    return rng.random() < chance or must


def _english(scene: Scene, rng: random.Random) -> Caption:
    colour = _says(_must_say_colour(scene) or scene.relation is not None, 0.7, rng)
    ground = _says(_must_say_ground(scene), 0.85, rng)
    if scene.relation:
        text = _pair_en(scene, rng)
    else:
        text = _thing_en(scene.main, scene.count, colour, rng)
    if ground:
        text = _on_ground_en(text, scene, rng)
    text = _in_style_en(text, scene.style, rng)
    text = _through_lens_en(text, scene, rng)
    text = _wrapped_en(text, scene, rng)
    return Caption(text, _said(scene, colour=colour, ground=ground), "en")


def _thing_en(thing: Thing, count: int, colour: bool, rng: random.Random) -> str:
    name = rng.choice(words.SUBJECT_EN[thing.subject])
    parts = [rng.choice(words.ADJECTIVES_EN)] if rng.random() < 0.22 else []
    if colour and thing.colour:
        parts.append(rng.choice(words.COLOUR_EN[thing.colour]))
    if name.startswith("close-up of a"):
        return " ".join(["close-up of a", *parts, name.removeprefix("close-up of a ")])
    if count > 1:
        return " ".join([words.NUMBERS_EN[count], *parts, _plural(name)])
    described = " ".join([*parts, name])
    article = rng.choice(("a", "a", "a", "the", ""))
    if article == "a" and described[0] in "aeiou":
        article = rng.choice(("an", "an", "a"))
    return f"{article} {described}".strip()


def _plural(name: str) -> str:
    if name.endswith("fish"):
        return name
    return name + ("es" if name.endswith("x") else "s")


def _pair_en(scene: Scene, rng: random.Random) -> str:
    ways = {
        "vertical": (("above", "on top of", "over"), ("below", "under", "beneath")),
        "horizontal": (("to the left of", "left of"), ("to the right of", "right of")),
        "nested": (("inside", "in", "within"), ("around", "containing", "surrounding")),
    }
    forward, backward = ways[scene.relation or "vertical"]
    first, second = (_thing_en(thing, 1, True, rng) for thing in scene.things)
    if rng.random() < 0.6:
        return f"{first} {rng.choice(forward)} {second}"
    return f"{second} {rng.choice(backward)} {first}"


def _on_ground_en(text: str, scene: Scene, rng: random.Random) -> str:
    if scene.ground == "plain":
        form = rng.choice(("on a {} background", "on a {} background", "with a {} background",
                           "on {} background", "on {}", "against a {} background"))  # fmt: skip
        return f"{text} {form.format(scene.ground_colour)}"
    if scene.ground == "night" and rng.random() < 0.3:
        return (
            f"{rng.choice(('starry night over', 'a starry night over', 'night sky over'))} {text}"
        )
    place = rng.choice(words.GROUND_EN[scene.ground])
    if scene.ground != "blur" and rng.random() < 0.15:
        return f"{place}, {text}"
    doing = ""
    if scene.ground != "blur" and scene.main.subject in words.ANIMALS and rng.random() < 0.5:
        doing = rng.choice(words.ANIMAL_DOES_EN) + " "
    elif scene.ground != "blur" and scene.main.colour and rng.random() < 0.15:
        doing = rng.choice(words.THING_DOES_EN) + " "
    return f"{text} {doing}{place}"


def _in_style_en(text: str, style: str, rng: random.Random) -> str:
    name = rng.choice(words.STYLE_EN[style])
    if not name:
        return text
    if name.startswith(("in ", "with ", "by ")):
        return f"{text}{rng.choice((' ', ', '))}{name}"
    way = rng.random()
    if way < 0.3 and "style" in name:
        return f"{name}{rng.choice((' ', ' ', ', '))}{text}"
    if way < 0.3 and "painting" in name:
        return f"{name} of {text}"
    return f"{text}{rng.choice((', ', ', ', ' '))}{name}"


def _through_lens_en(text: str, scene: Scene, rng: random.Random) -> str:
    if scene.lens == "normal":
        return text
    name = rng.choice(words.FISHEYE_EN)
    animal = "cat" if scene.main.subject == "cat_head" else scene.main.subject
    tail = rng.choice(words.FISHEYE_TAILS_EN).format(animal)
    if rng.random() < 0.65:
        return f"{name}{rng.choice((', ', ', ', ' of '))}{text}{tail}"
    return f"{text}, {name}{tail}"


def _wrapped_en(text: str, scene: Scene, rng: random.Random) -> str:
    if rng.random() < 0.3:
        text = rng.choice(words.OPENINGS_EN) + text
    if scene.ground == "blur" and rng.random() < 0.35:
        text += rng.choice(words.PHOTO_ENDINGS_EN)
    elif rng.random() < 0.35:
        text += rng.choice(words.ENDINGS_EN)
    if rng.random() < 0.3:
        text = text[:1].upper() + text[1:]
    return text + ("." if rng.random() < 0.1 else "")


def _chinese(scene: Scene, rng: random.Random) -> Caption:
    colour = _says(_must_say_colour(scene) or scene.relation is not None, 0.7, rng)
    ground = _says(_must_say_ground(scene), 0.85, rng)
    if scene.relation:
        text = _pair_zh(scene, rng)
    else:
        text = _thing_zh(scene.main, scene.count, colour, rng)
    if ground:
        text = _on_ground_zh(text, scene, rng)
    style = rng.choice(words.STYLE_ZH[scene.style])
    if style:
        text = rng.choice((f"{text}，{style}", f"{style}，{text}", f"{style}的{text}"))
    if scene.lens != "normal":
        text = f"{rng.choice(words.FISHEYE_ZH)}，{text}{rng.choice(words.FISHEYE_TAILS_ZH)}"
    if rng.random() < 0.25:
        text = rng.choice(words.OPENINGS_ZH) + text
    if scene.ground == "blur" and rng.random() < 0.35:
        text += rng.choice(words.PHOTO_ENDINGS_ZH)
    elif rng.random() < 0.3:
        text += rng.choice(words.ENDINGS_ZH)
    text += "。" if rng.random() < 0.1 else ""
    return Caption(text, _said(scene, colour=colour, ground=ground), "zh")


def _thing_zh(thing: Thing, count: int, colour: bool, rng: random.Random) -> str:
    measure, names = words.SUBJECT_ZH[thing.subject]
    text = rng.choice(names)
    if colour and thing.colour:
        hue = rng.choice(words.COLOUR_ZH[thing.colour])
        text = hue + ("的" if hue.endswith("色") and rng.random() < 0.8 else "") + text
    if rng.random() < 0.18:
        text = rng.choice(words.ADJECTIVES_ZH) + text
    if count == 1 and rng.random() < 0.2:
        return text
    return f"{words.NUMBERS_ZH[count]}{measure}{text}"


def _pair_zh(scene: Scene, rng: random.Random) -> str:
    ways = {"vertical": ("上面", "下面"), "horizontal": ("左边", "右边")}
    first, second = (_thing_zh(thing, 1, True, rng) for thing in scene.things)
    if scene.relation == "nested":
        return f"{first}在{second}{rng.choice(('里面', '里', '中间'))}"
    forward, backward = ways[scene.relation or "vertical"]
    if rng.random() < 0.6:
        return f"{first}在{second}{rng.choice(('', '的'))}{forward}"
    return f"{second}在{first}{rng.choice(('', '的'))}{backward}"


def _on_ground_zh(text: str, scene: Scene, rng: random.Random) -> str:
    if scene.ground == "plain":
        hue = words.COLOUR_ZH[scene.ground_colour or "white"][0]
        return rng.choice((f"{text}，{hue}背景", f"{hue}背景，{text}", f"{hue}背景上的{text}"))
    place = rng.choice(words.GROUND_ZH[scene.ground])
    if scene.ground == "blur":
        return rng.choice((f"{text}，{place}", f"{place}，{text}", f"{place}的{text}"))
    if scene.main.subject in words.ANIMALS and scene.count == 1 and rng.random() < 0.25:
        return f"{text}{rng.choice(words.ANIMAL_DOES_ZH)}{place.removeprefix('在')}"
    return rng.choice((f"{text}，{place}", f"{place}，{text}", f"{place}的{text}", place + text))
