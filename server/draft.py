"""What a caller said, in our own words, and nothing where they said nothing.

A draft is well typed but not yet checked against any model: `server.plan` does that. It knows no
dialect, no model and no HTTP.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from pipelines.post.encode import Format

ResponseFormat: TypeAlias = Literal["url", "b64_json"]
Background: TypeAlias = Literal["auto", "transparent", "opaque"]


@dataclass(frozen=True, slots=True)
class Draft:
    """One call. None means: not said, null, or nothing the dialect has a word for."""

    model: str | None = None
    prompt: str | None = None
    negative_prompt: str | None = None
    size: str | None = None
    """As written: a tier, `WIDTHxHEIGHT`, adaptive or auto."""
    n: int | None = None
    seed: int | None = None
    guidance_scale: float | None = None
    quality: str | None = None
    """As written; what it means depends on the named model."""
    watermark: bool | None = None
    background: Background | None = None
    output_format: Format | None = None
    output_compression: int | None = None
    response_format: ResponseFormat | None = None
    reproducible: bool = False
    """Draw alone, so that not a bit depends on who else is drawing."""
    ignored: tuple[str, ...] = ()
    """Names the caller wrote that have no effect here, known to the dialect or not."""


@dataclass(frozen=True, slots=True)
class Customs:
    """What a dialect takes for granted, whatever the model."""

    output_format: Format
    """The format of a picture when the caller names none."""
    only_ark_models: bool = False
    """Whether the other vendor's model names are unknown here."""
