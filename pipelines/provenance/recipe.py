"""What a picture was drawn from, so that it can be drawn again; as compact JSON and back.

Knows neither files nor who draws. JSON that is not ours is refused with what is wrong in it: it
comes out of files that anybody may have written.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from types import MappingProxyType
from typing import Any, Self, TypeAlias

from pipelines.types import Size

VERSION = 1
"""Of the words below. A reader refuses what it does not know, for that may make the picture."""
MAX_BYTES = 1 << 17
"""A longer one is none of ours. Units: bytes of JSON."""
_MOST_INPUTS = 64
_LONGEST_SIDE = 1 << 16
_LONGEST_WORD = 200
_LARGEST_NUMBER = 1e6
_SIZE = re.compile(r"([0-9]{1,5})x([0-9]{1,5})")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML file can hold, and controls that readers trip over."""


class BadRecipe(ValueError):
    """JSON that is no recipe of ours, and why."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One picture, in the words of the API but for what it says is the drawing model's."""

    seedbed: str
    """The version that drew."""
    model: str
    """The name that was asked for."""
    drawn_by: str
    """The stand-in that drew."""
    seed: int
    size: Size
    """Of the picture."""
    native: Size
    """What the model drew before it was enlarged, averaged or cut."""
    steps: int
    guidance: float
    """In the drawing model's own meaning."""
    weights: str = ""
    """Digest of all files that drew, 64 hexadecimal digits; empty where it is not known."""
    sampler: str = ""
    """The diffusers class of the noise schedule."""
    guidance_scale: float | None = None
    """As it was said, on the API's scale."""
    prompt: str | None = None
    """As it was said; None where it is kept out of the file."""
    drawn_prompt: str | None = None
    """As it was drawn, where words were added to it."""
    negative_prompt: str | None = None
    quality: str | None = None
    """As it was said: it may choose the stand-in."""
    style: str | None = None
    label: bool = False
    transparent: bool = False
    resample: str = "none"
    """How what was drawn came to its size: a network's name, lanczos, area, crop or none."""
    matte: str = ""
    """What told the subject from its background, where that is transparent."""
    compression: int = 100
    adaptive: bool = False
    """Whether the named model takes no size in numbers: it follows the picture it begins from."""
    inputs: tuple[str, ...] = ()
    """sha256 of the files it began from."""
    mask: str | None = None
    """sha256 of the mask's file."""
    mask_light: bool = False
    """Whether the light parts of the mask were drawn anew, and not those that are transparent."""
    fidelity: str | None = None

    @property
    def edited(self) -> bool:
        """Whether it began from other pictures."""
        return bool(self.inputs)

    def without_prompt(self) -> Self:
        """The recipe without a word that the caller wrote."""
        return replace(self, prompt=None, drawn_prompt=None, negative_prompt=None)

    def to_json(self) -> str:
        """One line; the same recipe is the same text, and every character of it fits into XML."""
        members: dict[str, Any] = {"v": VERSION}
        for field in fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                members[field.name] = str(value) if isinstance(value, Size) else value
        text = json.dumps(members, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return _NOT_IN_XML.sub(_escaped, text)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Raises: BadRecipe."""
        members = _members(text)
        if members.pop("v", None) != VERSION:
            raise BadRecipe(f"it is not of version {VERSION}: another seedbed wrote it")
        unknown = sorted(set(members) - set(_READERS))
        if unknown:
            raise BadRecipe(f"{unknown[0][:40]!r} is not known here")
        needed = [field.name for field in fields(cls) if field.default is MISSING]
        lacking = [name for name in needed if name not in members]
        if lacking:
            raise BadRecipe(f"{lacking[0]} is missing")
        try:
            return cls(**{name: _READERS[name](value) for name, value in members.items()})
        except BadRecipe:
            raise
        except (TypeError, ValueError, OverflowError) as error:
            raise BadRecipe(str(error)) from error


def _members(text: str) -> dict[str, Any]:
    if len(text) > MAX_BYTES:
        raise BadRecipe(f"it has more than {MAX_BYTES} characters")
    try:
        members = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRecipe("it is not JSON") from error
    if not isinstance(members, dict):
        raise BadRecipe("it is not a JSON object")
    return members


def _escaped(match: re.Match[str]) -> str:
    """A character as JSON writes it in ASCII. Those it can hold beyond that are single units."""
    return f"\\u{ord(match[0]):04x}"


_Reader: TypeAlias = Callable[[Any], Any]


def _checked(kind: type, name: str) -> _Reader:
    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise BadRecipe(f"{value!r:.40} should be {name}")
        return value

    return read


_text = _checked(str, "a string")
_truth = _checked(bool, "true or false")


def _word(value: Any) -> str:
    """What may be shown on a terminal as it stands."""
    text = str(_text(value))
    if len(text) > _LONGEST_WORD or not text.isprintable():
        raise BadRecipe(f"{value!r:.40} should be a word of printable characters")
    return text


def _whole(least: int, most: int) -> _Reader:
    def read(value: Any) -> int:
        if type(value) is not int or not least <= value <= most:
            raise BadRecipe(f"{value!r:.40} should be a whole number within {least}..{most}")
        return value

    return read


def _number(value: Any) -> float:
    if type(value) not in (int, float) or not abs(value) <= _LARGEST_NUMBER:
        raise BadRecipe(f"{value!r:.40} should be a number")
    return float(value)


def _size(value: Any) -> Size:
    match = _SIZE.fullmatch(_text(value))
    if match is None or not all(0 < int(side) < _LONGEST_SIDE for side in match.groups()):
        raise BadRecipe(f"{value!r:.40} should be a size as in 512x512")
    return Size(int(match[1]), int(match[2]))


def _digest(value: Any) -> str:
    if _SHA256.fullmatch(_text(value)) is None:
        raise BadRecipe(f"{value!r:.40} should be 64 hexadecimal digits")
    return str(value)


def _digests(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > _MOST_INPUTS:
        raise BadRecipe(f"inputs should be a list of at most {_MOST_INPUTS} digests")
    return tuple(map(_digest, value))


_READERS: Mapping[str, _Reader] = MappingProxyType(
    {
        **dict.fromkeys(("seedbed", "model", "drawn_by", "sampler", "resample", "matte"), _word),
        **dict.fromkeys(("quality", "style", "fidelity"), _word),
        **dict.fromkeys(("prompt", "drawn_prompt", "negative_prompt"), _text),
        **dict.fromkeys(("adaptive", "label", "transparent", "mask_light"), _truth),
        **dict.fromkeys(("guidance", "guidance_scale"), _number),
        **dict.fromkeys(("size", "native"), _size),
        **dict.fromkeys(("weights", "mask"), _digest),
        "seed": _whole(0, 2**63 - 1),
        "steps": _whole(1, 10_000),
        "compression": _whole(0, 100),
        "inputs": _digests,
    }
)
