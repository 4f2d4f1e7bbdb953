"""Pictures as the body of an answer in the OpenAI dialect. Knows no request body."""

import base64
from collections.abc import Mapping
from types import MappingProxyType

from pipelines.families.base import Quality
from pipelines.types import Picture
from server.contract.tokens import gpt_image_tokens, gpt_input_tokens, seedream_tokens, text_tokens
from server.dialect import Call, Json
from server.events import Drawn, Finished
from server.plan import Plan

_QUALITY_WORD: Mapping[Quality, str] = MappingProxyType(
    {"low": "low", "standard": "medium", "high": "high"}
)


def render(drawn: Drawn, call: Call) -> Json:
    """The body of a successful call."""
    plan = drawn.plan
    body: Json = {"created": drawn.created}
    data = [_item(finished, plan, call) for finished in drawn.pictures]
    if plan.model.brand != "gpt-image":
        return body | {"data": data}
    return body | look(plan) | {"data": data, "usage": usage(plan, len(drawn.pictures))}


def look(plan: Plan) -> Json:
    """What every picture of the call has in common."""
    return {
        "background": "transparent" if plan.finish.transparent else "opaque",
        "output_format": plan.finish.format,
        "quality": _gpt_quality(plan),
        "size": str(plan.finish.size),
    }


def usage(plan: Plan, pictures: int) -> Json:
    """What so many pictures of this call come to."""
    text = text_tokens(plan.prompt)
    fidelity = plan.requests[0].fidelity
    image = sum(gpt_input_tokens(size, fidelity) for size in plan.inputs)
    output = _output_tokens(plan) * pictures
    return {
        "prompt_tokens": text + image,
        "input_tokens": text + image,
        "output_tokens": output,
        "total_tokens": text + image + output,
        "input_tokens_details": {"text_tokens": text, "image_tokens": image},
        "output_tokens_details": {"text_tokens": 0, "image_tokens": output},
    }


def in_base64(picture: Picture) -> str:
    return base64.b64encode(picture.data).decode()


def _item(finished: Finished, plan: Plan, call: Call) -> Json:
    picture = finished.picture
    item: Json = {
        "b64_json": in_base64(picture) if plan.wants_base64 else None,
        "url": None if finished.name is None else call.link(finished.name),
        "revised_prompt": finished.drawn_from(plan),
        "size": str(picture.size),
    }
    if plan.model.brand != "gpt-image":
        said = plan.quality_said
        return item | {"quality": "standard" if said in (None, "auto") else said}
    said = plan.quality_said
    return item | {
        "quality": "standard" if said == "standard" else _gpt_quality(plan),
        "output_format": picture.format,
    }


def _gpt_quality(plan: Plan) -> str:
    """The word that the client library's strict mode accepts; never auto."""
    if plan.quality_said in ("xhigh", "max"):
        return plan.quality_said
    return _QUALITY_WORD[plan.quality]


def _output_tokens(plan: Plan) -> int:
    """What one picture counts, in its own vendor's terms."""
    size = plan.finish.size
    if plan.model.brand == "gpt-image":
        return gpt_image_tokens(size, plan.quality)
    return seedream_tokens(size, 1)
