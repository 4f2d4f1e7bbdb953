"""The captions that are drawn to be judged: unseen in training, both languages, all frames.

Says what a picture must show to follow one. Knows no reader.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipelines.embedded.canvas import Frame
from pipelines.embedded.captions import UNSAID, Caption, captions_of
from pipelines.embedded.frames import SQUARE, frame_of
from pipelines.embedded.render import render
from pipelines.embedded.world import Scene, scene_from_seed
from pipelines.types import Pixels

CASE_SEEDS = 900_000_000
_EVEN_STYLES = frozenset({"flat", "photo", "pixel"})
"""Their plain grounds are even enough for pieces to be told from them."""


@dataclass(frozen=True, slots=True)
class Case:
    """A caption that training never saw, its scene, and the frame it is drawn in."""

    scene: Scene
    caption: Caption
    frame: Frame
    extra: bool = False
    """There only so that as many prompts ask for two and for three of a thing as for one."""

    @property
    def seed(self) -> int:
        """Of the noise."""
        return self.scene.seed


def cases(count: int, counted: int = 0) -> list[Case]:
    """So many cases of all kinds, languages in turns, and more until twos and threes suffice."""
    drawn = [case(index) for index in range(count)]
    missing = {n: counted - sum(_counts(one, n) for one in drawn) for n in (2, 3)}
    index = count
    while any(left > 0 for left in missing.values()):
        one = case(index, extra=True)
        number = one.scene.count
        if one.scene.relation is None and missing.get(number, 0) > 0:
            missing[number] -= 1
            drawn.append(one)
        index += 1
    return drawn


def case(index: int, *, extra: bool = False) -> Case:
    """Case number so and so: half of all are squares, half are Chinese, independently."""
    seed = CASE_SEEDS + index
    scene = scene_from_seed(seed)
    language = "zh" if (index // 2 + index // 12) % 2 else "en"
    captions = captions_of(scene, seed, for_evaluation=True)
    caption = next(caption for caption in captions if caption.language == language)
    return Case(scene, caption, frame_of(index), extra)


def _counts(one: Case, number: int) -> bool:
    return one.scene.relation is None and one.scene.count == number


def wanted(scene: Scene, caption: Caption) -> dict[str, str]:
    """What a picture must show to follow this caption, by the name of the verdict.

    What is drawn without being said is not wanted: a flat style, a clear sky, the middle.
    """
    said = {name: value for name, value in caption.said.items() if value != UNSAID}
    plain = ("subject", "colour", "setting")
    expected: dict[str, str] = {name: said[name] for name in plain if name in said}
    if said["style"] != "flat":
        expected["style"] = said["style"]
    if said["weather"] != "clear":
        expected["weather"] = said["weather"]
    if scene.relation:
        expected |= _wanted_of_two(said)
    else:
        expected["count"] = said["count"]
        if said["position"] != "centre":
            expected["place of one"] = said["position"]
    return expected | _measurable(scene, said)


def _wanted_of_two(said: dict[str, str]) -> dict[str, str]:
    return {
        "second subject": said["other_subject"],
        "second colour": said["other_colour"],
        "order of two": f"{said['subject']} {said['relation']} {said['other_subject']}",
    }


def _measurable(scene: Scene, said: dict[str, str]) -> dict[str, str]:
    """What arithmetic on pixels can tell."""
    expected = {}
    if "setting" in said:
        expected["setting in pixels"] = said["setting"]
    if "setting_colour" in said:
        expected["setting colour in pixels"] = said["setting_colour"]
    if "colour" in said and not scene.relation:
        expected["colour in pixels"] = said["colour"]
    if scene.setting != "plain" or scene.style not in _EVEN_STYLES:
        return expected
    if scene.relation:
        both = f"{said['colour']} {said['other_colour']}"
        expected["both colours in pixels"] = both
        expected["order of two in pixels"] = f"{scene.relation} {both}"
    else:
        expected["count in pixels"] = said["count"]
        if scene.position != "centre":
            expected["place of one in pixels"] = said["position"]
    return expected


def groups_of(asked: Sequence[Case]) -> dict[str, NDArray[np.bool_]]:
    """The cases by what figures are given for, as masks."""
    chinese = np.array([one.caption.language == "zh" for one in asked])
    square = np.array([one.frame == SQUARE for one in asked])
    return {
        "all": np.ones(len(asked), bool),
        "English": ~chinese,
        "Chinese": chinese,
        "squares": square,
        "other frames": ~square,
    }


def renders(asked: Sequence[Case]) -> list[Pixels]:
    """The true pictures of these cases."""
    return [render(one.scene, one.frame) for one in asked]
