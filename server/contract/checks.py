"""Checks what a caller said against the named model, before anything is fetched or drawn.

Pure. What the right values mean is `server.plan`'s business.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.errors import (
    MissingParameter,
    TooLarge,
    TooLong,
    TooSmall,
    UnknownModel,
    UnsupportedValue,
)
from pipelines.families.base import Quality
from pipelines.types import Fidelity
from server.contract.abilities import check_abilities
from server.contract.groups import LARGEST_GROUP, group_size
from server.contract.named_models import MODELS, NamedModel, named_model
from server.draft import Customs, Draft

MAX_SEED = 2**31 - 1
RANDOM_SEED = -1


@dataclass(frozen=True, slots=True)
class Checked:
    """What a draft says, complete but for what depends on pictures."""

    model: NamedModel
    prompt: str
    count: int
    first_seed: int
    quality: Quality
    fidelity: Fidelity


def check(draft: Draft, customs: Customs, models: Mapping[str, NamedModel] = MODELS) -> Checked:
    """Raises: RequestError: naming the first parameter that is wrong."""
    named = _model(draft, customs, models)
    prompt = _prompt(draft, named)
    _check_pictures(draft, named)
    check_abilities(draft, customs, named)
    check_range("guidance_scale", draft.guidance_scale, 1, 10)
    return Checked(
        model=named,
        prompt=prompt,
        count=_count(draft, named, prompt),
        first_seed=whole("seed", draft.seed, RANDOM_SEED, MAX_SEED, default=RANDOM_SEED),
        quality=_quality(draft, named),
        fidelity=_fidelity(draft, named),
    )


def whole(name: str, value: int | None, low: int, high: int, *, default: int) -> int:
    """The value, or the default where there is none. Raises: TooSmall, TooLarge."""
    check_range(name, value, low, high)
    return default if value is None else value


def check_range(name: str, value: float | None, low: int, high: int) -> None:
    """Raises: TooSmall, TooLarge."""
    if value is None or low <= value <= high:
        return
    shown = str(value)[:40]
    if value < low:
        raise TooSmall(f"Expected a value >= {low}, but got {shown} instead.", name)
    raise TooLarge(f"Expected a value <= {high}, but got {shown} instead.", name)


def _model(draft: Draft, customs: Customs, models: Mapping[str, NamedModel]) -> NamedModel:
    if not draft.model:
        raise MissingParameter("Name the model that shall draw.", "model")
    named = named_model(draft.model, models)
    if customs.only_ark_models and named.brand != "seedream":
        raise UnknownModel(f"The model '{draft.model}' does not exist here.", "model")
    return named


def _prompt(draft: Draft, named: NamedModel) -> str:
    prompt = draft.prompt or ""
    if not prompt.strip() and not draft.variation:
        raise MissingParameter("Say what shall be drawn.", "prompt")
    for name, text in (("prompt", prompt), ("negative_prompt", draft.negative_prompt)):
        if text is not None and len(text) > named.max_prompt:
            raise TooLong(
                f"Expected a string with maximum length {named.max_prompt}, but got a string with "
                f"length {len(text)} instead.",
                name,
            )
    return prompt


def _check_pictures(draft: Draft, named: NamedModel) -> None:
    count = len(draft.references)
    if draft.edits and named.pictures.most == 0:
        raise UnsupportedValue(f"{named.id} edits no pictures: name another model.", "model")
    if draft.variation and not named.abilities.variations:
        raise UnsupportedValue(f"{named.id} draws no variations: name another model.", "model")
    named.pictures.check_count(count, named.id, "image")
    if draft.edits and not count:
        raise MissingParameter("Send the picture to begin from.", "image")
    if draft.mask is not None and not count:
        raise UnsupportedValue("A mask needs the picture that it covers.", "mask")


def _count(draft: Draft, named: NamedModel, prompt: str) -> int:
    if not draft.group:
        return whole("n", draft.n, 1, named.max_n, default=1)
    name = "sequential_image_generation_options.max_images"
    check_range(name, draft.max_group, 1, LARGEST_GROUP)
    return group_size(prompt, draft.max_group, len(draft.references))


def _quality(draft: Draft, named: NamedModel) -> Quality:
    said = draft.quality or "auto"
    try:
        return named.qualities[said]
    except KeyError:
        choices = ", ".join(f"'{word}'" for word in named.qualities)
        raise UnsupportedValue(
            f"'{said[:40]}' is not a quality of {named.id}. Supported values are: {choices}.",
            "quality",
        ) from None


def _fidelity(draft: Draft, named: NamedModel) -> Fidelity:
    said = draft.fidelity
    if said is None or not named.fidelities:
        return "low"
    if said not in named.fidelities:
        raise UnsupportedValue(
            f"'{said}'. {named.id} supports only: '{named.fidelities[0]}'.", "input_fidelity"
        )
    return said
