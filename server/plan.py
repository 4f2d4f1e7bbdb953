"""Checks a draft against the named model and says exactly what will be drawn.

The one place where defaults are filled in and where the size, guidance and quality policies meet.
Pure: no clock, no device; the only chance in it is the seed, and that comes from an argument.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipelines.catalog import Catalog
from pipelines.errors import (
    MissingParameter,
    TooLarge,
    TooLong,
    TooSmall,
    UnknownModel,
    UnsupportedValue,
)
from pipelines.families import family
from pipelines.families.base import Quality
from pipelines.types import ImageRequest, Size
from server.abilities import check_abilities
from server.draft import Customs, Draft
from server.finishing import Finish
from server.groups import LARGEST_GROUP, group_size
from server.named_models import NamedModel, named_model
from server.previews import preview_steps

MAX_SEED = 2**31 - 1
RANDOM_SEED = -1
_SMALLEST_SHARE_KEPT = 0.5
"""A picture so long that less than this share of the drawn one would remain is refused."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One call, complete: what is drawn, what becomes of it, and what the caller is told of it."""

    model: NamedModel
    prompt: str
    requests: tuple[ImageRequest, ...]
    finish: Finish
    quality: Quality
    quality_said: str | None
    wants_url: bool
    wants_base64: bool
    edits: bool
    """Whether the caller asked for an edit."""
    each_alone: bool
    """Whether the call succeeds when one of its pictures does."""
    facts: Mapping[str, str]
    """What the caller cannot see in the body, by the last part of its header's name."""


def make_plan(
    draft: Draft,
    customs: Customs,
    catalog: Catalog,
    *,
    client: str,
    gpt_image_url: bool,
    random_seed: Callable[[], int],
) -> Plan:
    """Turn a draft into a plan. Raises: RequestError, naming the parameter."""
    named = _model(draft, customs)
    prompt = _prompt(draft, named)
    size = named.sizes.choose(draft.size, prompt)
    check_abilities(draft, customs, named)
    count = _count(draft, named, prompt)
    first_seed = _whole("seed", draft.seed, RANDOM_SEED, MAX_SEED, default=RANDOM_SEED)
    _check_range("guidance_scale", draft.guidance_scale, 1, 10)
    quality = _quality(draft, named)
    _check_references(named)
    finish = _finish(draft, customs, named, size)

    stand_in = catalog.stand_in(named.id)
    drawer = family(stand_in.family)
    native = drawer.native_size(size)
    _check_aspect(native, size)
    guidance = drawer.guidance(draft.guidance_scale)
    steps = drawer.steps(quality)
    previews = _previews(draft, steps)
    if first_seed == RANDOM_SEED:
        first_seed = random_seed()
    requests = tuple(
        ImageRequest(
            id=uuid.uuid4().hex,
            model=stand_in.name,
            prompt=prompt,
            size=native,
            steps=steps,
            guidance=guidance,
            seed=(first_seed + index) % (MAX_SEED + 1),
            negative_prompt=draft.negative_prompt or "",
            client=client,
            priority_s=draft.priority_s,
            reproducible=draft.reproducible,
            preview_steps=previews,
        )
        for index in range(count)
    )
    is_gpt_image = named.brand == "gpt-image"
    url_unless_said = not is_gpt_image or (gpt_image_url and not draft.stream)
    said = draft.response_format
    return Plan(
        model=named,
        prompt=prompt,
        requests=requests,
        finish=finish,
        quality=quality,
        quality_said=draft.quality,
        wants_url=said == "url" or (said is None and url_unless_said),
        wants_base64=said == "b64_json" or (said is None and is_gpt_image),
        edits=draft.edits,
        each_alone=customs.each_alone,
        facts={
            "model": f"{stand_in.name}; requested={named.id}",
            "native-size": str(native),
            "resample": "none" if native == size else "lanczos",
            "guidance": _requested(_short(draft.guidance_scale)) + f"applied={guidance:.4g}",
            "quality": _requested(draft.quality) + f"applied={quality}",
            "seed": ", ".join(str(request.seed) for request in requests),
            "ignored": ", ".join(dict.fromkeys((*draft.ignored, *_without_effect(draft, named)))),
        },
    )


