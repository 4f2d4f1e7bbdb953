"""Draws the README's first picture and the contact sheet: `python -m pipelines.embedded.sheet`.

The first picture shows the six prompts of the vendors' API documents, the contact sheet those and
some of our own in all styles, settings and frames. Picture number n has seed n: none was chosen.
Draws with the shipped weights, as the server does unless a request says more, into `docs/`.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import DiffusionPipeline
from PIL import Image

from pipelines.catalog import EMBEDDED_WEIGHTS
from pipelines.embedded.drawing import NATIVE, draw
from pipelines.embedded.gallery import Framed, Section, gallery
from pipelines.embedded.progress import advancing, bars
from pipelines.families.embedded import BEST_GUIDANCE, STEPS
from pipelines.types import Pixels, Size

FIRST_PICTURE = "embedded-prompts.png"
CONTACT_SHEET = "embedded-contact-sheet.png"
_FIRST_WIDTH = 864
"""Three native pictures beside each other, pixel for pixel."""
_SHEET_WIDTH = 1120
_REPORT_COLUMNS = 6

LYING, WIDE = Size(320, 208), Size(336, 192)
STANDING, TALL = Size(208, 320), Size(192, 336)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be drawn, how large, and what a prompt in Chinese means."""

    prompt: str
    size: Size = NATIVE
    meaning: str = ""


DOCUMENT_PROMPTS = (
    "Fisheye lens, a cat's head, the picture shows the cat's facial features are distorted due "
    "to the shooting method.",
    "A cute orange cat sitting in sunlight",
    "Futuristic cityscape with neon lights, cyberpunk style",
    "A blooming magnolia flower with blurred background, photography style",
    "Van Gogh style starry night over a small town",
    "Watercolor style landscape painting with profound artistic conception",
)
_OWN: dict[str, tuple[tuple[Wish, ...], ...]] = {
    "Styles": (
        (
            Wish("a lighthouse by the sea, watercolor style"),
            Wish("a brown horse, pencil drawing"),
            Wish("a blue robot on a white background, pixel art"),
            Wish("a windmill in a meadow, Van Gogh style"),
            Wish("a bear in the forest, ink wash painting"),
        ),
        (
            Wish("a pink car, glowing neon, cyberpunk style"),
            Wish("a red tulip with soft bokeh background"),
            Wish("fisheye lens, a cat's face"),
            Wish("a castle in the mountains, flat illustration"),
            Wish("a turquoise diamond, oil painting"),
        ),
    ),
    "Places, weather and other frames": (
        (
            Wish("a sailboat on a lake at sunset", LYING),
            Wish("a penguin in the snow", STANDING),
            Wish("a steam train in the mountains", WIDE),
            Wish("an astronaut in space", TALL),
        ),
        (
            Wish("a cactus in the desert", TALL),
            Wish("an orange fish under water", LYING),
            Wish("a girl in a red dress in a garden", STANDING),
            Wish("a yellow bus on a street in the rain", WIDE),
        ),
        (
            Wish("a hot air balloon over a meadow with a rainbow", LYING),
            Wish("an owl at night", NATIVE),
            Wish("a blue sofa in a room", LYING),
            Wish("an elephant in an autumn forest", NATIVE),
        ),
    ),
    "How many, and where": (
        (
            Wish("two white rabbits in a garden"),
            Wish("three red apples on a white background"),
            Wish("four yellow stars on a black background"),
            Wish("a purple heart above a green square on a white background"),
            Wish("a brown dog to the left of a blue car"),
        ),
    ),
    "In Chinese": (
        (
            Wish("一只橙色的猫，在阳光下", meaning="an orange cat in sunlight"),
            Wish("星空下的小镇，梵高风格", meaning="a town under the stars, Van Gogh style"),
            Wish("雪地里的红色房子", meaning="a red house in the snow"),
            Wish("玉兰花，背景虚化", meaning="a magnolia, blurred background"),
            Wish("水墨画，山水风景", meaning="an ink wash painting of a landscape"),
        ),
        (
            Wish("海边的灯塔", LYING, "a lighthouse by the sea"),
            Wish("三只蓝色的鸟，白色背景", WIDE, "three blue birds, white background"),
            Wish("两朵黄色的花，白色背景", LYING, "two yellow flowers, white background"),
        ),
    ),
}
OWN_PROMPTS = tuple(wish.prompt for rows in _OWN.values() for row in rows for wish in row)


def first_picture(pictures: Sequence[Pixels]) -> Image.Image:
    """The six prompts of the API documents in two rows."""
    framed = [Framed(*pair) for pair in zip(pictures, DOCUMENT_PROMPTS, strict=True)]
    return gallery([Section((framed[:3], framed[3:]))], _FIRST_WIDTH)


def contact_sheet(first: Sequence[Pixels], own: Sequence[Pixels]) -> Image.Image:
    """All prompts. `own` may be shorter than the prompts of our own: then their first ones."""
    framed = [Framed(*pair) for pair in zip(first, DOCUMENT_PROMPTS, strict=True)]
    sections = [Section((framed[:3], framed[3:]), "Prompts of the API documents")]
    drawn = iter(own)
    for title, rows in _OWN.items():
        hung = [
            [Framed(one, w.prompt, w.meaning) for w, one in zip(row, drawn, strict=False)]
            for row in rows
        ]
        if any(hung):
            sections.append(Section([row for row in hung if row], title))
    return gallery(sections, _SHEET_WIDTH, tallest=_SHEET_WIDTH / 3)


def sample_sheet(pipeline: Any, prompts: Sequence[str] = DOCUMENT_PROMPTS) -> Image.Image:
    """A plain sheet of these prompts in the pipeline's own size, for a look during training."""
    pictures = draw(pipeline, prompts, guidance=BEST_GUIDANCE, steps=STEPS["standard"])
    framed = [Framed(*pair) for pair in zip(pictures, prompts, strict=True)]
    rows = [framed[n : n + _REPORT_COLUMNS] for n in range(0, len(framed), _REPORT_COLUMNS)]
    return gallery([Section(rows)], _SHEET_WIDTH, tallest=NATIVE.height)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m pipelines.embedded.sheet")
    parser.add_argument("--weights", type=Path, default=EMBEDDED_WEIGHTS)
    parser.add_argument("-o", "--out", type=Path, default=Path("docs"), help="a folder")
    parser.add_argument("--steps", type=int, default=STEPS["standard"])
    parser.add_argument("--own", type=int, default=len(OWN_PROMPTS), help="prompts of our own")
    asked = parser.parse_args(arguments)
    pipeline = DiffusionPipeline.from_pretrained(asked.weights, dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    own = [wish for rows in _OWN.values() for row in rows for wish in row][: asked.own]
    wishes = [*map(Wish, DOCUMENT_PROMPTS), *own]
    pictures = []
    with bars() as progress, advancing(progress, "drawing", len(wishes)) as advance:
        for seed, wish in enumerate(wishes):
            pictures.append(
                draw(pipeline, [wish.prompt], guidance=BEST_GUIDANCE, steps=asked.steps,
                     seeds=[seed], size=wish.size, advance=advance)[0]
            )  # fmt: skip
    first, others = pictures[: len(DOCUMENT_PROMPTS)], pictures[len(DOCUMENT_PROMPTS) :]
    asked.out.mkdir(parents=True, exist_ok=True)
    first_picture(first).save(asked.out / FIRST_PICTURE, optimize=True)
    contact_sheet(first, others).save(asked.out / CONTACT_SHEET, optimize=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
