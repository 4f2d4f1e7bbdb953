"""What a path is, as plain data: which endpoint answers, and how /docs describes it.

Knows no framework; `server.app` wires it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from server.body import Body
from server.routing import Endpoint

Parameters: TypeAlias = Mapping[str, Mapping[str, Any]]
"""Name -> JSON schema."""


@dataclass(frozen=True, slots=True)
class Path:
    """One path and method, for whoever wires them."""

    method: Literal["GET", "POST", "DELETE"]
    path: str
    endpoint: Endpoint
    query: Parameters | None = None
    body: type[Body] | None = None
    form: Mapping[str, Any] | None = None
