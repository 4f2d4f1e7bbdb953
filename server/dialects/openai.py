"""The OpenAI Images dialect: POST /v1/images/generations, with the Volcano Engine extensions.

Where the project's own API document speaks (url by default, error types, the body of an unknown
model), it wins over the vendor's pages.
"""

import base64
import uuid
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from pydantic import Field

from pipelines.errors import (
    ContentRejected,
    MissingParameter,
    RequestError,
    TooLarge,
    TooLong,
    TooSmall,
    UnknownModel,
    UnsupportedValue,
    WrongType,
)
from pipelines.families.base import Quality
from pipelines.post.encode import Format
from server.body import Body
from server.dialect import ErrorAnswer, Json, Link
from server.draft import Background, Customs, Draft, ResponseFormat
from server.errors import NoSuchModel, WrongKey, headers_of, public_message, status_of
from server.plan import Plan
from server.service import Drawn, Finished
from server.tokens import gpt_image_tokens, text_tokens


class OpenAIBody(Body):
    """The body of a call, as its callers write it."""

    prompt: str | None = Field(None, examples=["a red fox in the snow"])
    model: str | None = Field(None, examples=["gpt-image-1", "dall-e-3"])
    n: int | None = Field(None, description="1 to 10; dall-e-3 only 1")
    size: str | None = Field(None, examples=["1024x1024"])
    quality: str | None = None
    response_format: ResponseFormat | None = None
    style: Literal["vivid", "natural"] | None = None
    user: str | None = None
    background: Background | None = None
    moderation: Literal["auto", "low"] | None = None
    output_format: Format | None = None
    output_compression: int | None = Field(None, description="0 to 100")
    watermark: bool | None = None
    seed: int | None = Field(None, description="-1 (random) to 2147483647")
    guidance_scale: float | None = Field(None, description="1 to 10")
    stream: bool | None = None
    partial_images: int | None = None
    image: Any = None


_WITHOUT_EFFECT = ("style", "user", "moderation", "partial_images")
_GPT_IMAGE_ONLY = (
    "background",
    "moderation",
    "output_compression",
    "output_format",
    "partial_images",
)
_QUALITY_WORD: Mapping[Quality, str] = MappingProxyType(
    {"low": "low", "standard": "medium", "high": "high"}
)

_STATUS: Mapping[type[Exception], int] = MappingProxyType({UnknownModel: 400})

_TYPE: Mapping[int, str] = MappingProxyType(
    {
        401: "authentication_error",
        403: "request_forbidden",
        413: "server_error",
        429: "rate_limit_exceeded",
        500: "server_error",
        503: "server_error",
    }
)
_CODE_OF_STATUS: Mapping[int, str] = MappingProxyType(
    {405: "method_not_supported", 429: "rate_limit_exceeded", 503: "server_is_overloaded"}
)
_CODE_AND_LEAD: Mapping[type[Exception], tuple[str, str]] = MappingProxyType(
    {
        MissingParameter: ("missing_required_parameter", "Missing required parameter: '{}'. "),
        WrongType: ("invalid_type", "Invalid type for '{}': "),
        TooLarge: ("integer_above_max_value", "Invalid '{}': integer above maximum value. "),
        TooSmall: ("integer_below_min_value", "Invalid '{}': integer below minimum value. "),
        TooLong: ("string_above_max_length", "Invalid '{}': string too long. "),
        RequestError: ("invalid_value", "Invalid value for '{}': "),
    }
)
_DECIMALS = frozenset({"guidance_scale"})


class OpenAI:
    customs = Customs(output_format="png")

    def new_request_id(self) -> str:
        return f"req_{uuid.uuid4().hex}"

    def draft(self, members: Json) -> Draft:
        body = OpenAIBody.read(members)
        _refuse_what_is_not_served(body)
        return Draft(
            model=body.model or _implied_model(body),
            prompt=body.prompt,
            size=body.size,
            n=body.n,
            seed=body.seed,
            guidance_scale=body.guidance_scale,
            quality=body.quality,
            watermark=body.watermark,
            background=body.background,
            output_format=body.output_format,
            output_compression=body.output_compression,
            response_format=body.response_format,
            ignored=(*body.foreign_names(), *body.said(*_WITHOUT_EFFECT)),
        )

    def render(self, drawn: Drawn, link: Link) -> Json:
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

    def render_error(self, error: Exception, request_id: str) -> ErrorAnswer:
        status = status_of(error, _STATUS)
        kind, code, message = _describe(error, status)
        param = error.param if isinstance(error, RequestError) else None
        body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
        return ErrorAnswer(status, body, headers_of(error))


def _implied_model(body: OpenAIBody) -> str:
    return "gpt-image-1" if body.said(*_GPT_IMAGE_ONLY) else "dall-e-2"


def _refuse_what_is_not_served(body: OpenAIBody) -> None:
    if body.stream:
        raise UnsupportedValue("This server does not stream pictures yet: leave it out.", "stream")
    if body.image not in (None, []):
        raise UnsupportedValue("This server does not take pictures in yet: leave it out.", "image")
    if body.partial_images is not None and not 0 <= body.partial_images <= 3:
        raise UnsupportedValue("Expected a value within 0..3.", "partial_images")


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


def _describe(error: Exception, status: int) -> tuple[str, str | None, str]:
    """The error's type, code and message."""
    text = public_message(error)
    kind = _TYPE.get(status, "invalid_request_error")
    match error:
        case UnknownModel():
            return kind, "invalid_request_error", "Invalid model specified"
        case ContentRejected():
            return "image_generation_user_error", "moderation_blocked", text
        case WrongKey():
            return kind, "invalid_api_key", text
        case NoSuchModel():
            return kind, "model_not_found", text
        case RequestError(param=str(param)) if status == 400:
            code, lead = _code_and_lead(error, param)
            return kind, code, lead.format(param) + text
        case _:
            return kind, _CODE_OF_STATUS.get(status), text


def _code_and_lead(error: RequestError, param: str) -> tuple[str, str]:
    code, lead = next(
        _CODE_AND_LEAD[kind] for kind in type(error).__mro__ if kind in _CODE_AND_LEAD
    )
    if param in _DECIMALS:
        return code.replace("integer", "decimal"), lead.replace("integer", "decimal")
    return code, lead
