"""Draws a labelled contact sheet: the prompts of the API documents, then some of our own.

`python -m pipelines.embedded.sheet -o docs/embedded-contact-sheet.png` draws it with the shipped
weights.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import torch
from diffusers import DiffusionPipeline
from PIL import Image, ImageDraw, ImageFont

from pipelines.catalog import EMBEDDED_WEIGHTS
from pipelines.embedded.drawing import draw
from pipelines.families.embedded import BEST_GUIDANCE, STEPS

DOCUMENT_PROMPTS = (
    "Fisheye lens, a cat's head, the picture shows the cat's facial features are distorted due "
    "to the shooting method.",
    "A cute orange cat sitting in sunlight",
    "Futuristic cityscape with neon lights, cyberpunk style",
    "A blooming magnolia flower with blurred background, photography style",
    "Van Gogh style starry night over a small town",
    "Watercolor style landscape painting with profound artistic conception",
)
OWN_PROMPTS = (
    "a red circle on a white background",
    "a blue car in the snow",
    "a black cat on a yellow background",
    "a red apple",
    "a brown dog in a forest",
    "a purple fish by the sea",
    "a hot air balloon at sunset",
    "a white boat by a lake, watercolor style",
    "three red birds on a white background",
    "a yellow star above a blue square on a white background",
    "a pink heart, glowing neon",
    "a green tree at night, Van Gogh style",
    "一只橙色的猫，在阳光下",
    "星空下的小镇，梵高风格",
    "雪地里的红色房子",
    "两朵黄色的花，白色背景",
    "玉兰花，背景虚化",
    "水墨画，山水风景",
)
_IN_ENGLISH = {
    "一只橙色的猫，在阳光下": "(in Chinese) an orange cat in sunlight",
    "星空下的小镇，梵高风格": "(in Chinese) a town under the stars, Van Gogh style",
    "雪地里的红色房子": "(in Chinese) a red house in the snow",
    "两朵黄色的花，白色背景": "(in Chinese) two yellow flowers, white background",
    "玉兰花，背景虚化": "(in Chinese) a magnolia, blurred background",
    "水墨画，山水风景": "(in Chinese) ink wash painting, a landscape",
}
"""Labels for prompts whose script the built-in font does not have."""
_COLUMNS = 6
_CELL = 192
_LABEL = 30
_PAPER = (250, 250, 248)
_TEXT = (40, 40, 46)


def sample_sheet(
    pipeline: Any, prompts: tuple[str, ...] = DOCUMENT_PROMPTS + OWN_PROMPTS, seed: int = 1
) -> Image.Image:
    """Draw every prompt with the same seed and lay the pictures out, labelled."""
    steps = STEPS["standard"]
    pictures = draw(pipeline, list(prompts), guidance=BEST_GUIDANCE, steps=steps, first_seed=seed,
                    same_seed=True)  # fmt: skip
    rows = -(-len(prompts) // _COLUMNS)
    sheet = Image.new("RGB", (_COLUMNS * _CELL, rows * (_CELL + _LABEL)), _PAPER)
    pen = ImageDraw.Draw(sheet)
    for index, (prompt, picture) in enumerate(zip(prompts, pictures, strict=True)):
        left, top = index % _COLUMNS * _CELL, index // _COLUMNS * (_CELL + _LABEL)
        cell = Image.fromarray(picture).resize((_CELL - 4, _CELL - 4), Image.Resampling.LANCZOS)
        sheet.paste(cell, (left + 2, top + 2))
        _write(pen, _IN_ENGLISH.get(prompt, prompt), left + 4, top + _CELL)
    return sheet


def _write(pen: ImageDraw.ImageDraw, prompt: str, left: int, top: int) -> None:
    """Two short lines of the prompt."""
    font = ImageFont.load_default(size=11)
    lines, line = [], ""
    for word in prompt.split(" "):
        longer = f"{line} {word}".strip()
        if pen.textlength(longer, font=font) > _CELL - 10:
            lines.append(line)
            longer = word
        line = longer
    lines.append(line)
    if len(lines) > 2:
        lines[1] = lines[1].rsplit(" ", 1)[0] + " …"
    pen.multiline_text((left, top), "\n".join(lines[:2]), fill=_TEXT, font=font, spacing=1)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m pipelines.embedded.sheet")
    parser.add_argument("--weights", type=Path, default=EMBEDDED_WEIGHTS)
    parser.add_argument("-o", "--out", type=Path, default=Path("docs/embedded-contact-sheet.png"))
    parser.add_argument("--seed", type=int, default=2)
    asked = parser.parse_args(arguments)
    pipeline = DiffusionPipeline.from_pretrained(asked.weights, dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    sample_sheet(pipeline, seed=asked.seed).save(asked.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
