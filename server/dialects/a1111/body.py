"""The bodies of a call in the A1111 dialect, and what they say as a draft. Knows no answer."""

from dataclasses import replace
from typing import Any

from pydantic import Field

from pipelines.errors import MissingParameter, TooSmall
from server.dialect import Json
from server.draft import Draft, Reference
from server.http.body import Body

CHECKPOINT = "sd_model_checkpoint"
"""What this dialect calls the model, among its options."""
_HALF = 0.5
_SIDE = 512
"""A side that nobody says. Units: pixels."""


class TextBody(Body):
    """The body of /sdapi/v1/txt2img, as its callers write it."""

    prompt: str | None = Field(None, examples=["a red fox in the snow"])
    negative_prompt: str | None = None
    width: int | None = None
    height: int | None = None
    steps: int | None = None
    cfg_scale: float | None = Field(None, description="1 to 10")
    seed: int | None = Field(None, description="-1 (random) to 2147483647")
    batch_size: int | None = None
    n_iter: int | None = None
    override_settings: dict[str, Any] | None = Field(
        None, examples=[{CHECKPOINT: "seedbed"}], description=f"{CHECKPOINT} names the model"
    )


class ImageBody(TextBody):
    """The body of /sdapi/v1/img2img, as its callers write it."""

    init_images: list[str] | None = Field(
        None, fail_fast=True, description="base64, with or without data:"
    )
    mask: str | None = Field(None, description="base64; white where the picture is drawn anew")
    denoising_strength: float | None = Field(
        None, description="below one half stays close to the picture"
    )


class Options(Body):
    sd_model_checkpoint: str | None = None


def text_draft(members: Json) -> Draft:
    """Raises: RequestError."""
    return _draft(TextBody.read(members))


def image_draft(members: Json) -> Draft:
    """Raises: RequestError."""
    body = ImageBody.read(members)
    if not body.init_images:
        raise MissingParameter("Send the picture to begin from.", "init_images")
    strength = body.denoising_strength
    return replace(
        _draft(body),
        references=tuple(
            Reference(_picture(text), f"init_images[{index}]")
            for index, text in enumerate(body.init_images)
        ),
        mask=None if body.mask is None else Reference(_picture(body.mask), "mask", True),
        fidelity="high" if strength is not None and strength < _HALF else "low",
        edits=True,
    )


def chosen_model(options: Json) -> tuple[str | None, tuple[str, ...]]:
    """The model among the options, and the names of all that have no effect. Raises: WrongType."""
    read = Options.read(options)
    return read.sd_model_checkpoint, read.foreign_names()


def _picture(text: str) -> str:
    """The address that a picture's base64 is in; whoever sees to pictures reads it in a thread."""
    return text if text.startswith("data:") else f"data:;base64,{text}"


def _at_least_one(name: str, value: int | None) -> int:
    if value is not None and value < 1:
        raise TooSmall(f"Expected a value >= 1, but got {str(value)[:40]} instead.", name)
    return value or 1


def _side(name: str, value: int | None) -> int:
    return _SIDE if value is None else _at_least_one(name, value)


def _draft(body: TextBody) -> Draft:
    model, idle = chosen_model(body.override_settings or {})
    return Draft(
        model=model,
        prompt=body.prompt,
        negative_prompt=body.negative_prompt,
        size=f"{_side('width', body.width)}x{_side('height', body.height)}",
        n=_at_least_one("batch_size", body.batch_size) * _at_least_one("n_iter", body.n_iter),
        seed=body.seed,
        guidance_scale=body.cfg_scale,
        steps=body.steps,
        response_format="b64_json",
        ignored=(*body.foreign_names(), *(f"override_settings.{name}" for name in idle)),
    )
