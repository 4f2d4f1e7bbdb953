"""The contract of every registered family, held against the real pipelines it speaks to.

Source of the recommended values: the model cards, as each family file cites them.
"""

import inspect
import logging
import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from diffusers.pipelines.longcat_image.pipeline_longcat_image_edit import calculate_dimensions

from pipelines.catalog import StandIn
from pipelines.cost import StepCost
from pipelines.families import FAMILIES, family
from pipelines.families.base import Family, Quality
from pipelines.families.embedded import BEST_GUIDANCE
from pipelines.families.pictures import Strengths
from pipelines.memory import Models
from pipelines.parity.case import Case
from pipelines.parity.registry import CASES
from pipelines.parity.tiny import give_noise
from pipelines.types import Bitmap, ImageRequest, Limits, Size
from tests.pipelines.drawing import Books, Watched, difference, drain, engine, stock

pytestmark = [
    pytest.mark.filterwarnings("ignore:.FluxPosEmbed. is deprecated:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.LoraLoaderMixin. is deprecated:FutureWarning"),
]

TINY = {
    "embedded": "sd15",
    "flux": "flux",
    "flux_kontext": "flux kontext",
    "flux_schnell": "flux",
    "flux2_klein": "flux2_klein",
    "flux2_klein_base": "flux2_klein",
    "generic": "sd15",
    "longcat": "longcat",
    "longcat_edit": "longcat edit",
    "longcat_edit_turbo": "longcat edit",
    "qwen_image": "qwen_image",
    "qwen_image_edit": "qwen_image edit",
    "qwen_image_edit_lightning": "qwen_image edit",
    "qwen_image_lightning": "qwen_image",
    "sd15": "sd15",
    "sdxl": "sdxl",
    "sdxl_turbo": "sdxl",
    "z_image": "z_image",
    "z_image_turbo": "z_image",
}
"""The parity case whose pipeline is of the family's class."""
RECOMMENDED = {
    "embedded": BEST_GUIDANCE,
    "flux": 3.5,
    "flux_kontext": 2.5,
    "flux_schnell": 0.0,
    "flux2_klein": 1.0,
    "flux2_klein_base": 4.0,
    "generic": 4.5,
    "longcat": 4.5,
    "longcat_edit": 4.5,
    "longcat_edit_turbo": 1.0,
    "qwen_image": 4.0,
    "qwen_image_edit": 4.0,
    "qwen_image_edit_lightning": 1.0,
    "qwen_image_lightning": 1.0,
    "sd15": 7.5,
    "sdxl": 6.0,
    "sdxl_turbo": 0.0,
    "z_image": 4.0,
    "z_image_turbo": 0.0,
}
MULTIPLE = {"sd15": 8, "sdxl": 8}
"""What the pipelines want sides to be divisible by, where it is not twice the autoencoder's 8."""
DISTILLED = {
    "flux_schnell",
    "flux2_klein",
    "longcat_edit_turbo",
    "qwen_image_edit_lightning",
    "qwen_image_lightning",
    "sdxl_turbo",
    "z_image_turbo",
}
SCALES = [1 + step / 4 for step in range(37)]
QUALITIES: tuple[Quality, ...] = get_args(Quality)
OFTEN_WANTED = [
    Size(256, 256),
    Size(512, 512),
    Size(1024, 1024),
    Size(1536, 1024),
    Size(1024, 1792),
    Size(2048, 2048),
    Size(2304, 1728),
    Size(3024, 1296),
    Size(4096, 4096),
    Size(64, 4096),
]


@pytest.fixture(params=FAMILIES)
def drawn_by(request: pytest.FixtureRequest) -> Family:
    return family(request.param)


def wanted_sizes() -> list[Size]:
    chance = random.Random(5)
    sides = [round(2 ** chance.uniform(6, 12.5)) for _ in range(2000)]
    return [*OFTEN_WANTED, *(Size(*pair) for pair in zip(sides[::2], sides[1::2], strict=True))]


