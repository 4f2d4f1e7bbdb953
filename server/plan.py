"""Checks a draft against the named model and says exactly what will be drawn.

The one place where defaults are filled in and where the size, guidance and quality policies meet.
Pure: no clock, no device; the only chance in it is the seed, and that comes from an argument.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pipelines.catalog import Catalog, family_of
from pipelines.errors import UnsupportedValue
from pipelines.families.base import Family, Quality
from pipelines.provenance.credentials import Source
from pipelines.provenance.recipe import Recipe
from pipelines.types import ImageRequest, Size
from server.contract.checks import MAX_SEED, RANDOM_SEED, Checked, check, whole
from server.contract.named_models import NamedModel, known_models
from server.contract.snapping import snap
from server.disclosure import Choices, facts, guidance_is_lost
from server.draft import Customs, Draft
from server.finishing import Finish
from server.labelling import Labelling
from server.previews import preview_steps
from server.recipes import check_weights, recipe_of
from server.sizing import SizePlan, SizePolicy
from server.styles import on_plain_ground, style_words, styled, wanted_rewriting


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
    inputs: tuple[Size, ...]
    """Of the pictures that the caller sent, for usage."""
    each_alone: bool
    """Whether the call succeeds when one of its pictures does."""
    facts: Mapping[str, str]
    """What the caller cannot see in the body, by the last part of its header's name."""
    recipe: Recipe
    """Of the first picture."""
    label_declined: bool
    """Whether the caller asked for no label."""
    sources: tuple[Source, ...]
    """The files that it begins from, where they are kept to be named."""

    def recipe_of(self, index: int, words: str | None = None) -> Recipe:
        """What draws the index-th picture again; `words` are other ones that it was drawn from."""
        recipe = replace(self.recipe, seed=self.requests[index].seed)
        if words is None:
            return recipe
        return replace(recipe, drawn_prompt=words if words != recipe.prompt else None)


def make_plan(
    draft: Draft,
    customs: Customs,
    catalog: Catalog,
    *,
    client: str,
    gpt_image_url: bool,
    random_seed: Callable[[], int],
    add_style_words: bool = True,
    rewrites: bool = False,
    sizes: SizePolicy | None = None,
    strict_guidance: bool = False,
    labelling: Labelling | None = None,
) -> Plan:
    """Turn a draft, its references seen to, into a plan. Raises: RequestError, by parameter."""
    checked = check(draft, customs, known_models(catalog.contracts))
    named, inputs = checked.model, draft.inputs
    assert inputs is not None or not draft.references, "server.inputs.references has not been asked"
    size = chosen_size(draft, checked, inputs.sizes[0] if inputs else None)
    drawers = catalog.drawers(named.id)
    stand_in = drawers.choose(checked.quality, len(draft.references))
    drawer = family_of(stand_in)
    check_weights(draft.weights, named.id, stand_in)
    if strict_guidance and guidance_is_lost(draft, named, drawer):
        raise UnsupportedValue(
            f"A guidance scale has no effect here: {stand_in.name}, which draws for {named.id}, "
            f"had its guidance in training. Leave it out, or send {named.usual_guidance:g}.",
            "guidance_scale",
        )
    words = style_words(draft, named) if add_style_words else ""
    prompt = styled(checked.prompt, words)
    policy = sizes or SizePolicy()
    sized = policy.plan(drawer, size)
    finish = _finish(draft, customs, named, sized)
    labelling = labelling or Labelling()
    if labelling.policy.is_labelled(draft.watermark, named.watermark):
        finish = replace(finish, label=labelling.label(checked.prompt, size))
    if finish.transparent and not draft.references:
        prompt = on_plain_ground(prompt, drawer.abilities.plain_ground)
    rewriting = wanted_rewriting(draft, named, prompt, drawer) if rewrites else None
    first_seed = random_seed() if checked.first_seed == RANDOM_SEED else checked.first_seed
    request = _request(draft, checked, drawer, sized)
    requests = tuple(
        replace(
            request,
            id=uuid.uuid4().hex,
            model=stand_in.name,
            prompt=prompt,
            cut_out=finish.transparent and policy.companions.matting is not None,
            client=client,
            rewriting=rewriting,
            seed=(first_seed + index) % (MAX_SEED + 1),
        )
        for index in range(checked.count)
    )
    choices = Choices(drawers, stand_in, drawer, sized, words, rewriting)
    is_gpt_image = named.brand == "gpt-image"
    url_unless_said = not is_gpt_image or (gpt_image_url and not draft.stream)
    said = draft.response_format
    return Plan(
        model=named,
        prompt=prompt,
        requests=requests,
        finish=finish,
        quality=checked.quality,
        quality_said=draft.quality,
        wants_url=said == "url" or (said is None and url_unless_said),
        wants_base64=said == "b64_json" or (said is None and is_gpt_image),
        edits=draft.edits,
        inputs=inputs.sizes if inputs else (),
        each_alone=customs.each_alone,
        facts=facts(draft, checked, requests, choices),
        recipe=recipe_of(draft, checked, requests[0], choices, finish),
        label_declined=draft.watermark is False,
        sources=inputs.sources if inputs else (),
    )


def chosen_size(draft: Draft, checked: Checked, reference: Size | None) -> Size:
    """What the answer's pictures measure; `reference` is the size of the first that came in.

    Raises: UnsupportedValue.
    """
    rule, said = checked.model.sizes, draft.size
    if said is not None and draft.snap_size:
        said = snap(rule, said, checked.prompt)
    return rule.choose(said, checked.prompt, reference)


def _request(draft: Draft, checked: Checked, drawer: Family, sized: SizePlan) -> ImageRequest:
    """What all pictures of the call have in common."""
    steps = whole(
        "steps", draft.steps, 1, drawer.limits.max_steps, default=drawer.steps(checked.quality)
    )
    inputs = draft.inputs
    return ImageRequest(
        id="",
        model="",
        prompt=checked.prompt,
        size=sized.native,
        steps=steps,
        guidance=drawer.guidance(draft.guidance_scale, checked.model.usual_guidance),
        seed=0,
        negative_prompt=draft.negative_prompt or "",
        priority_s=draft.priority_s,
        reproducible=draft.reproducible,
        references=inputs.references if inputs else (),
        mask=inputs.mask if inputs else None,
        fidelity=checked.fidelity,
        upscaler=sized.upscaler,
        upscale_to=sized.size if sized.upscaler else None,
        preview_steps=_previews(draft, steps),
        strictness=draft.moderation or "auto",
    )


def _previews(draft: Draft, steps: int) -> tuple[int, ...]:
    count = whole("partial_images", draft.previews, 0, 3, default=0)
    every = whole("preview_every", draft.preview_every, 1, MAX_SEED, default=steps)
    return preview_steps(steps, count, every) if draft.stream else ()


def _finish(draft: Draft, customs: Customs, named: NamedModel, sized: SizePlan) -> Finish:
    transparent = draft.background == "transparent" and named.abilities.transparent
    form = draft.output_format or ("png" if transparent else customs.output_format)
    compression = whole("output_compression", draft.output_compression, 0, 100, default=100)
    if transparent and form == "jpeg":
        raise UnsupportedValue(
            "A jpeg cannot hold a transparent background: ask for png or webp.", "background"
        )
    kept = draft.inputs.kept if draft.inputs else None
    return Finish(sized, form, compression, transparent, kept=kept)
