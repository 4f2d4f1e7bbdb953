"""What is written into a file beside its pixels, from a statement: the packet and the parameters.

What would not fit is left out and named, never cut: first the prompt's second copy, then the text
`parameters`, then the prompts. The label that the law wants always fits.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from pipelines.post.encode import MAX_PARAMETERS, FileInfo
from pipelines.provenance.parameters import to_parameters
from pipelines.provenance.recipe import Recipe
from pipelines.provenance.xmp import MAX_BYTES, Statement, packet

RecipeDetail: TypeAlias = Literal["full", "minimal", "none"]
"""All of a recipe, all but the words that callers wrote, or nothing."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What `encode` writes."""

    info: FileInfo
    left_out: tuple[str, ...] = ()
    """What was wanted and is too long for a file: prompt_information, parameters, prompt."""


def detailed(recipe: Recipe, detail: RecipeDetail) -> Recipe | None:
    """As much of a recipe as a site wants to give away."""
    if detail == "none":
        return None
    return recipe if detail == "full" else recipe.without_prompt()


def metadata(statement: Statement, icc: bytes | None = None) -> Metadata:
    """Write what a file says of its picture; without a recipe there are no parameters."""
    xmp, left_out = next(
        (written, lacking)
        for written, lacking in _shorter_and_shorter(statement)
        if len(written) <= MAX_BYTES
    )
    recipe = statement.recipe
    if recipe is not None and "prompt" in left_out:
        recipe = recipe.without_prompt()
    parameters = None if recipe is None else to_parameters(recipe)
    if parameters is not None and len(parameters.encode("utf-16-be")) > MAX_PARAMETERS:
        parameters, left_out = None, (*left_out, "parameters")
    return Metadata(FileInfo(xmp, parameters, icc), left_out)


def _shorter_and_shorter(statement: Statement) -> Iterator[tuple[bytes, tuple[str, ...]]]:
    yield packet(statement), ()
    yield packet(statement, with_prompt=False), ("prompt_information",)
    recipe = statement.recipe
    assert recipe is not None, "what the operator says in a packet is short"
    bare = replace(statement, recipe=recipe.without_prompt())
    yield packet(bare), ("prompt_information", "prompt")
