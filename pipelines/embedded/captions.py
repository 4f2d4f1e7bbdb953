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
    ANIMALS,
    COLOURS,
    MOST_COUNTED,
    NATURAL_COLOURS,
    POSITIONS,
    RELATIONS,
    SETTINGS,
    SHAPES,
    STYLES,
    SUBJECTS,
    THINGS,
    WEATHERS,
    Scene,
    Thing,
    natural_settings,
    scene_from_seed,
)

UNSAID = "unsaid"
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "subject": (*SUBJECTS, UNSAID),
    "colour": (*COLOURS, UNSAID),
    "other_subject": (*SHAPES, *THINGS, UNSAID),
    "other_colour": (*COLOURS, UNSAID),
    "relation": (*RELATIONS, UNSAID),
    "position": POSITIONS,
    "setting": (*SETTINGS, UNSAID),
    "setting_colour": (*COLOURS, UNSAID),
    "weather": WEATHERS,
    "style": STYLES,
    "count": tuple(str(n) for n in range(1, MOST_COUNTED + 1)),
}
"""What a caption can say, and the values of each. Two things are named by where they stand: the
upper or left one is `subject`, so whoever reads the labels need not untangle the order of the words
from the relation between them."""

CHINESE_SHARE = 0.4
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
    plain = {
        "style": STYLES[0], "count": "1", "weather": WEATHERS[0], "position": POSITIONS[0],
    }  # fmt: skip
    return {name: plain.get(name, UNSAID) for name in ATTRIBUTES}


def _said(scene: Scene, *, colour: bool, setting: bool) -> dict[str, str]:
    said = nothing_said()
    said |= {"subject": scene.main.subject, "style": scene.style, "count": str(scene.count)}
    said |= {"weather": scene.weather, "position": scene.position}
    if colour and scene.main.colour:
        said["colour"] = scene.main.colour
    if setting:
        said["setting"] = scene.setting
        said["setting_colour"] = scene.setting_colour or UNSAID
    if scene.relation:
        other = scene.things[1]
        said |= {"other_subject": other.subject, "relation": scene.relation}
        said["other_colour"] = other.colour or UNSAID
    return said


def _says_colour(scene: Scene, rng: random.Random) -> bool:
    """Two things are always said in their colours; what is unusual is never left out."""
    usual = scene.main.colour in NATURAL_COLOURS.get(scene.main.subject, ())
    return rng.random() < 0.65 or not usual or scene.relation is not None


def _says_setting(scene: Scene, rng: random.Random) -> bool:
    if rng.random() < 0.8 or scene.relation is not None:
        return True
    if scene.main.subject == "city":
        return scene.setting != "night"
    usual = scene.setting in natural_settings(scene.main.subject)
    return not usual or scene.setting_colour not in {None, "white"}


def _english(scene: Scene, rng: random.Random) -> Caption:
    colour, setting = _says_colour(scene, rng), _says_setting(scene, rng)
    if scene.relation:
        text = _pair_en(scene, rng)
    else:
        text = _thing_en(scene.main, scene.count, colour, rng)
    if scene.position != "centre":
        text = f"{text} {rng.choice(words.POSITION_EN[scene.position])}"
    if setting:
        text = _in_setting_en(text, scene, rng)
    if scene.weather != "clear":
        text = f"{text}{rng.choice((' ', ', '))}{rng.choice(words.WEATHER_EN[scene.weather])}"
    text = _in_style_en(text, scene, rng)
    return Caption(_wrapped_en(text, rng), _said(scene, colour=colour, setting=setting), "en")


def _thing_en(thing: Thing, count: int, colour: bool, rng: random.Random) -> str:
    hue = rng.choice(words.COLOUR_EN[thing.colour]) if colour and thing.colour else ""
    name = rng.choice([n for n in words.SUBJECT_EN[thing.subject] if hue or "{}" not in n])
    parts = [rng.choice(words.ADJECTIVES_EN)] if rng.random() < 0.2 else []
    if "{}" in name:
        name = name.format(hue)
    elif hue:
        parts.append(hue)
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
    if name in words.PLURALS_EN:
        return words.PLURALS_EN[name]
    first, joint, rest = name.partition(" in a ")
    if joint:
        return f"{_plural(first)} in {rest}{'es' if rest.endswith('ss') else 's'}"
    for ending, plural in (
        ("fish", "fish"), ("woman", "women"), ("man", "men"), ("child", "children"),
        ("butterfly", "butterflies"), ("pony", "ponies"), ("puppy", "puppies"),
        ("bunny", "bunnies"), ("kitty", "kitties"), ("daisy", "daisies"), ("cactus", "cacti"),
        ("bus", "buses"), ("couch", "couches"), ("fortress", "fortresses"), ("box", "boxes"),
    ):  # fmt: skip
        if name.endswith(ending):
            return name.removesuffix(ending) + plural
    return name + "s"


def _pair_en(scene: Scene, rng: random.Random) -> str:
    ways = {
        "above": (("above", "on top of", "over"), ("below", "under", "beneath")),
        "beside": (("to the left of", "left of"), ("to the right of", "right of")),
    }
    forward, backward = ways[scene.relation or "above"]
    first, second = (_thing_en(thing, 1, True, rng) for thing in scene.things)
    way = rng.random()
    if way < 0.5:
        return f"{first} {rng.choice(forward)} {second}"
    if way < 0.85 or scene.relation == "above":
        return f"{second} {rng.choice(backward)} {first}"
    return f"{first} on the left and {second} on the right"


