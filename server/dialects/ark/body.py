"""The body of a call in the Ark dialect, and what it says as a draft. Knows no answer."""

from typing import Any, Literal

from pydantic import Field

from server.dialect import Json
from server.draft import Draft, ResponseFormat
from server.http.body import Body
from server.inputs.said_pictures import PICTURES, said_references


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
    image: Any = PICTURES
    sequential_image_generation: Literal["auto", "disabled"] | None = None
    sequential_image_generation_options: SequentialOptions | None = None
    optimize_prompt: bool | None = None
    optimize_prompt_options: OptimizeOptions | None = None
    tools: list[Any] | None = None
    layer_decomposition: bool | None = None
    background: Literal["transparent", "opaque"] | None = None


_OPTIMIZING = ("optimize_prompt", "optimize_prompt_options")
_WITHOUT_EFFECT = (*_OPTIMIZING, "tools")
_GROUP_OPTIONS = "sequential_image_generation_options"


def to_draft(members: Json) -> Draft:
    """Raises: RequestError."""
    body = ArkBody.read(members)
    group = body.sequential_image_generation == "auto"
    optimizing = body.optimize_prompt_options
    options = body.sequential_image_generation_options
    without_effect = _WITHOUT_EFFECT if group else (*_WITHOUT_EFFECT, _GROUP_OPTIONS)
    return Draft(
        model=body.model,
        prompt=body.prompt,
        size=body.size,
        seed=body.seed,
        guidance_scale=body.guidance_scale,
        response_format=body.response_format,
        output_format=body.output_format,
        watermark=body.watermark,
        background=body.background,
        references=said_references(body.image),
        stream=bool(body.stream),
        group=group,
        max_group=options.max_images if group and options else None,
        tools=bool(body.tools),
        layers=bool(body.layer_decomposition),
        optimize_mode=optimizing.mode if optimizing else None,
        optimize=_optimizes(body),
        optimize_said=body.said(*_OPTIMIZING),
        optimize_thinking=optimizing is not None and optimizing.thinking == "enabled",
        ignored=(*body.foreign_names(), *body.said(*without_effect)),
    )


def _optimizes(body: ArkBody) -> bool:
    """Whether the prompt shall be rewritten: who says how wants it."""
    if body.optimize_prompt is not None:
        return body.optimize_prompt
    options = body.optimize_prompt_options
    return options is not None and (options.mode is not None or options.thinking is not None)
