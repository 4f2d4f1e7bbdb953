"""What happens to a call on its way, in the order in which a caller may hear of it.

Frozen values; knows no dialect, no fleet and no HTTP.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from pipelines.messages import Progress, Worded
from pipelines.types import Picture
from server.disclosure import rewriting_told
from server.plan import Plan
from server.provenance.publishing import Provenance, told


@dataclass(frozen=True, slots=True)
class Step:
    """One denoising step of the index-th picture is done."""

    index: int
    progress: Progress


@dataclass(frozen=True, slots=True)
class Previewed:
    """What the index-th picture looks like so far: rough, but of the right size and format."""

    index: int
    number: int
    """Which of its previews this is, from 0; they come in this order, and some may be left out."""
    picture: Picture
    created: int
    """Seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The index-th picture, ready to be handed over; `name` is None when it was not stored."""

    index: int
    picture: Picture
    name: str | None
    created: int
    """Seconds since 1970."""
    provenance: Provenance
    """Its id, and the marks that it bears."""
    worded: Worded | None = None
    """What it was drawn from, where a language model was asked for other words."""

    def drawn_from(self, plan: Plan) -> str:
        """The words that this picture is of."""
        return plan.prompt if self.worded is None else self.worded.prompt


@dataclass(frozen=True, slots=True)
class Failed:
    """There will be no index-th picture, and the call goes on without it."""

    index: int
    error: Exception
    created: int
    """Seconds since 1970."""


Event: TypeAlias = Step | Previewed | Finished | Failed
Listener: TypeAlias = Callable[[Event], None]
"""Hears what happens to a drawing, always on the event loop."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Everything a dialect may want to say about a finished call."""

    plan: Plan
    pictures: tuple[Finished, ...]
    failures: tuple[Failed, ...]
    """Those pictures of the call that failed by themselves; those it gave up are in neither."""
    created: int
    """Seconds since 1970."""

    @property
    def facts(self) -> Mapping[str, str]:
        """The plan's, the pictures' marks, and what became of the wish for other words."""
        marks = told([one.provenance for one in self.pictures])
        facts = {**self.plan.facts, "provenance": marks}
        worded = next((one.worded for one in self.pictures if one.worded is not None), None)
        if worded is None:
            return facts
        return rewriting_told(facts, self.plan.requests[0], worded)
