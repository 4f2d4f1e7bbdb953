"""Reads TOML tables strictly: every value has the type asked for, and no name is left over."""

import tomllib
from collections.abc import Mapping
from typing import Any, TypeVar

from pipelines.weights.errors import LockBroken

_T = TypeVar("_T")
_CALLED = {str: "a text", int: "a whole number", bool: "true or false", list: "a list"}


def parse(text: str, where: str) -> dict[str, Any]:
    """Raises: LockBroken: when it is no TOML."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # huge numbers and deep lists too
        raise LockBroken(f"{where} is not TOML: {error}") from error


class Table:
    """One table that is being read; what was not taken in the end is an unknown name."""

    def __init__(self, values: object, where: str) -> None:
        if not isinstance(values, Mapping):
            raise LockBroken(f"{where} must be a table")
        self.where = where
        self._left = dict(values)

    def take(self, name: str, kind: type[_T]) -> _T:
        """Raises: LockBroken: when it is missing or of another type."""
        value = self.take_or(name, kind, None)
        if value is None:
            raise LockBroken(f"{self.where}: {name} is missing")
        return value

    def take_or(self, name: str, kind: type[_T], otherwise: _T | None) -> _T | None:
        """Raises: LockBroken: when it is of another type."""
        value = self._left.pop(name, None)
        if value is None:
            return otherwise
        if type(value) is not kind:
            raise LockBroken(f"{self.where}: {name} must be {_CALLED[kind]}")
        return value

    def take_texts(self, name: str) -> tuple[str, ...]:
        """A list of texts, empty where it is missing. Raises: LockBroken."""
        values = self.take_or(name, list, []) or []
        if not all(isinstance(value, str) for value in values):
            raise LockBroken(f"{self.where}: {name} must be a list of texts")
        return tuple(values)

    def end(self) -> None:
        """Raises: LockBroken: for names nobody asked for."""
        if self._left:
            names = ", ".join(sorted(map(repr, self._left)))
            raise LockBroken(f"{self.where}: unknown name {names}")
