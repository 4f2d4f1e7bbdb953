"""What a dialect is: one wire format, from body to draft and from pictures to body.

The dialect is chosen by the path alone, never by a header or a model.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from server.draft import Customs, Draft
from server.events import Drawn, Event
from server.http.auth import Place
from server.plan import Plan

Json: TypeAlias = dict[str, Any]
Link: TypeAlias = Callable[[str], str]
"""The absolute address of a stored picture, by its name."""


@dataclass(frozen=True, slots=True)
class Call:
    """What an answer must know of its call beside the pictures."""

    request_id: str
    link: Link


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """A failed call in a dialect's own words."""

    status: int
    body: Json
    headers: Mapping[str, str] = field(default_factory=dict)


class Speech(Protocol):
    """How a call is said and answered: whole, or told in events."""

    customs: Customs
    closing: bytes
    """What the stream ends with, after its last event."""

    def draft(self, members: Json) -> Draft:
        """Raises: RequestError."""
        ...

    def render(self, drawn: Drawn, call: Call) -> Json:
        """The body of a successful call."""
        ...

    def render_event(self, event: Event, plan: Plan, call: Call) -> Json | None:
        """One event of a stream, with its `type`; None where this dialect has no word for it."""
        ...

    def render_end(self, drawn: Drawn) -> Json | None:
        """The event after the last picture; None where this dialect says nothing more."""
        ...


class Dialect(Speech, Protocol):
    """Knows a wire format; knows no model's rules and no drawing."""

    @property
    def key_places(self) -> Sequence[Place]:
        """Where a caller may put the key, in the order in which it is looked for."""
        ...

    def new_request_id(self) -> str:
        """A fresh id in the style that this dialect's callers expect."""
        ...

    def headers(self, elapsed_s: float) -> Mapping[str, str]:
        """What stands in every response, however it went."""
        ...

    def render_error(self, error: Exception, request_id: str) -> ErrorAnswer:
        """The answer to a failed call; nothing of a foreign exception's text is in it."""
        ...

    def render_break(self, error: Exception, request_id: str) -> Json:
        """The event that ends a stream when the call fails after it has begun."""
        ...


@dataclass(frozen=True, slots=True)
class Dialects:
    """The dialects of this server, by path."""

    default: Dialect
    by_prefix: Mapping[str, Dialect]

    def at(self, path: str) -> Dialect:
        """The dialect spoken at this path, whether or not anything is there."""
        for prefix, dialect in self.by_prefix.items():
            if path == prefix or path.startswith(f"{prefix}/"):
                return dialect
        return self.default
