"""Reads what a JSON body says of pictures: an address, or several. Pure; fetches nothing."""

from typing import Any

from pydantic import Field

from pipelines.errors import WrongType
from server.draft import Reference
from server.http.body import json_type

PICTURES: Any = Field(
    None,
    description="https:// or data:image/...;base64, addresses of the pictures to begin from",
    json_schema_extra={
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
    },
)
"""How a body declares one picture or several."""


def said_references(value: Any, name: str = "image") -> tuple[Reference, ...]:
    """Return what the value points at; null and an empty array mean: nothing.

    Raises: WrongType.
    """
    if value is None:
        return ()
    if isinstance(value, str):
        return (Reference(value, name),)
    if not isinstance(value, list):
        raise WrongType(
            f"expected a string or an array of strings, but got {json_type(value)} instead.", name
        )
    return tuple(said_reference(item, f"{name}[{index}]") for index, item in enumerate(value))


def said_reference(value: Any, name: str) -> Reference:
    """Return what the value points at. Raises: WrongType."""
    if not isinstance(value, str):
        raise WrongType(f"expected a string, but got {json_type(value)} instead.", name)
    return Reference(value, name)