def request(drawn_by: Family, **changes: Any) -> ImageRequest:
    fields: dict[str, Any] = {
        "id": "one",
        "model": drawn_by.name,
        "prompt": "a red circle",
        "size": Size(32, 32),
        "steps": 3,
        "guidance": drawn_by.guidance(None),
        "seed": 7,
    }
    return ImageRequest(**fields | changes)


def test_a_family_knows_its_own_name() -> None:
    assert [family(name).name for name in FAMILIES] == list(FAMILIES)
    assert set(TINY) == set(RECOMMENDED) == set(FAMILIES)


def test_a_native_size_is_on_the_grid_and_within_the_limits(drawn_by: Family) -> None:
    limits = drawn_by.limits
    for wanted in wanted_sizes():
        native = drawn_by.native_size(wanted)
        for side in (native.width, native.height):
            assert side % limits.grid == 0, wanted
            assert limits.min_side <= side <= limits.max_side, wanted


def test_the_grid_is_one_that_the_pipeline_neither_refuses_nor_cuts(drawn_by: Family) -> None:
    assert drawn_by.limits.grid % MULTIPLE.get(TINY[drawn_by.name], 16) == 0


def test_a_native_size_keeps_the_shape_to_a_step_of_the_grid(drawn_by: Family) -> None:
    limits = drawn_by.limits
    for wanted in wanted_sizes():
        aspect = wanted.width / wanted.height
        longest = limits.max_side / limits.min_side
        aspect = min(max(aspect, 1 / longest), longest)
        native = drawn_by.native_size(wanted)
        too_wide = abs(native.width - native.height * aspect)
        too_high = abs(native.height - native.width / aspect)
        assert min(too_wide, too_high) <= limits.grid, wanted


def test_a_native_size_is_its_own_native_size(drawn_by: Family) -> None:
    for wanted in wanted_sizes():
        native = drawn_by.native_size(wanted)
        assert drawn_by.native_size(native) == native, wanted


def test_a_size_the_model_draws_is_only_rounded_up(drawn_by: Family) -> None:
    native = drawn_by.native_size(Size(1024, 1024))
    just_below = Size(native.width - 1, native.height - drawn_by.limits.grid + 1)
    assert drawn_by.native_size(just_below) == native


def test_a_turned_picture_is_drawn_turned(drawn_by: Family) -> None:
    for wanted in wanted_sizes():
        native = drawn_by.native_size(wanted)
        turned = drawn_by.native_size(Size(wanted.height, wanted.width))
        assert turned == Size(native.height, native.width)


def test_more_quality_never_takes_fewer_steps(drawn_by: Family) -> None:
    steps = [drawn_by.steps(quality) for quality in QUALITIES]
    assert steps == sorted(steps)
    assert (steps[0] == steps[-1]) == (drawn_by.name in DISTILLED)
    assert 1 <= steps[0] <= steps[-1] <= drawn_by.limits.max_steps


def test_unsaid_guidance_is_exactly_what_the_makers_recommend(drawn_by: Family) -> None:
    assert drawn_by.guidance(None) == RECOMMENDED[drawn_by.name]
    assert drawn_by.guidance(5.5) == RECOMMENDED[drawn_by.name]


def test_more_guidance_guides_more_unless_it_was_distilled_away(drawn_by: Family) -> None:
    values = [drawn_by.guidance(scale) for scale in SCALES]
    if drawn_by.name in DISTILLED:
        assert set(values) == {RECOMMENDED[drawn_by.name]}
    else:
        assert all(low < high for low, high in pairwise(values))


@pytest.mark.parametrize(("name", "off"), [("z_image", 0.0), ("qwen_image", 1.0), ("sdxl", 1.0)])
def test_the_least_guidance_turns_it_off_as_each_pipeline_counts(name: str, off: float) -> None:
    assert family(name).guidance(1) == off


