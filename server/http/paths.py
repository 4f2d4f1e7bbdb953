"""What a path is, as plain data: which endpoint answers, and how /docs describes it.

Knows no framework; `server.app` wires it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from server.http.body import Body
from server.http.routing import Endpoint
from server.http.schema import ANYTHING, Schema

Parameters: TypeAlias = Mapping[str, Schema]
"""Name -> what it may be."""
Answers: TypeAlias = Mapping[str, Schema]
"""Media type -> what a successful answer looks like."""


def json_answer(schema: Schema) -> Answers:
    return {"application/json": schema}


_ANY_JSON = json_answer(ANYTHING)


@dataclass(frozen=True, slots=True)
class Path:
    """One path and method, for whoever wires them."""

    method: Literal["GET", "POST", "DELETE"]
    path: str
    endpoint: Endpoint
    summary: str
    answers: Answers = field(default_factory=lambda: _ANY_JSON)
    notes: str = ""
    """What the summary does not say."""
    query: Parameters | None = None
    body: type[Body] | None = None
    form: Schema | None = None
    unlike: Mapping[int, Schema] = field(default_factory=dict)
    """Statuses whose answer has not the shape of an error."""