def _model(draft: Draft, customs: Customs) -> NamedModel:
    if not draft.model:
        raise MissingParameter("Name the model that shall draw.", "model")
    named = named_model(draft.model)
    if customs.only_ark_models and named.brand != "seedream":
        raise UnknownModel(f"The model '{draft.model}' does not exist here.", "model")
    return named


def _prompt(draft: Draft, named: NamedModel) -> str:
    if draft.prompt is None or not draft.prompt.strip():
        raise MissingParameter("Say what shall be drawn.", "prompt")
    for name, text in (("prompt", draft.prompt), ("negative_prompt", draft.negative_prompt)):
        if text is not None and len(text) > named.max_prompt:
            raise TooLong(
                f"Expected a string with maximum length {named.max_prompt}, but got a string with "
                f"length {len(text)} instead.",
                name,
            )
    return draft.prompt


def _count(draft: Draft, named: NamedModel, prompt: str) -> int:
    if not draft.group:
        return _whole("n", draft.n, 1, named.max_n, default=1)
    name = "sequential_image_generation_options.max_images"
    _check_range(name, draft.max_group, 1, LARGEST_GROUP)
    return group_size(prompt, draft.max_group, len(draft.references))


def _previews(draft: Draft, steps: int) -> tuple[int, ...]:
    count = _whole("partial_images", draft.previews, 0, 3, default=0)
    every = _whole("preview_every", draft.preview_every, 1, MAX_SEED, default=steps)
    return preview_steps(steps, count, every) if draft.stream else ()


def _whole(name: str, value: int | None, low: int, high: int, *, default: int) -> int:
    _check_range(name, value, low, high)
    return default if value is None else value


def _check_range(name: str, value: float | None, low: int, high: int) -> None:
    if value is None or low <= value <= high:
        return
    shown = str(value)[:40]
    if value < low:
        raise TooSmall(f"Expected a value >= {low}, but got {shown} instead.", name)
    raise TooLarge(f"Expected a value <= {high}, but got {shown} instead.", name)


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


def _check_references(named: NamedModel) -> None:
    if named.min_references:
        raise UnsupportedValue(
            f"{named.id} edits a picture, and this server does not take pictures in yet: "
            "name a text-to-image model.",
            "model",
        )


def _finish(draft: Draft, customs: Customs, named: NamedModel, size: Size) -> Finish:
    form = draft.output_format or customs.output_format
    compression = _whole("output_compression", draft.output_compression, 0, 100, default=100)
    transparent = draft.background == "transparent" and _cuts_out(named)
    if transparent and form == "jpeg":
        raise UnsupportedValue(
            "A jpeg cannot hold a transparent background: ask for png or webp.", "background"
        )
    label = named.watermark if draft.watermark is None else draft.watermark
    return Finish(size, form, compression, label, transparent)


def _cuts_out(named: NamedModel) -> bool:
    return named.brand in ("gpt-image", "seedbed")


def _check_aspect(native: Size, size: Size) -> None:
    """A stand-in that cannot draw so long a picture loses part of it: refuse before it is most."""
    kept = (native.width * size.height) / (native.height * size.width)
    if min(kept, 1 / kept) < _SMALLEST_SHARE_KEPT:
        raise UnsupportedValue(
            f"'{size}' is longer than the model that draws here can fill: it draws {native} and "
            "would lose more than half of it.",
            "size",
        )


def _without_effect(draft: Draft, named: NamedModel) -> list[str]:
    """Parameters with a right value that change nothing for this model."""
    names = []
    if draft.background is not None and not _cuts_out(named):
        names.append("background")
    if draft.output_compression not in (None, 100) and draft.output_format in (None, "png"):
        names.append("output_compression")
    return names


def _requested(said: object) -> str:
    return "" if said is None else f"requested={said}; "


def _short(value: float | None) -> str | None:
    return None if value is None else f"{value:.6g}"