def test_qwen_image_is_guided_only_with_a_negative_prompt() -> None:
    qwen = family("qwen_image")
    assert qwen.arguments(request(qwen))["negative_prompt"] == " "
    assert qwen.arguments(request(qwen, negative_prompt="fog"))["negative_prompt"] == "fog"
    assert qwen.arguments(request(qwen, guidance=1.0))["negative_prompt"] is None


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What the pipelines log as a warning."""
    heard: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.getMessage())

    ear, log = Ear(logging.WARNING), logging.getLogger("diffusers")
    log.addHandler(ear)
    yield heard
    log.removeHandler(ear)


class Small:
    """A family whose pipeline is tiny: its own arguments, and what so small a one needs."""

    limits = Limits(min_side=16, max_side=64, grid=16, max_steps=100)

    def __init__(self, real: Family, call: dict[str, object]) -> None:
        self.real = real
        self.call = call

    def arguments(self, wanted: ImageRequest) -> dict[str, object]:
        return self.call | self.real.arguments(wanted)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


def on_a_device(drawn_by: Family, case: Case) -> Models:
    """The tiny pipeline of a case as the family's model, with a knee that lets all rows meet."""
    pipe = case.build()
    pipe.set_progress_bar_config(disable=True)
    if "is_distilled" in pipe.config:
        pipe.register_to_config(is_distilled=drawn_by.name in DISTILLED)
    models = Models(torch.device("cpu"))
    stand_in = StandIn(drawn_by.name, family=drawn_by.name, folder=Path(), licence="none")
    call = {name: value for name, value in case.call.items() if name not in ("height", "width")}
    resident = models.add(stand_in, Small(drawn_by, call), pipe)
    resident.cost = StepCost(((16.0, 0.01), (1024.0, 0.02)))
    return models


def test_the_real_pipeline_takes_its_arguments_and_draws_the_same_in_company(
    drawn_by: Family, complaints: list[str]
) -> None:
    models, books, watched = on_a_device(drawn_by, CASES[TINY[drawn_by.name]]), Books(), Watched()
    stronger = drawn_by.guidance(8)
    wanted = [
        request(drawn_by),
        request(drawn_by, id="two", prompt="a fox", steps=2, seed=8, guidance=stronger),
    ]
    pipe = models.get(drawn_by.name).pipe_for(wanted[0])
    named = inspect.signature(type(pipe).__call__).parameters
    assert set(drawn_by.arguments(wanted[0])) <= set(named)

    with torch.no_grad():
        alone = [stock(models, one) for one in wanted]
    drawing = engine(models, books, watched)
    for one in wanted:
        drawing.submit(one)
    drain(drawing)

    assert books.errors == {}
    assert len(watched.shared) < sum(one.steps for one in wanted), "they never met"
    for one, picture in zip(wanted, alone, strict=True):
        assert picture.shape == (one.size.height, one.size.width, 3)
        assert difference(books.pictures[one.id], picture) <= 1
    assert complaints == []


