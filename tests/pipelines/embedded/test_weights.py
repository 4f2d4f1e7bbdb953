"""The weights that ship: small, safe, loaded without the renderer, and they follow a prompt."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import DiffusionPipeline, StableDiffusionPipeline

from pipelines.catalog import EMBEDDED_WEIGHTS
from pipelines.embedded.canvas import Frame
from pipelines.embedded.drawing import draw
from pipelines.embedded.frames import FRAMES
from pipelines.embedded.pixel_rules import colour_of
from pipelines.families.embedded import BEST_GUIDANCE, STEPS
from pipelines.types import Size

LARGEST = 40_000_000
HARMLESS = {".json", ".safetensors"}


@pytest.fixture(scope="module")
def pipeline() -> Any:
    loaded = DiffusionPipeline.from_pretrained(EMBEDDED_WEIGHTS, dtype=torch.float32)
    loaded.set_progress_bar_config(disable=True)
    return loaded


def test_the_folder_is_small_and_holds_nothing_that_can_run() -> None:
    files = [path for path in EMBEDDED_WEIGHTS.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == HARMLESS
    assert sum(path.stat().st_size for path in files) <= LARGEST


def test_it_is_a_stock_pipeline_that_draws_256_pixels(pipeline: Any) -> None:
    assert type(pipeline) is StableDiffusionPipeline
    assert draw(pipeline, ["a cat"], guidance=1.0, steps=1).shape == (1, 256, 256, 3)


@pytest.mark.parametrize("frame", FRAMES)
def test_it_draws_every_frame_of_its_training(pipeline: Any, frame: Frame) -> None:
    """Also those whose latents halve to no whole number."""
    size = Size(frame.width, frame.height)
    drawn = draw(pipeline, ["a cat"], guidance=1.0, steps=1, size=size)
    assert drawn.shape == (1, frame.height, frame.width, 3)


def test_serving_needs_neither_renderer_nor_trainer() -> None:
    program = (
        "import sys; sys.modules['skia'] = None\n"
        "from diffusers import DiffusionPipeline\n"
        f"DiffusionPipeline.from_pretrained({str(EMBEDDED_WEIGHTS)!r})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("colour", ["red", "blue", "yellow", "green"])
def test_a_plain_prompt_gets_the_colours_it_asks_for(pipeline: Any, colour: str) -> None:
    prompt = f"a {colour} circle on a white background"
    picture = draw(pipeline, [prompt], guidance=BEST_GUIDANCE, steps=STEPS["standard"])[0]
    assert colour_of(picture) == colour
    assert picture[:24, :24].mean() > 215


def test_guidance_changes_the_picture(pipeline: Any) -> None:
    weak, strong = (
        draw(pipeline, ["a blue cat at sunset"], guidance=guidance, steps=6)[0].astype(float)
        for guidance in (1.0, 5.0)
    )
    assert np.abs(weak - strong).mean() > 3


def test_the_same_seed_is_the_same_picture_and_another_is_not(pipeline: Any) -> None:
    first, again, other = (
        draw(pipeline, ["一只橙色的猫"], guidance=3.0, steps=4, first_seed=seed)[0]
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_model_card_says_where_the_weights_come_from() -> None:
    card = (Path(EMBEDDED_WEIGHTS).parent / "MODEL_CARD.md").read_text()
    for topic in (
        "Apache-2.0",
        "## Training",
        "## Data",
        "## Limits",
        "pipelines.embedded.evaluate",
    ):
        assert topic in card
