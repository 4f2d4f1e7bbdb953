"""Reads the bytes of a body as one JSON object, and refuses what no honest client sends.

Refused: what is not UTF-8 or not JSON, NaN and numbers beyond a float, a name written twice,
nesting and lists without end, half characters and NUL in a text. Removed: null, which both vendors'
client libraries send for "not said". Knows no parameter by name.
"""

import json
import math
from typing import Any

from server.errors import MalformedBody

_MAX_DEPTH = 32
_MOST_VALUES = 50_000
"""Three bytes of body become a hundred of memory, and to read them all keeps others waiting."""
_MOST_DIGITS = 300
"""Of a whole number: a float has no more."""


def read_json(data: bytes) -> dict[str, Any]:
    """Return the object without its nulls. Raises: MalformedBody."""
    if data.count(b",") >= _MOST_VALUES:  # there are no more values than commas, and a few
        raise _malformed(f"It has more than {_MOST_VALUES} values or commas.")
    try:
        value = json.loads(
            data.decode("utf-8-sig"),  # some clients put a byte order mark in front
            object_pairs_hook=_object,
            parse_int=_whole,
            parse_float=_finite,
            parse_constant=_no_constant,
        )
    except UnicodeDecodeError:
        raise _malformed("It is not UTF-8.") from None
    except RecursionError:
        raise _malformed("It is nested too deeply.") from None
    except ValueError as error:
        raise _malformed(_reason(error)) from None
    if not isinstance(value, dict):
        raise _malformed("It must be a JSON object.")
    cleaned: dict[str, Any] = _without_nulls(value, _MAX_DEPTH)
    return cleaned


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("A name is written twice.")
    return members


def _whole(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError("A number is too large.")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("A number is too large.")
    return number


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON.")


def _without_nulls(value: Any, depth: int) -> Any:
    if depth == 0:
        raise _malformed("It is nested too deeply.")
    match value:
        case str():
            _check_text(value)
        case list():
            return [_without_nulls(item, depth - 1) for item in value]
        case dict():
            for name in value:
                _check_text(name)
            return {
                name: _without_nulls(item, depth - 1)
                for name, item in value.items()
                if item is not None
            }
    return value


def _check_text(text: str) -> None:
    if fault := fault_of(text):
        raise _malformed(fault)


def fault_of(text: str) -> str | None:
    """What is wrong with a text that no honest client sends; None when nothing is."""
    if "\0" in text:
        return "A text holds the character NUL."
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "A text holds half a character (a lone surrogate)."
    return None


def _reason(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}, column {error.colno}."
    return str(error)


def _malformed(reason: str) -> MalformedBody:
    return MalformedBody(f"We could not parse the JSON body of your request. {reason}")
