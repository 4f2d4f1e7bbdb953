"""Writes down what a plan chose, so that its picture can be drawn again. Pure.

Every choice of `server.plan` that changes a pixel has a word here; who else is drawing has none.
"""

from functools import cache
from importlib import metadata

from pipelines.catalog import StandIn
from pipelines.errors import UnsupportedValue
from pipelines.provenance.recipe import Recipe
from pipelines.types import ImageRequest, Size
from server.contract.checks import Checked
from server.contract.sizes import SizeRule
from server.disclosure import Choices, matte
from server.draft import Draft
from server.finishing import Finish
from server.inputs.fitting import Inputs

_SHOWN_DIGITS = 12


def recipe_of(
    draft: Draft, checked: Checked, request: ImageRequest, choices: Choices, finish: Finish
) -> Recipe:
    """The recipe of the picture that this request draws.

    What was said without effect is not in it: the same picture has the same recipe.
    """
    inputs = draft.inputs or Inputs((), ())
    able = choices.drawer.abilities
    styled = choices.style_words or choices.rewriting
    return Recipe(
        seedbed=version(),
        model=checked.model.id,
        drawn_by=choices.stand_in.name,
        seed=request.seed,
        size=finish.size,
        native=request.size,
        steps=request.steps,
        guidance=request.guidance,
        weights=choices.stand_in.digest,
        sampler=choices.stand_in.sampler,
        guidance_scale=draft.guidance_scale if able.guidance else None,
        prompt=checked.prompt,
        drawn_prompt=request.prompt if request.prompt != checked.prompt else None,
        negative_prompt=(request.negative_prompt or None) if able.negative_prompt else None,
        quality=draft.quality,
        style=draft.style if styled else None,
        label=bool(finish.label),
        transparent=finish.transparent,
        resample=choices.sized.said,
        matte=matte(draft, checked, request),
        adaptive=_is_adaptive(checked.model.sizes, finish.size),
        compression=100 if finish.format == "png" else finish.compression,
        inputs=inputs.files,
        mask=inputs.mask_file,
        mask_light=inputs.mask_light,
        fidelity=draft.fidelity if checked.model.fidelities else None,
    )


def _is_adaptive(rule: SizeRule, size: Size) -> bool:
    try:
        rule.choose(str(size), "")
    except UnsupportedValue:
        return True
    return False


def check_weights(said: str | None, model: str, drawer: StandIn) -> None:
    """Refuse to draw with other weights than those that were said. A digest outweighs the name.

    Raises: UnsupportedValue: naming both.
    """
    if said is None:
        return
    name, _, digest = said.partition("@")
    if digest == drawer.digest if digest else name == drawer.name:
        return
    here = _named(drawer.name, drawer.digest)
    raise UnsupportedValue(
        f"{model} is drawn here by {here}, not by {_named(name[:80], digest)}.", "weights"
    )


def _named(name: str, digest: str) -> str:
    """As a person tells weights apart."""
    return f"{name} (weights {digest[:_SHOWN_DIGITS]})" if digest else name


@cache
def version() -> str:
    """The version of this seedbed."""
    return metadata.version("seedbed")
