"""Pictures as the body of an answer in the OpenAI dialect. Knows no request body."""

import base64
from collections.abc import Mapping
from types import MappingProxyType

from pipelines.families.base import Quality
from server.dialect import Json, Link
from server.plan import Plan
from server.service import Drawn, Finished
from server.tokens import gpt_image_tokens, text_tokens

_QUALITY_WORD: Mapping[Quality, str] = MappingProxyType(
    {"low": "low", "standard": "medium", "high": "high"}
)


def render(drawn: Drawn, link: Link) -> Json:
    """The body of a successful call."""
    plan = drawn.plan
    body: Json = {"created": drawn.created}
    data = [_item(finished, plan, link) for finished in drawn.pictures]
    if plan.model.brand != "gpt-image":
        return body | {"data": data}
    finish = plan.finish
    return body | {
        "background": "transparent" if finish.transparent else "opaque",
        "output_format": finish.format,
        "quality": _gpt_quality(plan),
        "size": str(finish.size),
        "data": data,
        "usage": _usage(drawn),
    }


def _item(finished: Finished, plan: Plan, link: Link) -> Json:
    picture = finished.picture
    item: Json = {
        "b64_json": base64.b64encode(picture.data).decode() if plan.wants_base64 else None,
        "url": None if finished.name is None else link(finished.name),
        "revised_prompt": plan.prompt,
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


def _usage(drawn: Drawn) -> Json:
    plan = drawn.plan
    text = text_tokens(plan.prompt)
    output = gpt_image_tokens(plan.finish.size, plan.quality) * len(drawn.pictures)
    return {
        "prompt_tokens": text,
        "input_tokens": text,
        "output_tokens": output,
        "total_tokens": text + output,
        "input_tokens_details": {"text_tokens": text, "image_tokens": 0},
        "output_tokens_details": {"text_tokens": 0, "image_tokens": output},
    }
