"""A recipe as the text `parameters` that AUTOMATIC1111's web UI writes, and that text taken apart.

Other tools read it, so its words are theirs. What it cannot say stands in the recipe's JSON.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipelines.provenance.recipe import Recipe

MAX_CHARACTERS = 1 << 16
"""What is read of a text that claims to be one."""
_HASH_DIGITS = 10
"""How many digits of a model's hash the text has."""
_NEGATIVE = "Negative prompt:"
_FIELD = re.compile(r'(\w[\w \-/]{0,63}): {0,8}("(?:\\.|[^\\"])*+"|[^,]*+)(?:,|$)')
"""`Name: value` or `Name: "value"`, the value up to a comma; linear in the length of the text."""
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Controls and halves of characters, which some file or reader could not hold."""
_FEWEST_FIELDS = 3
"""A last line with fewer is part of the prompt. Source: what the web UI itself does."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """The text, taken apart."""

    prompt: str
    negative_prompt: str
    fields: Mapping[str, str]
    """Steps, Seed, Size, ... as they are written."""


def to_parameters(recipe: Recipe) -> str:
    """Write the text. A recipe without its prompt has only the last line."""
    lines = [recipe.prompt or ""]
    if recipe.negative_prompt:
        lines.append(f"{_NEGATIVE} {recipe.negative_prompt}")
    fields = ", ".join(f"{name}: {_quoted(value)}" for name, value in _fields(recipe))
    text = "\n".join([*(line for line in lines if line), fields])
    return _UNFIT.sub("\ufffd", text.replace("\r\n", "\n"))


def _fields(recipe: Recipe) -> Iterator[tuple[str, str]]:
    yield "Steps", str(recipe.steps)
    if recipe.sampler:
        yield "Sampler", recipe.sampler
    yield "CFG scale", f"{recipe.guidance:.6g}"
    yield "Seed", str(recipe.seed)
    yield "Size", str(recipe.size)
    if recipe.weights:
        yield "Model hash", recipe.weights[:_HASH_DIGITS]
    yield "Model", recipe.drawn_by
    if recipe.native != recipe.size:
        yield "Native size", str(recipe.native)
    yield "Version", f"seedbed {recipe.seedbed}"


def _quoted(value: str) -> str:
    """As the web UI does it, so that a comma in a value does not end it."""
    return json.dumps(value, ensure_ascii=False) if re.search(r"[,:\n]", value) else value


def read_parameters(text: str) -> Parameters | None:
    """Take a text apart; None where it has no line of fields."""
    *said, last = text[:MAX_CHARACTERS].strip().split("\n")
    fields = {name.strip(): _plain(value) for name, value in _FIELD.findall(last)}
    if len(fields) < _FEWEST_FIELDS:
        return None
    prompt, _, negative = "\n".join(["", *said]).partition(f"\n{_NEGATIVE}")
    return Parameters(prompt.strip(), negative.strip(), fields)


def _plain(value: str) -> str:
    if not value.startswith('"'):
        return value.strip()
    try:
        return str(json.loads(value))
    except ValueError:
        return value
