"""What becomes of a parameter: said in a table, and shown by calls that a test makes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType, UnionType
from typing import Any, Literal, TypeAlias, Union, get_args, get_origin

from server.http.body import Body
from tests.server.conformance.calls import data_url, png

Verdict: TypeAlias = Literal["honoured", "refused", "without effect"]
Members: TypeAlias = Mapping[str, Any]

PICTURE = data_url(png(64, 64))
OTHER_PICTURE = data_url(png(64, 64, (20, 160, 60)))
MASK = data_url(png(64, 64, (0, 0, 0, 0)))
"""Transparent everywhere: all is drawn anew."""

_WORDS: Mapping[object, str] = MappingProxyType(
    {str: "text", int: "integer", float: "number", bool: "`true` `false`", Any: "picture"}
)


@dataclass(frozen=True)
class Probe:
    """A value, and what a call with it shows."""

    verdict: Verdict
    value: Any
    beside: Members = field(default_factory=dict)
    """What else is said, in the call with the value and in the one without; None: not said."""
    where: str = ""
    """For which models, or beside what, the verdict holds; empty: everywhere else."""
    instead_of: str = ""
    """What is not said in the call with the value."""


@dataclass(frozen=True)
class Parameter:
    """One row of a table."""

    name: str
    text: str
    """Default, range, and why it is so."""
    probes: tuple[Probe, ...]
    wrong: Any
    """A value that is refused by name."""
    wrong_beside: Members = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """All parameters of one path."""

    path: str
    body: type[Body]
    base: Members
    """A call that is drawn, and cheaply."""
    parameters: tuple[Parameter, ...]

    def markdown(self) -> str:
        rows = ["| parameter | value | what becomes of it | notes |", "|---|---|---|---|"]
        for one in self.parameters:
            kind = kind_of(self.body.model_fields[one.name].annotation)
            rows.append(f"| `{one.name}` | {kind} | {verdicts(one.probes)} | {one.text} |")
        return "\n".join(rows)


def parameter(
    name: str, text: str, *probes: Probe, wrong: Any, wrong_beside: Members | None = None
) -> Parameter:
    return Parameter(name, text, probes, wrong, wrong_beside or {})


def honoured(value: Any, where: str = "", **beside: Any) -> Probe:
    return Probe("honoured", value, beside, where)


def idle(value: Any, where: str = "", **beside: Any) -> Probe:
    return Probe("without effect", value, beside, where)


def refused(value: Any, where: str = "", **beside: Any) -> Probe:
    return Probe("refused", value, beside, where)


def verdicts(probes: tuple[Probe, ...]) -> str:
    return "; ".join(f"{one.verdict}{f' {one.where}' if one.where else ''}" for one in probes)


def kind_of(annotation: Any) -> str:
    """A type as a reader of the table knows it."""
    if get_origin(annotation) in (Union, UnionType):
        parts = [kind_of(part) for part in get_args(annotation) if part is not type(None)]
        return " or ".join(parts)
    if get_origin(annotation) is Literal:
        return " ".join(f"`{word}`" for word in get_args(annotation))
    if get_origin(annotation) is list:
        return "array"
    if annotation in _WORDS:
        return _WORDS[annotation]
    return "object"
