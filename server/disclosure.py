"""What is said in headers of the choices made for a call: who drew, how large, with what guidance.

Pure: it words what `server.plan` decided. Whatever had no effect is named.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.catalog import Drawers, StandIn, family_of
from pipelines.families.base import Family
from pipelines.messages import Worded
from pipelines.types import ImageRequest, Rewriting, Size
from server.contract.checks import Checked
from server.contract.named_models import NamedModel
from server.contract.snapping import snap
from server.draft import Draft
from server.sizing import SizePlan


@dataclass(frozen=True, slots=True)
class Choices:
    """What a plan chose for one call."""

    drawers: Drawers
    stand_in: StandIn
    drawer: Family
    sized: SizePlan
    style_words: str
    """What was added to the prompt."""
    rewriting: Rewriting | None = None
    """Which other words a language model shall find."""


def facts(
    draft: Draft, checked: Checked, requests: tuple[ImageRequest, ...], choices: Choices
) -> Mapping[str, str]:
    """What the caller cannot see in the body, by the last part of its header's name."""
    request, sized = requests[0], choices.sized
    return {
        "model": f"{choices.stand_in.name}; requested={checked.model.id}",
        "native-size": str(sized.native),
        "resample": sized.said,
        "matte": matte(draft, checked, request),
        "guidance": _guidance(draft, request, choices.drawer),
        "quality": _quality(draft, checked, choices.drawers),
        "size": _snapped(draft, checked, sized.size),
        "steps": str(request.steps),
        "seed": ", ".join(str(one.seed) for one in requests),
        "rewriting": f"requested={choices.rewriting.mode}" if choices.rewriting else "",
        "ignored": _ignored(draft, checked, request, choices),
    }


def rewriting_told(
    facts: Mapping[str, str], request: ImageRequest, worded: Worded
) -> Mapping[str, str]:
    """Facts with what became of the wish for other words."""
    said = request.rewriting.said if request.rewriting else request.prompt
    applied = "fixed-words" if request.prompt != said else "none"
    told = f"applied={applied}; reason={worded.why}" if worded.why else "applied=rewritten"
    return {**facts, "rewriting": f"{facts['rewriting']}; {told}"}


def matte(draft: Draft, checked: Checked, request: ImageRequest) -> str:
    """How the background was told from the subject, where it was made transparent."""
    if draft.background != "transparent" or not checked.model.abilities.transparent:
        return ""
    return "birefnet" if request.cut_out else "plain-background"


def guidance_is_lost(draft: Draft, named: NamedModel, drawer: Family) -> bool:
    """Whether a guidance scale was said that changes nothing; the usual one counts as not said."""
    said = draft.guidance_scale not in (None, named.usual_guidance)
    return said and not drawer.abilities.guidance


def _guidance(draft: Draft, request: ImageRequest, drawer: Family) -> str:
    said = None if draft.guidance_scale is None else f"{draft.guidance_scale:.6g}"
    if not drawer.abilities.guidance:
        return f"{_requested(said)}applied=none; reason=distilled"
    return f"{_requested(said)}applied={request.guidance:.4g}"


def _quality(draft: Draft, checked: Checked, drawers: Drawers) -> str:
    """The quality drawn, or that all of them would have been drawn the same way."""
    recipes = set()
    for quality in drawers.generate:
        choice = drawers.choose(quality, len(draft.references))
        recipes.add((choice.name, family_of(choice).steps(quality)))
    applied = checked.quality if len(recipes) > 1 else "single"
    return f"{_requested(draft.quality)}applied={applied}"


def _ignored(draft: Draft, checked: Checked, request: ImageRequest, choices: Choices) -> str:
    """What the caller said, rightly, that changes nothing: for this model, or for who draws."""
    named, able = checked.model, choices.drawer.abilities
    beyond = draft.inputs.ignored if draft.inputs else ()
    no_previews = draft.stream and not request.preview_steps
    without_effect = {
        "background": draft.background is not None and not named.abilities.transparent,
        "output_compression": draft.output_compression not in (None, 100)
        and draft.output_format in (None, "png"),
        "input_fidelity": draft.fidelity is not None and not named.fidelities,
        "negative_prompt": bool(draft.negative_prompt) and not able.negative_prompt,
        "guidance_scale": guidance_is_lost(draft, named, choices.drawer),
        "style": draft.style is not None and not (choices.style_words or choices.rewriting),
        "optimize_prompt_options.thinking": draft.optimize_thinking and bool(choices.rewriting),
        "partial_images": no_previews and bool(draft.previews),
        "preview_every": no_previews and draft.preview_every is not None,
    }
    heard = draft.optimize_said if choices.rewriting else ()
    names = [name for name in draft.ignored if name not in heard]
    names += [name for name, nothing in without_effect.items() if nothing]
    return ", ".join(dict.fromkeys((*names, *beyond)))


def _snapped(draft: Draft, checked: Checked, size: Size) -> str:
    """Nothing, unless another size than the one that was said has been taken."""
    said = draft.size
    if said is None or said == snap(checked.model.sizes, said, checked.prompt):
        return ""
    return f"requested={said}; applied={size}"


def _requested(said: str | None) -> str:
    return "" if said is None else f"requested={said}; "
