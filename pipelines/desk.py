"""What one worker has been given, and what it is given next. Pure: no process, no thread, no clock.

Rule 1. A worker is given everything at once, for its scheduler to choose from.
Rule 2. Except suspects: a request that was in hand when a worker died is drawn alone, before all
        others. If the worker dies again, it is known who did it, and nobody else was harmed.
"""

import math
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field

from pipelines.cost import UNMEASURED, StepCost
from pipelines.messages import Loading, News
from pipelines.presence import Presences
from pipelines.types import ImageRequest, Pixels

FATAL_DEATHS = 2
"""A request in whose hands this many workers died is not tried again."""


@dataclass(slots=True, eq=False)
class Ticket:
    """One accepted request and who is waiting for it."""

    number: int
    """Its place in the order of arrival."""
    request: ImageRequest
    tokens: float
    """Image tokens of one of its steps."""
    on_progress: Callable[[News], None] | None = None
    future: Future[Pixels] = field(default_factory=Future)
    step: int = 0
    deaths: int = 0
    cancelled: bool = False

    @property
    def suspect(self) -> bool:
        return self.deaths > 0

    @property
    def poison(self) -> bool:
        return self.deaths >= FATAL_DEATHS


class Desk:
    """One worker's requests: those that wait here and those it has in hand."""

    def __init__(self, models: frozenset[str]) -> None:
        self.models = models
        self.ready = False
        self.was_ready = False
        """Whether any of its lives could draw."""
        self.given_up = False
        self.reason = "is loading its models"
        """Why it cannot draw, to be read after "the worker"."""
        self.ready_in_s: float | None = None
        """Predicted, while it is loading; None where nobody knows."""
        self.device = ""
        """What the worker draws on, once it has said so."""
        self.presences = Presences(models)
        self._costs: dict[str, StepCost] = {}
        self._load_s: dict[str, float] = {}
        """Predicted seconds of loading, of the models that are not on the worker's device."""
        self._waiting: list[Ticket] = []
        self._in_hand: dict[str, Ticket] = {}

    @property
    def backlog_s(self) -> float:
        """Predicted seconds until all that is here is drawn, its models' loading included."""
        return self.ahead_s(-math.inf)

    def ahead_s(self, priority_s: float) -> float:
        """The same of what is here with this priority or a higher one: others let it pass."""
        by_model: dict[str, list[Ticket]] = {}
        for ticket in (*self._waiting, *self._in_hand.values()):
            if ticket.request.priority_s >= priority_s:
                by_model.setdefault(ticket.request.model, []).append(ticket)
        return sum(
            drain_s(self._costs.get(model, UNMEASURED), tickets) + self._load_s.get(model, 0.0)
            for model, tickets in by_model.items()
        )

    def wait_s(self, model: str) -> float:
        """Predicted seconds until a new request for a model would be begun."""
        tickets = (*self._waiting, *self._in_hand.values())
        coming = any(ticket.request.model == model for ticket in tickets)
        return self.backlog_s + (0.0 if coming else self._load_s.get(model, 0.0))

    def loading(self, message: Loading) -> None:
        """The worker is loading a model, and so far it is."""
        self.presences.loading(message)
        if not self.ready:
            self.reason = f"is loading {message}"
            self.ready_in_s = message.left_s

    def open(self, costs: dict[str, StepCost], absent: Iterable[tuple[str, float]] = ()) -> None:
        """The worker can draw, at these costs; its absent models take so long to be brought."""
        self._costs = costs
        self._load_s = dict(absent)
        for model in costs:
            self.presences.arrived(model)
        for model, load_s in self._load_s.items():
            self.presences.departed(model, load_s)
        self.ready = self.was_ready = True
        self.reason = ""

    def arrived(self, model: str, cost: StepCost) -> None:
        """The worker has brought a model."""
        self._costs[model] = cost
        self._load_s.pop(model, None)
        self.presences.arrived(model)

    def departed(self, model: str, load_s: float) -> None:
        """A model has left the worker's device."""
        self._load_s[model] = load_s
        self.presences.departed(model, load_s)

    def add(self, ticket: Ticket) -> None:
        """Put a request where its turn is: suspects first, then by arrival."""
        self._waiting.append(ticket)
        self._waiting.sort(key=lambda t: (not t.suspect, t.number))

    def hand_over(self) -> list[Ticket]:
        """Move into the worker's hands what it may have now, in order."""
        given: list[Ticket] = []
        while self.ready and self._waiting and self._may_join(self._waiting[0]):
            ticket = self._waiting.pop(0)
            self._in_hand[ticket.request.id] = ticket
            given.append(ticket)
        return given

    def holds(self, ticket: Ticket) -> bool:
        """Whether the worker has it in hand."""
        return ticket.request.id in self._in_hand

    def remove(self, ticket: Ticket) -> None:
        """Forget a request, if it is here."""
        self._in_hand.pop(ticket.request.id, None)
        if ticket in self._waiting:
            self._waiting.remove(ticket)

    def close(self, reason: str) -> list[Ticket]:
        """The worker died: give back all that was here, in order of arrival."""
        for ticket in self._in_hand.values():
            ticket.deaths += 1
            ticket.step = 0
        orphans = sorted([*self._in_hand.values(), *self._waiting], key=lambda t: t.number)
        self.ready = False
        self.reason = reason
        self.ready_in_s = None
        self.presences.lost()
        self._in_hand.clear()
        self._waiting.clear()
        return orphans

    def _may_join(self, ticket: Ticket) -> bool:
        if not self._in_hand:
            return True
        return not ticket.suspect and not any(t.suspect for t in self._in_hand.values())


def drain_s(cost: StepCost, tickets: Iterable[Ticket]) -> float:
    """Predict when these are all drawn, if those below the knee share their steps.

    A saturated device takes the sum of their work, an empty one as long as the longest of them.
    """
    left = [(t.tokens, max(0, t.request.steps - t.step)) for t in tickets]
    saturated_s = cost.s_per_token * sum(tokens * steps for tokens, steps in left)
    longest_s = max((cost.draw_s(tokens, steps) for tokens, steps in left), default=0.0)
    return max(saturated_s, longest_s)
