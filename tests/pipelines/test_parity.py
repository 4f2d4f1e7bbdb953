"""Requests that share forwards get the pictures they would have got alone, family by family.

Real diffusers classes, tiny and random; four requests that differ in arrival, steps, guidance,
seed, prompt and length of prompt, and in the pictures that some of them begin from.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from pipelines.lanes import Lane
from pipelines.merge import Call
from pipelines.merge import run as run_merged
from pipelines.parity import edits, mixed
from pipelines.parity.case import Arguments, Arrival, Case
from pipelines.parity.compare import (
    TOLERANCE,
    Outcome,
    Runner,
    Together,
    compare,
    draw_alone,
    draw_with_engine,
)
from pipelines.parity.registry import CASES
from pipelines.rules import RULES

pytestmark = [
    pytest.mark.filterwarnings("ignore:.FluxPosEmbed. is deprecated:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.LoraLoaderMixin. is deprecated:FutureWarning"),
]

CPU = torch.device("cpu")
README = Path(__file__).parents[2] / "README.md"
MATTERS = 100 * TOLERANCE
"""What an input has to change of the latents at least, over their largest value."""


SIZED_ALIKE = {name: case for name, case in CASES.items() if not case.mixes}


@pytest.fixture(scope="module", params=SIZED_ALIKE.values(), ids=SIZED_ALIKE)
def case(request: pytest.FixtureRequest) -> Case:
    chosen: Case = request.param
    return chosen


def differing(case: Case) -> dict[str, Arrival]:
    """The first request with one input exchanged."""
    first, other = case.arrivals()[0], case.arrivals()[3]
    names = ["prompt", case.guidance, *case.vary(0)]
    exchanged = {
        name: replace(first, arguments=first.arguments | {name: other.arguments[name]})
        for name in names
    }
    return exchanged | {"seed": replace(first, seed=other.seed)}


def test_together_is_as_alone(case: Case) -> None:
    outcome = compare(case)
    assert outcome.uint8_max <= 1
    assert outcome.latents_max <= TOLERANCE * outcome.scale
    assert outcome.rows_shared > 0
    assert outcome.negative_control_differs
    assert outcome.passed


@pytest.mark.parametrize("family", ["flux", "flux2", "qwen_image", "z_image", "krea2", "sdxl"])
def test_pictures_of_equal_area_and_another_shape_are_not_mixed_up(family: str) -> None:
    """Their tensors stack without complaint; only the positions differ."""
    case = CASES[family]

    def every_second_one_upright(number: int) -> Arguments:
        height, width = case.call["height"], case.call["width"]
        return {"height": 2 * height, "width": width // 2} if number % 2 else {}

    outcome = compare(replace(case, vary=every_second_one_upright))
    assert outcome.passed


@pytest.mark.parametrize(
    ("family", "another_shape"),
    [
        ("flux kontext", lambda picture: picture.resize((8, 32))),
        ("flux2_klein references", lambda pictures: [pictures[0].resize((64, 128))]),
    ],
)
def test_references_of_equal_area_and_another_shape_are_not_mixed_up(
    family: str, another_shape: Callable[[Any], Any]
) -> None:
    case = CASES[family]

    def every_second_one_reshaped(number: int) -> Arguments:
        given = case.vary(number)["image"]
        return {"image": another_shape(given) if number % 2 else given}

    assert compare(replace(case, vary=every_second_one_reshaped)).passed


def test_requests_with_a_prefix_cache_and_without_stay_apart() -> None:
    case = CASES["qwen_image21"]
    assert compare(replace(case, vary=lambda number: {"use_kv_cache": number % 2 == 0})).passed


def test_a_controlnet_goes_first_so_that_all_its_requests_meet_in_the_unet() -> None:
    case = CASES["sdxl controlnet"]
    shared: dict[str, list[int]] = {"ControlNetModel": [], "UNet2DConditionModel": []}

    def counting(calls: Sequence[Call]) -> list[Any]:
        if calls[0].lane is Lane.DENOISE:
            shared[type(calls[0].module).__name__].append(len(calls))
        return run_merged(calls)

    with torch.no_grad():
        draw_with_engine(case, counting, CPU)
    steps = [arrival.steps for arrival in case.arrivals()]
    drawing = [sum(own > step for own in steps) for step in range(max(steps))]
    assert shared["UNet2DConditionModel"] == drawing
    assert max(shared["ControlNetModel"]) == len(steps)


@pytest.mark.parametrize("mixing", mixed.CASES, ids=lambda case: case.family)
def test_pictures_of_unlike_sizes_share_forwards_and_are_as_alone(mixing: Case) -> None:
    outcome = compare(mixing)
    assert outcome.passed
    assert outcome.rows_mixed > 0
    assert len({(a.arguments["height"], a.arguments["width"]) for a in mixing.arrivals()}) == 4


def test_every_input_that_differs_matters(case: Case) -> None:
    """Else a comparison would pass whatever the engine does with them."""
    with torch.no_grad():
        base = draw_alone(case, case.arrivals()[0], CPU).latents
        for name, arrival in differing(case).items():
            latents = draw_alone(case, arrival, CPU).latents
            assert (latents - base).abs().max() > MATTERS * base.abs().max(), name


def test_the_requests_of_a_case_are_unlike_in_everything(case: Case) -> None:
    arrivals = case.arrivals()
    assert len({arrival.seed for arrival in arrivals}) == len(arrivals)
    assert len({arrival.steps for arrival in arrivals}) == len(arrivals)
    assert len({arrival.after_forwards for arrival in arrivals}) == len(arrivals)
    assert len({arrival.arguments[case.guidance] for arrival in arrivals}) == len(arrivals)
    assert len({arrival.arguments["prompt"] for arrival in arrivals}) == len(arrivals)


def test_every_rule_of_the_engine_is_proved_by_a_family() -> None:
    proved = {name for case in CASES.values() for name in _denoisers(case)}
    assert set(RULES) == proved


def test_the_readme_counts_what_is_compared() -> None:
    from_pictures = len(edits.CASES)
    from_text = len(SIZED_ALIKE) - from_pictures
    assert from_text >= 27
    counted = (
        f"{from_text} families of text-to-image pipelines "
        f"and {from_pictures} pipelines that begin from pictures"
    )
    assert counted in " ".join(README.read_text().split())


def test_outputs_handed_to_the_wrong_request_are_noticed() -> None:
    def crossed(calls: Sequence[Call]) -> list[Any]:
        return run_merged(calls)[::-1]

    outcome = compare(CASES["flux"], draw_together=_with(crossed))
    assert outcome.latents_max > MATTERS * outcome.scale
    assert outcome.uint8_max > 1
    assert not outcome.passed


def test_a_merged_forward_that_fails_is_reported_though_the_engine_recovers() -> None:
    def fragile(calls: Sequence[Call]) -> list[Any]:
        if calls[0].lane is Lane.DENOISE and len(calls) > 1:
            raise RuntimeError("shapes do not match")
        return run_merged(calls)

    with pytest.raises(RuntimeError, match="shapes do not match"):
        compare(CASES["flux"], draw_together=_with(fragile))


@pytest.mark.parametrize(
    "flaw",
    [
        {"uint8_max": 2},
        {"latents_max": 1.0},
        {"rows_shared": 0},
        {"rows_mixed": 0},
        {"negative_control_differs": False},
    ],
    ids=lambda flaw: next(iter(flaw)),
)
def test_one_flaw_is_enough_to_fail(flaw: dict[str, Any]) -> None:
    sound = Outcome(
        family="f",
        denoiser="d",
        uint8_max=1,
        latents_max=1e-5,
        scale=2.0,
        negative_control_differs=True,
        rows_shared=3,
        forwards=9,
        rows_mixed=2,
        mixes=True,
    )
    assert sound.passed
    assert not replace(sound, **flaw).passed


def _with(runner: Runner) -> Any:
    """Draw with the engine, its forwards through this runner instead of the one asked for."""

    def draw(case: Case, _: Runner, device: torch.device) -> Together:
        return draw_with_engine(case, runner, device)

    return draw


def _denoisers(case: Case) -> set[str]:
    components = case.build().components.values()
    return {name for c in components if (name := type(c).__name__) in RULES}
