"""Words for describing answers in JSON Schema, for the description: nothing is checked by it."""

from collections.abc import Mapping
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]

ANYTHING: Schema = {}
TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
YES_OR_NO: Schema = {"type": "boolean"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
NULL: Schema = {"type": "null"}
SECONDS_SINCE_1970: Schema = {"type": "integer", "description": "seconds since 1970"}


def record(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """An object with these members, some of which may be missing. It may have more."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
    }


def listed(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def only(word: str) -> Schema:
    return {"const": word}


def one_of(*words: str) -> Schema:
    return {"enum": list(words)}


def page_of(items: Schema) -> Schema:
    """A list as the OpenAI dialect wraps it."""
    return record({"object": only("list"), "data": listed(items)})
