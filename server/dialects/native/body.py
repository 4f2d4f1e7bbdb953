"""The body of a call in our own dialect, and what it says as a draft. Knows no answer."""

from typing import Any

from pydantic import Field

from pipelines.post.encode import Format
from pipelines.types import Fidelity
from server.contract.named_models import OWN_MODEL
from server.dialect import Json
from server.draft import Background, Customs, Draft, Reference
from server.http.body import Body
from server.inputs.said_pictures import PICTURES, said_references

CUSTOMS = Customs(output_format="png", streams_all_models=True)


class NativeBody(Body):
    """The body of a call, as its callers write it."""

    prompt: str | None = Field(None, examples=["a red fox in the snow"])
    model: str | None = Field(None, examples=[OWN_MODEL])
    size: str | None = Field(None, examples=["512x512"])
    n: int | None = None
    seed: int | None = None
    guidance_scale: float | None = None
    negative_prompt: str | None = None
    quality: str | None = None
    steps: int | None = Field(None, description="denoising steps; quality chooses them else")
    watermark: bool | None = None
    background: Background | None = None
    output_format: Format | None = None
    output_compression: int | None = None
    image: Any = PICTURES
    mask: str | None = Field(None, description="address of a PNG: drawn anew where transparent")
    input_fidelity: Fidelity | None = Field(None, description="how close to stay to the picture")
    weights: str | None = Field(
        None, description="name@digest of the weights that must draw, as a recipe names them"
    )
    stream: bool | None = Field(None, description="false answers once, when all is drawn")
    preview_every: int | None = Field(None, description="a preview after each so many steps")


def to_draft(members: Json) -> Draft:
    """Raises: RequestError."""
    body = NativeBody.read(members)
    stream = body.stream is not False
    return Draft(
        model=body.model or OWN_MODEL,
        prompt=body.prompt,
        size=body.size,
        n=body.n,
        seed=body.seed,
        guidance_scale=body.guidance_scale,
        negative_prompt=body.negative_prompt,
        quality=body.quality,
        steps=body.steps,
        watermark=body.watermark,
        background=body.background,
        output_format=body.output_format,
        output_compression=body.output_compression,
        response_format="b64_json",
        references=said_references(body.image),
        mask=None if body.mask is None else Reference(body.mask, "mask"),
        fidelity=body.input_fidelity,
        weights=body.weights,
        stream=stream,
        preview_every=body.preview_every,
        ignored=(*body.foreign_names(), *(() if stream else body.said("preview_every"))),
    )
