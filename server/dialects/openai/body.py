"""The body of a call in the OpenAI dialect, and what it says as a draft. Knows no answer."""

from dataclasses import replace
from typing import Any

from pydantic import Field

from pipelines.post.encode import Format
from server.dialect import Json
from server.draft import Background, Draft, ResponseFormat, Style
from server.http.body import Body
from server.inputs.said_pictures import PICTURES, said_references
from server.moderation.word_rules import Level


class OpenAIBody(Body):
    """The body of a call, as its callers write it."""

    prompt: str | None = Field(None, examples=["a red fox in the snow"])
    model: str | None = Field(None, examples=["gpt-image-1", "dall-e-3"])
    n: int | None = Field(None, description="1 to 10; dall-e-3 only 1")
    size: str | None = Field(None, examples=["1024x1024"])
    quality: str | None = None
    response_format: ResponseFormat | None = None
    style: Style | None = Field(None, description="of dall-e-3")
    user: str | None = None
    background: Background | None = None
    moderation: Level | None = None
    output_format: Format | None = None
    output_compression: int | None = Field(None, description="0 to 100")
    watermark: bool | None = None
    seed: int | None = Field(None, description="-1 (random) to 2147483647")
    guidance_scale: float | None = Field(None, description="1 to 10")
    stream: bool | None = None
    partial_images: int | None = Field(None, description="0 to 3, with stream")
    image: Any = PICTURES


_WITHOUT_EFFECT = ("user",)
_ONLY_IN_EVENTS = ("partial_images",)
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
    references = said_references(body.image)
    return replace(plain_draft(body, _implied_model(body)), references=references)


def plain_draft(body: OpenAIBody, implied_model: str) -> Draft:
    """All that a body says but for the pictures to begin from."""
    without_effect = _WITHOUT_EFFECT if body.stream else (*_WITHOUT_EFFECT, *_ONLY_IN_EVENTS)
    return Draft(
        model=body.model or implied_model,
        prompt=body.prompt,
        size=body.size,
        n=body.n,
        seed=body.seed,
        guidance_scale=body.guidance_scale,
        quality=body.quality,
        style=body.style,
        watermark=body.watermark,
        background=body.background,
        moderation=body.moderation,
        output_format=body.output_format,
        output_compression=body.output_compression,
        response_format=body.response_format,
        stream=bool(body.stream),
        previews=body.partial_images,
        ignored=(*body.foreign_names(), *body.said(*without_effect)),
    )


def _implied_model(body: OpenAIBody) -> str:
    return "gpt-image-1" if body.stream or body.said(*_GPT_IMAGE_ONLY) else "dall-e-2"