def _in_setting_en(text: str, scene: Scene, rng: random.Random) -> str:
    if scene.setting == "plain":
        form = rng.choice(("on a {} background", "on a {} background", "with a {} background",
                           "on {} background", "on {}", "against a {} background"))  # fmt: skip
        return f"{text} {form.format(scene.setting_colour)}"
    if scene.setting == "night" and rng.random() < 0.3:
        sky = rng.choice(("starry night over", "a starry night over", "night sky over"))
        return f"{sky} {text}"
    place = rng.choice(words.SETTING_EN[scene.setting])
    if rng.random() < 0.18:
        return f"{place}, {text}"
    doing, single = "", scene.relation is None and scene.position == "centre"
    if scene.main.subject in ANIMALS and single and rng.random() < 0.4:
        doing = rng.choice(words.ANIMAL_DOES_EN) + " "
    elif scene.main.colour and single and rng.random() < 0.12:
        doing = rng.choice(words.THING_DOES_EN) + " "
    return f"{text} {doing}{place}"


def _in_style_en(text: str, scene: Scene, rng: random.Random) -> str:
    name = rng.choice(words.STYLE_EN[scene.style])
    if scene.style == "fisheye":
        animal = "cat" if scene.main.subject == "cat_head" else scene.main.subject
        tail = rng.choice(words.FISHEYE_TAILS_EN).format(animal.replace("_", " "))
        if rng.random() < 0.65:
            return f"{name}{rng.choice((', ', ', ', ' of '))}{text}{tail}"
        return f"{text}, {name}{tail}"
    if not name:
        return text
    if name.startswith(("in ", "with ", "by ")):
        return f"{text}{rng.choice((' ', ', '))}{name}"
    way = rng.random()
    if way < 0.3 and "style" in name:
        return f"{name}{rng.choice((' ', ' ', ', '))}{text}"
    if way < 0.4 and ("painting" in name or "drawing" in name or "sketch" in name):
        return f"{name} of {text}"
    return f"{text}{rng.choice((', ', ', ', ' '))}{name}"


def _wrapped_en(text: str, rng: random.Random) -> str:
    if rng.random() < 0.25:
        text = rng.choice(words.OPENINGS_EN) + text
    if rng.random() < 0.3:
        text += rng.choice(words.ENDINGS_EN)
    if rng.random() < 0.3:
        text = text[:1].upper() + text[1:]
    return text + ("." if rng.random() < 0.1 else "")


def _chinese(scene: Scene, rng: random.Random) -> Caption:
    colour, setting = _says_colour(scene, rng), _says_setting(scene, rng)
    if scene.relation:
        text = _pair_zh(scene, rng)
    else:
        text = _thing_zh(scene.main, scene.count, colour, rng)
    if scene.position != "centre":
        text += rng.choice(words.POSITION_ZH[scene.position])
    if setting:
        text = _in_setting_zh(text, scene, rng)
    if scene.weather != "clear":
        sky = rng.choice(words.WEATHER_ZH[scene.weather])
        text = rng.choice((f"{text}，{sky}", f"{sky}，{text}"))
    style = rng.choice(words.STYLE_ZH[scene.style])
    if scene.style == "fisheye":
        text = f"{style}，{text}{rng.choice(words.FISHEYE_TAILS_ZH)}"
    elif style:
        text = rng.choice((f"{text}，{style}", f"{style}，{text}", f"{style}的{text}"))
    if rng.random() < 0.25:
        text = rng.choice(words.OPENINGS_ZH) + text
    if rng.random() < 0.25:
        text += rng.choice(words.ENDINGS_ZH)
    text += "。" if rng.random() < 0.1 else ""
    return Caption(text, _said(scene, colour=colour, setting=setting), "zh")


def _thing_zh(thing: Thing, count: int, colour: bool, rng: random.Random) -> str:
    measure, names = words.SUBJECT_ZH[thing.subject]
    hue = rng.choice(words.COLOUR_ZH[thing.colour]) if colour and thing.colour else ""
    text = rng.choice([name for name in names if hue or "{}" not in name])
    if "{}" in text:
        text = text.format(hue)
    elif hue:
        text = hue + ("的" if hue.endswith("色") and rng.random() < 0.8 else "") + text
    if rng.random() < 0.18:
        text = rng.choice(words.ADJECTIVES_ZH) + text
    if count == 1 and rng.random() < 0.2:
        return text
    return f"{words.NUMBERS_ZH[count]}{measure}{text}"


def _pair_zh(scene: Scene, rng: random.Random) -> str:
    ways = {"above": ("上面", "下面"), "beside": ("左边", "右边")}
    first, second = (_thing_zh(thing, 1, True, rng) for thing in scene.things)
    forward, backward = ways[scene.relation or "above"]
    way = rng.random()
    if way < 0.5:
        return f"{first}在{second}{rng.choice(('', '的'))}{forward}"
    if way < 0.85 or scene.relation == "above":
        return f"{second}在{first}{rng.choice(('', '的'))}{backward}"
    return f"左边是{first}，右边是{second}"


def _in_setting_zh(text: str, scene: Scene, rng: random.Random) -> str:
    if scene.setting == "plain":
        hue = words.COLOUR_ZH[scene.setting_colour or "white"][0]
        return rng.choice((f"{text}，{hue}背景", f"{hue}背景，{text}", f"{hue}背景上的{text}"))
    place = rng.choice(words.SETTING_ZH[scene.setting])
    single = scene.relation is None and scene.position == "centre" and scene.count == 1
    if scene.main.subject in ANIMALS and single and rng.random() < 0.25:
        return f"{text}{rng.choice(words.ANIMAL_DOES_ZH)}{place.removeprefix('在')}"
    return rng.choice((f"{text}，{place}", f"{place}，{text}", f"{place}的{text}", place + text))
