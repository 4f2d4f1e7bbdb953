"""The Volcengine Ark dialect: POST /api/v3/images/generations.

Where the project's own API document speaks (the code of a 400, guidance_scale, seed, adaptive), it
wins over the vendor's pages; the vendor's own code of a 400 goes into the header x-error-code.
"""

import base64
import secrets
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from pydantic import Field

from pipelines.errors import (
    ContentRejected,
    MissingParameter,
    RequestError,
    UnknownModel,
    UnsupportedValue,
)
from server.body import Body
from server.dialect import ErrorAnswer, Json, Link
from server.draft import Customs, Draft, ResponseFormat
from server.errors import NotFound, headers_of, public_message, status_of
from server.service import Drawn, Finished
from server.tokens import seedream_tokens, text_tokens


class SequentialOptions(Body):
    max_images: int | None = None


class OptimizeOptions(Body):
    mode: Literal["standard", "fast"] | None = None
    thinking: Literal["auto", "enabled", "disabled"] | None = None


class ArkBody(Body):
    """The body of a call, as its callers write it."""

    model: str | None = Field(None, examples=["doubao-seedream-4-0-250828"])
    prompt: str | None = Field(None, examples=["a red fox in the snow"])
    size: str | None = Field(None, examples=["1024x1024", "2K", "adaptive"])
    seed: int | None = Field(None, description="-1 (random) to 2147483647")
    guidance_scale: float | None = Field(None, description="1 to 10")
    response_format: ResponseFormat | None = None
    output_format: Literal["jpeg", "png"] | None = None
    watermark: bool | None = None
    stream: bool | None = None
    image: Any = None
    sequential_image_generation: Literal["auto", "disabled"] | None = None
    sequential_image_generation_options: SequentialOptions | None = None
    optimize_prompt: bool | None = None
    optimize_prompt_options: OptimizeOptions | None = None
    tools: list[Any] | None = None
    layer_decomposition: bool | None = None
    background: Literal["transparent", "opaque"] | None = None


_WITHOUT_EFFECT = (
    "background",
    "optimize_prompt",
    "optimize_prompt_options",
    "sequential_image_generation_options",
    "tools",
)

_TYPE_AND_CODE: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        400: ("invalid_request_error", "invalid_parameters"),
        401: ("Unauthorized", "AuthenticationError"),
        403: ("Forbidden", "AccessDenied"),
        404: ("NotFound", "InvalidEndpointOrModel.NotFound"),
        405: ("MethodNotAllowed", "MethodNotAllowed"),
        413: ("RequestEntityTooLarge", "RequestEntityTooLarge"),
        429: ("TooManyRequests", "ServerOverloaded"),
        499: ("ClientClosedRequest", "ClientClosedRequest"),
        500: ("InternalServerError", "InternalServiceError"),
        503: ("ServiceUnavailable", "ServerOverloaded"),
    }
)
_REJECTED_CODE = MappingProxyType(
    {
        "prompt": "InputTextSensitiveContentDetected",
        "image": "InputImageSensitiveContentDetected",
    }
)


class Ark:
    customs = Customs(output_format="jpeg", only_ark_models=True)

    def new_request_id(self) -> str:
        """53 characters: 02, the time in milliseconds, 38 hexadecimal digits."""
        return f"02{time.time_ns() // 1_000_000:013d}{secrets.token_hex(19)}"

    def draft(self, members: Json) -> Draft:
        body = ArkBody.read(members)
        _refuse_what_is_not_served(body)
        return Draft(
            model=body.model,
            prompt=body.prompt,
            size=body.size,
            seed=body.seed,
            guidance_scale=body.guidance_scale,
            response_format=body.response_format,
            output_format=body.output_format,
            watermark=body.watermark,
            ignored=(*body.foreign_names(), *body.said(*_WITHOUT_EFFECT)),
        )

    def render(self, drawn: Drawn, link: Link) -> Json:
        plan = drawn.plan
        output_tokens = seedream_tokens(plan.finish.size, len(drawn.pictures))
        return {
            "id": f"img_{plan.requests[0].id}",
            "object": "image",
            "created": drawn.created,
            "model": plan.model.id,
            "data": [_item(finished, link) for finished in drawn.pictures],
            "usage": {
                "prompt_tokens": text_tokens(plan.prompt),
                "generated_images": len(drawn.pictures),
                "output_tokens": output_tokens,
                "total_tokens": output_tokens,
            },
        }

    def render_error(self, error: Exception, request_id: str) -> ErrorAnswer:
        status = status_of(error)
        kind, code = _type_and_code(error, status)
        param = error.param if isinstance(error, RequestError) else None
        body = {
            "error": {
                "code": code,
                "message": f"{_message(error, status)} Request id: {request_id}",
                "param": param or "",
                "type": kind,
            }
        }
        headers = headers_of(error) | {"x-error-code": _native_code(error, status, code)}
        return ErrorAnswer(status, body, headers)


def _refuse_what_is_not_served(body: ArkBody) -> None:
    if body.stream:
        raise UnsupportedValue("This server does not stream pictures yet: leave it out.", "stream")
    if body.image not in (None, []):
        raise UnsupportedValue("This server does not take pictures in yet: leave it out.", "image")
    if body.sequential_image_generation == "auto":
        raise UnsupportedValue(
            "This server does not draw groups of pictures yet: send 'disabled' or leave it out.",
            "sequential_image_generation",
        )
    if body.layer_decomposition:
        raise UnsupportedValue(
            "No model here takes a picture apart into layers: leave it out.", "layer_decomposition"
        )


def _item(finished: Finished, link: Link) -> Json:
    item: Json = {"size": str(finished.picture.size), "index": finished.index}
    if finished.name is not None:
        return {"url": link(finished.name)} | item
    return {"b64_json": base64.b64encode(finished.picture.data).decode()} | item


def _type_and_code(error: Exception, status: int) -> tuple[str, str]:
    if isinstance(error, ContentRejected):
        fallback = "OutputImageSensitiveContentDetected"
        return "BadRequest", _REJECTED_CODE.get(error.param or "", fallback)
    if isinstance(error, NotFound):
        return "NotFound", "NotFound"
    return _TYPE_AND_CODE[status]


def _message(error: Exception, status: int) -> str:
    text = public_message(error)
    if status == 401:
        return f"the API key or AK/SK in the request is missing or invalid. {text}"
    if isinstance(error, UnknownModel):
        return f"{text} The model or endpoint does not exist or you do not have access to it."
    if isinstance(error, ContentRejected) or status != 400:
        return text
    return f"Invalid request parameters: {_about(error)}{text}"


def _about(error: Exception) -> str:
    param = error.param if isinstance(error, RequestError) else None
    if param is None:
        return ""
    if isinstance(error, MissingParameter):
        return f"the parameter `{param}` is missing or empty. "
    return f"the parameter `{param}` specified in the request is not valid: "


def _native_code(error: Exception, status: int, code: str) -> str:
    """The vendor's own code, where ours differs from it. Names are ours, so it is always ASCII."""
    if status == 401:
        return "AuthN_MissOrInvalidAuthorizationHeader"
    if status != 400 or isinstance(error, ContentRejected):
        return code
    native = "MissingParameter" if isinstance(error, MissingParameter) else "InvalidParameter"
    param = error.param if isinstance(error, RequestError) else None
    return f"{native}.{param}" if param else native
