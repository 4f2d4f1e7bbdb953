"""The common ground of all dialects' bodies: strict types, foreign names noted, our own errors.

A dialect declares its body as a subclass of `Body`. Knows no parameter by name.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from pipelines.errors import MissingParameter, RequestError, UnsupportedValue, WrongType

_EXPECTED = {
    "string_type": "a string",
    "int_type": "an integer",
    "float_type": "a number",
    "bool_type": "a boolean",
    "list_type": "an array",
    "model_type": "an object",
    "dict_type": "an object",
}
_GOT: tuple[tuple[type, str], ...] = (
    (bool, "a boolean"),
    (str, "a string"),
    (int, "an integer"),
    (float, "a number"),
    (list, "an array"),
    (dict, "an object"),
)


class Body(BaseModel):
    """A body or a part of one. "12", true and 1.5 are not integers here."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True, allow_inf_nan=False)

    @classmethod
    def read(cls, members: dict[str, Any]) -> Self:
        """Raises: RequestError: naming the first parameter that is wrong."""
        try:
            return cls.model_validate(members)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=True)[0]
            raise _request_error(dict(first)) from None

    def foreign_names(self) -> tuple[str, ...]:
        """The names in this body, at any depth of its known parts, that mean nothing here."""
        return tuple(self._foreign_names(""))

    def _foreign_names(self, prefix: str) -> Iterator[str]:
        for name in self.model_extra or {}:
            yield prefix + name
        for name in type(self).model_fields:
            part = getattr(self, name)
            if isinstance(part, Body):
                yield from part._foreign_names(f"{prefix}{name}.")
            elif isinstance(part, list):
                for index, item in enumerate(part):
                    if isinstance(item, Body):
                        yield from item._foreign_names(f"{prefix}{name}[{index}].")

    def said(self, *names: str) -> tuple[str, ...]:
        """Those of the names that the caller wrote."""
        return tuple(name for name in names if name in self.model_fields_set)


def _request_error(fault: dict[str, Any]) -> RequestError:
    param = _param(fault["loc"])
    kind, value = fault["type"], fault["input"]
    if kind == "missing":
        return MissingParameter("It is required.", param)
    if kind == "literal_error" and isinstance(value, str):
        choices = fault["ctx"]["expected"]
        return UnsupportedValue(f"'{value[:40]}'. Supported values are: {choices}.", param)
    expected = "a string" if kind == "literal_error" else _EXPECTED.get(kind)
    if expected is None:
        return WrongType(f"{fault['msg']}.", param)
    return WrongType(f"expected {expected}, but got {json_type(value)} instead.", param)


def _param(location: Sequence[int | str]) -> str:
    """Write a place in the body as callers do: options.images[0]."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def json_type(value: object) -> str:
    """What a caller would call the value: a string, an array."""
    return next((name for kind, name in _GOT if isinstance(value, kind)), "something else")
