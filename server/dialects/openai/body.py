"""The body of a call in the OpenAI dialect, and what it says as a draft. Knows no answer."""

from typing import Any, Literal

from pydantic import Field

from pipelines.errors import UnsupportedValue
from pipelines.post.encode import Format
from server.body import Body
from server.dialect import Json
from server.draft import Background, Draft, ResponseFormat


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


def to_draft(members: Json) -> Draft:
    """Raises: RequestError."""
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


def _implied_model(body: OpenAIBody) -> str:
    return "gpt-image-1" if body.said(*_GPT_IMAGE_ONLY) else "dall-e-2"


def _refuse_what_is_not_served(body: OpenAIBody) -> None:
    if body.stream:
        raise UnsupportedValue("This server does not stream pictures yet: leave it out.", "stream")
    if body.image not in (None, []):
        raise UnsupportedValue("This server does not take pictures in yet: leave it out.", "image")
    if body.partial_images is not None and not 0 <= body.partial_images <= 3:
        raise UnsupportedValue("Expected a value within 0..3.", "partial_images")
