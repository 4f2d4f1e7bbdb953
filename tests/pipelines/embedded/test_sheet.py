"""The README's first picture: drawn by the command that the README names, and it looks like one."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.embedded.gallery import Framed, Section, gallery, wrapped
from pipelines.embedded.sheet import (
    CONTACT_SHEET,
    DOCUMENT_PROMPTS,
    FIRST_PICTURE,
    OWN_PROMPTS,
)
from pipelines.label.charset import CHARACTERS
from pipelines.types import Pixels
from tests.running import plain_environment

REPOSITORY = Path(__file__).parents[3]
README = (REPOSITORY / "README.md").read_text()
COMMAND = ".venv/bin/python -m pipelines.embedded.sheet"
PAPER = (251, 250, 247)


def filled(width: int, height: int, shade: int = 90) -> Pixels:
    return np.full((height, width, 3), shade, np.uint8)


def pixels(image: Image.Image) -> Pixels:
    return np.asarray(image)


def test_the_readmes_first_picture_is_drawn_by_the_command_it_names(tmp_path: Path) -> None:
    first = re.search(r"!\[[^\]]*\]\(docs/([\w-]+\.png)\)", README)
    assert first is not None
    assert first[1] == FIRST_PICTURE
    assert f"`{COMMAND}`" in README.partition("## Run it")[0]
    command = [sys.executable, *COMMAND.split()[1:]]
    subprocess.run(
        [*command, "--out", str(tmp_path), "--steps", "1", "--own", "1"],
        cwd=REPOSITORY,
        env=plain_environment(),
        check=True,
        capture_output=True,
    )
    with Image.open(tmp_path / FIRST_PICTURE) as drawn:
        with Image.open(REPOSITORY / "docs" / FIRST_PICTURE) as shipped:
            assert drawn.size == shipped.size
        assert drawn.width == 864
        corner = [(32 + column * 272, 32) for column in range(3)]
        for left, top in corner:
            cell = pixels(drawn)[top + 8 : top + 248, left + 8 : left + 248].astype(float)
            assert cell.std(axis=(0, 1)).max() > 3, "not blank"
    with Image.open(tmp_path / CONTACT_SHEET) as sheet:
        assert sheet.width == 1120
        assert pixels(sheet)[-200:].std() > 5


def test_the_shipped_sheet_shows_all_prompts(tmp_path: Path) -> None:
    assert f"docs/{CONTACT_SHEET}" in README
    with Image.open(REPOSITORY / "docs" / CONTACT_SHEET) as sheet:
        assert sheet.width == 1120
        assert sheet.height > 3000
    assert len(DOCUMENT_PROMPTS) == 6
    assert len(set(OWN_PROMPTS)) == len(OWN_PROMPTS) >= 24


def test_the_font_can_write_every_prompt() -> None:
    for prompt in DOCUMENT_PROMPTS + OWN_PROMPTS:
        assert set(prompt) <= CHARACTERS, prompt


def test_pictures_of_a_row_are_equally_high_and_fill_it() -> None:
    row = [Framed(filled(256, 256, 10), "a"), Framed(filled(336, 192, 60), "b"),
           Framed(filled(192, 336, 110), "c")]  # fmt: skip
    sheet = pixels(gallery([Section([row])], 800))
    line = sheet[60, :, 0]
    for shade, aspect in ((10, 1), (60, 1.75), (110, 4 / 7)):
        wide = int((line == shade).sum())
        tall = int((sheet[:, int(np.argmax(line == shade)) + 20, 0] == shade).sum())
        assert wide / tall == pytest.approx(aspect, rel=0.03)
    inked = np.flatnonzero(line != PAPER[0])
    assert (inked[0], inked[-1]) == (32, pytest.approx(800 - 33, abs=3))


def test_a_picture_of_native_size_is_shown_pixel_for_pixel() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
    sheet = pixels(gallery([Section([[Framed(noise, "one")] * 3])], 864))
    assert np.array_equal(sheet[42:278, 42:278], noise[10:246, 10:246])


def test_what_the_font_lacks_is_said_in_its_meaning_alone() -> None:
    picture = filled(256, 256)

    def drawn(prompt: str, gloss: str) -> Pixels:
        return pixels(gallery([Section([[Framed(picture, prompt, gloss)]])], 320))

    dragon = drawn("龘", "a dragon")
    assert np.array_equal(dragon, drawn("龘龘", "a dragon"))
    assert not np.array_equal(dragon, drawn("龘", "a cat"))
    assert len(drawn("一只猫", "a cat")) > len(drawn("龘", "a cat"))


def test_long_prompts_are_broken_and_then_cut() -> None:
    lines = wrapped("Fisheye lens, a cat's head, the picture shows the cat's face", 150)
    assert " ".join(lines) == "Fisheye lens, a cat's head, the picture shows the cat's face"
    assert len(lines) > 2
    cut = wrapped("word " * 60, 150)
    assert len(cut) == 4
    assert cut[-1].endswith("…")
    assert "".join(wrapped("星空下的小镇，梵高风格", 70)) == "星空下的小镇，梵高风格"
    assert not any(line.startswith("，") for line in wrapped("星空下的小镇，梵高风格", 92))
