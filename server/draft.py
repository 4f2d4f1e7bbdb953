"""What a caller said, in our own words, and nothing where they said nothing.

A draft is well typed but not yet checked against any model: `server.plan` does that. It knows no
dialect, no model and no HTTP.
"""

from dataclasses import dataclass, field
from typing import BinaryIO, Literal, TypeAlias

from pipelines.post.encode import Format
from pipelines.types import Fidelity
from server.inputs.fitting import Inputs
from server.moderation.word_rules import Level

ResponseFormat: TypeAlias = Literal["url", "b64_json"]
Style: TypeAlias = Literal["vivid", "natural"]
Background: TypeAlias = Literal["auto", "transparent", "opaque"]


@dataclass(frozen=True, slots=True)
class Reference:
    """A picture that a caller handed over: an address, or the bytes of a file."""

    source: str | bytes | BinaryIO = field(repr=False)
    """`https://...`, `data:image/...;base64,...`, or what was uploaded."""
    param: str = "image"
    """What the caller called it, for errors: image, image[1], mask."""
    light_is_drawn: bool = False
    """Of a mask: whether its light parts are drawn anew, and not those that are transparent."""


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
    style: Style | None = None
    watermark: bool | None = None
    background: Background | None = None
    output_format: Format | None = None
    output_compression: int | None = None
    response_format: ResponseFormat | None = None
    references: tuple[Reference, ...] = ()
    """Pictures to begin from, as said: not fetched, not decoded."""
    mask: Reference | None = None
    """Where its alpha is 0, the first reference is drawn anew."""
    fidelity: Fidelity | None = None
    moderation: Level | None = None
    """How strictly the site's rules are applied."""
    inputs: Inputs | None = None
    """References and mask once `server.inputs.references` has seen to them."""
    edits: bool = False
    """Whether this was a call for an edit, which names its events otherwise."""
    variation: bool = False
    """Whether it asks for pictures like the reference, without a word about them."""
    stream: bool = False
    """Whether the answer is told in events, each picture as soon as it is there."""
    previews: int | None = None
    """How many pictures to show on the way, when the answer is told in events."""
    preview_every: int | None = None
    """The same, said as after how many steps one is shown."""
    group: bool = False
    """Whether the prompt may ask for several pictures."""
    max_group: int | None = None
    """The most pictures it may ask for."""
    tools: bool = False
    """Whether the model may look things up."""
    layers: bool = False
    """Whether the picture shall come in layers."""
    optimize_mode: Literal["standard", "fast"] | None = None
    """How carefully the prompt shall be rewritten."""
    optimize: bool = False
    """Whether the prompt shall be rewritten."""
    optimize_said: tuple[str, ...] = ()
    """Those of the names in `ignored` that have an effect where prompts are rewritten."""
    optimize_thinking: bool = False
    """Whether the caller wants it to be thought about at length."""
    priority_s: float = 0.0
    """Seconds of head start; negative for work that nobody waits for."""
    reproducible: bool = False
    """Draw alone, so that not a bit depends on who else is drawing."""
    snap_size: bool = False
    """Take the nearest size where the model has not the one that is said."""
    steps: int | None = None
    """Denoising steps, whatever the quality."""
    weights: str | None = None
    """The weights that must draw, `name` or `name@digest`; with others the call is refused."""
    ignored: tuple[str, ...] = ()
    """Names the caller wrote that have no effect here, known to the dialect or not."""


@dataclass(frozen=True, slots=True)
class Customs:
    """What a dialect takes for granted, whatever the model."""

    output_format: Format
    """The format of a picture when the caller names none."""
    only_ark_models: bool = False
    """Whether the other vendor's model names are unknown here."""
    streams_all_models: bool = False
    """Whether a model may be told in events that cannot be elsewhere."""
    each_alone: bool = False
    """Whether a call succeeds when one of its pictures does, and names the failures of others."""