def patches(number: int, side: int) -> Bitmap:
    """Four large patches of colour."""
    colours = np.random.default_rng(number).integers(0, 256, (2, 2, 3), dtype=np.uint8)
    return Bitmap.of(colours.repeat(side // 2, axis=0).repeat(side // 2, axis=1))


EDITING = {
    "flux": "flux",
    "flux_kontext": "flux kontext",
    "flux2_klein": "flux2_klein references",
    "longcat_edit": "longcat edit",
    "qwen_image": "qwen_image",
    "qwen_image_edit": "qwen_image edit",
    "sdxl": "sdxl",
    "z_image": "z_image",
}
"""One family of each kind that takes pictures, and the parity case of its stand-in. The embedded
one is tested with its real weights."""
SHOWN_TO = {"flux_kontext", "flux2_klein", "longcat_edit", "qwen_image_edit"}
"""They look at the picture: no row of theirs meets one without."""


@pytest.mark.parametrize("name", EDITING)
def test_a_picture_is_edited_in_exactly_its_steps_and_as_alone(
    name: str, complaints: list[str]
) -> None:
    drawn_by, side = family(name), 64 if name == "flux2_klein" else 32
    models, books, watched = on_a_device(drawn_by, CASES[EDITING[name]]), Books(), Watched()
    # Random encoders make all pictures grey.
    encoder = ("encoder.conv_out.weight", "quant_conv.weight")
    give_noise(models.get(name).pipe.vae, lambda part, _: part.startswith(encoder), 1.0)
    size, mask = Size(side, side), np.zeros((side, side), np.uint8)
    mask[:, side // 2 :] = 255
    shown = {"size": size, "references": (patches(1, side),)}
    wanted = [
        request(drawn_by, id="words", size=size, steps=2),
        request(drawn_by, id="whole", seed=8, fidelity="high", **shown),
        request(drawn_by, id="within", seed=9, mask=Bitmap.of(mask), **shown),
    ]
    of_another = replace(wanted[1], references=(patches(2, side),))
    with torch.no_grad():
        alone = [stock(models, one) for one in wanted]
        assert difference(alone[1], stock(models, of_another)) > 1, "pictures count for nothing"
    complaints.clear()  # of the stock pipelines: an upcast is not ours to judge
    drawing = engine(models, books, watched)
    for one in wanted:
        drawing.submit(one)
    drain(drawing)

    assert books.errors == {}
    for one, picture in zip(wanted, alone, strict=True):
        assert books.steps[one.id] == [(step, one.steps) for step in range(1, one.steps + 1)]
        assert picture.shape == (side, side, 3)
        assert difference(books.pictures[one.id], picture) <= 1
    assert max(watched.shared) >= (2 if name in SHOWN_TO else 3)
    assert complaints == []


def test_what_a_family_takes_is_what_its_pipelines_listen_to(drawn_by: Family) -> None:
    abilities = drawn_by.abilities
    assert abilities.guidance == (drawn_by.name not in DISTILLED)
    named = drawn_by.arguments(request(drawn_by, negative_prompt="fog", guidance=5.0))
    assert abilities.negative_prompt <= ("fog" in named.values())
    assert abilities.mask <= bool(abilities.references)
    if abilities.references:
        shown = request(drawn_by, references=(patches(1, 32),))
        assert drawn_by.arguments(shown)["image"] is not None


@pytest.mark.parametrize("rounds_up", [False, True])
def test_a_strength_leaves_exactly_the_steps_that_were_asked_for(rounds_up: bool) -> None:
    for percent, steps in product(range(5, 101, 5), range(1, 51)):
        strengths = Strengths({"low": percent / 100, "high": 1.0}, masked=1.0, rounds_up=rounds_up)
        schedule = strengths.schedule(request(family("sdxl"), steps=steps))
        whole, strength = schedule["num_inference_steps"], schedule["strength"]
        if rounds_up:
            taken = whole - int(max(whole - min(whole * strength, whole), 0))
        else:
            taken = min(int(whole * strength), whole)
        assert taken == steps
        assert 0 < strength <= 1


def test_the_editor_makes_exactly_the_size_that_it_is_asked_for() -> None:
    editor = family("longcat_edit")
    for wanted in wanted_sizes():
        native = editor.native_size(wanted)
        aspect = native.width / native.height
        assert calculate_dimensions(1024 * 1024, aspect) == (native.width, native.height), wanted


def test_klein_looks_at_two_pictures_within_a_mask_and_at_all_without() -> None:
    klein, mask = family("flux2_klein"), Bitmap.of(np.full((32, 32), 255, np.uint8))
    several = tuple(patches(n, 32) for n in range(3))
    for count, pipeline in ((1, "Flux2KleinInpaintPipeline"), (2, "Flux2KleinInpaintPipeline")):
        wanted = request(klein, references=several[:count], mask=mask)
        assert klein.pipeline(wanted) == pipeline
        assert (klein.arguments(wanted)["image_reference"] is None) == (count == 1)
    all_three = request(klein, references=several, mask=mask)
    assert klein.pipeline(all_three) is None
    assert len(klein.arguments(all_three)["image"]) == 3
