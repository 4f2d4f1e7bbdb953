"""A recipe goes through JSON unchanged, and nothing else is taken for one."""

import json
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.provenance.recipe import MAX_BYTES, BadRecipe, Recipe
from pipelines.types import Size

PLAIN = Recipe("0.1.0", "seedbed", "embedded", 7, Size(512, 512), Size(256, 256), 16, 3.5)
FULL = replace(
    PLAIN,
    weights="1" * 64,
    sampler="DPMSolverMultistepScheduler",
    guidance_scale=2.5,
    prompt='a "red" <fox> & 狐狸',
    drawn_prompt="a red fox, vivid",
    negative_prompt="blurred",
    quality="hd",
    style="vivid",
    label=True,
    transparent=True,
    resample="lanczos",
    matte="birefnet",
    compression=80,
    adaptive=True,
    inputs=("a" * 64, "b" * 64),
    mask="c" * 64,
    mask_light=True,
    fidelity="high",
)


def altered(**changes: object) -> str:
    return json.dumps({**json.loads(PLAIN.to_json()), **changes})


@pytest.mark.parametrize("recipe", [PLAIN, FULL], ids=["plain", "full"])
def test_a_recipe_comes_back_as_it_was(recipe: Recipe) -> None:
    assert Recipe.from_json(recipe.to_json()) == recipe


def test_every_field_of_the_full_recipe_is_said() -> None:
    assert set(json.loads(FULL.to_json())) == {"v", *Recipe.__dataclass_fields__}


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(codec=None)))
def test_any_prompt_comes_back_through_text_that_files_can_hold(prompt: str) -> None:
    text = replace(PLAIN, prompt=prompt).to_json()
    assert "\n" not in text
    assert not set(text) & {*map(chr, range(32)), "\x7f", "\x85", "\ud800", "\ufffe", "\uffff"}
    halves_joined = prompt.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    assert Recipe.from_json(text.encode().decode()).prompt == halves_joined


def test_no_word_of_the_caller_stays_without_the_prompt() -> None:
    kept = FULL.without_prompt().to_json()
    assert "fox" not in kept
    assert "blurred" not in kept
    assert FULL.weights in kept


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not a JSON object"),
        ("{}", "not of version 1"),
        (altered(v=2), "another seedbed"),
        (altered(v=True).replace('"v": true', '"v": "1"'), "not of version 1"),
        (altered(dial=3), "'dial' is not known here"),
        (altered().replace('"seed": 7', '"v": 1'), "seed is missing"),
        (altered(seed=True), "True should be a whole number"),
        (altered(seed=-1), "whole number within 0"),
        (altered(seed=1e3), "1000.0 should be a whole number"),
        (altered(steps=0), "within 1..10000"),
        (altered(guidance=float("nan")), "nan should be a number"),
        (altered(guidance=10**400), "should be a number"),
        (altered(size="0x5"), "'0x5' should be a size"),
        (altered(size="99999x1"), "should be a size"),
        (altered(size=[1, 2]), "should be a string"),
        (altered(weights="12"), "64 hexadecimal digits"),
        (altered(inputs="12"), "inputs should be a list"),
        (altered(inputs=["a" * 64] * 65), "at most 64"),
        (altered(label=1), "1 should be true or false"),
        (altered(prompt=None), "None should be a string"),
        (altered(drawn_by="\x1b[2J"), "should be a word of printable characters"),
        (altered(model="m" * 201), "should be a word"),
        (altered(prompt="x" * MAX_BYTES), "it has more than"),
    ],
)
def test_what_is_no_recipe_is_refused_with_what_is_wrong(text: str, fault: str) -> None:
    with pytest.raises(BadRecipe, match=fault):
        Recipe.from_json(text)


def test_a_number_too_long_to_read_is_refused() -> None:
    digits = sys.get_int_max_str_digits() + 1
    with pytest.raises(BadRecipe, match="not JSON"):
        Recipe.from_json(PLAIN.to_json().replace('"seed":7', f'"seed":{"9" * digits}'))
