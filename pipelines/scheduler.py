"""Which parked calls run next. Pure policy: no torch, no clock, no thread.

Rule 1. Every request has one rank, in seconds; the smallest goes first. Between any two pieces of
        work the order is made anew, so preemption is free.
Rule 2. The first in rank always runs. Others with an equal key join while the tokens chosen so far
        are below the knee: beyond it they would only delay each other. Then those of other sizes
        join, if their model can mix them and it pays: all rows are filled up to the longest, and
        a joining one must cost less, beyond the knee, than its share of a step of its own kind.
Rule 3. A denoising step that leaves room below the knee first lets one newcomer encode, so that it
        can join; at the knee newcomers wait for their rank. At most `max_rows` are let in between
        two steps, so that an endless row of them cannot stop the drawing.
Rule 4. Auxiliary nets (ControlNet) go before the denoiser they feed, or their requests never meet.
Rule 5. A client that was served more than the least served one waits that many seconds longer.
Rule 6. Between two pieces of a language model's work something else has a turn, if there is
        anything: words are written for many pieces, and a drawing never waits for all of them.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pipelines.lanes import Lane


class Policy(StrEnum):
    """What rank means. Source of the trade-offs: simulation, see docs/decisions.md."""

    SRPT = "srpt"
    """Shortest remaining work first, with ageing: the best mean at a bounded tail."""
    EDF = "edf"
    """Earliest deadline, arrival plus three times the time alone: the most requests on time."""
    FCFS = "fcfs"
    """Arrival order."""


@dataclass(frozen=True, slots=True)
class Parked:
    """One request that waits for a call, in the scheduler's terms. Units: seconds, image tokens."""

    id: str
    lane: Lane
    key: Hashable
    """Calls with equal keys may share a forward."""
    tokens: float
    """Of all its calls together."""
    knee: float
    """Tokens that saturate the device in this call's model."""
    rows: int
    remaining_s: float
    isolated_s: float
    """Predicted seconds of the whole request, were it alone."""
    arrived_s: float
    client: str = ""
    priority_s: float = 0.0
    alone: bool = False
    auxiliary: bool = False
    mixed_key: Hashable | None = None
    """Calls with equal mixed keys may share a forward, filled up to the longest of them."""


class Scheduler:
    """Chooses the next piece of work and remembers who was served how much.

    `ageing` is the seconds of rank that a second of waiting is worth under SRPT: 0 gives the best
    mean and starves long jobs, 0.5 balances both when costs differ by about ten.
    """

    def __init__(
        self, policy: Policy = Policy.SRPT, ageing: float = 0.5, max_rows: int = 16
    ) -> None:
        self._policy = policy
        self._ageing = ageing
        self._max_rows = max_rows
        self._served: dict[str, float] = {}
        self._let_in = 0
        self._wrote = False
        """Whether the last piece of work was a language model's."""

    def next(self, parked: Sequence[Parked], now_s: float) -> tuple[str, ...]:
        """The ids whose calls run together now; empty when nothing is parked."""
        if not parked:
            return ()
        order = self._ranked(parked, now_s)
        if self._wrote:
            order.sort(key=lambda p: p.lane is Lane.WRITE)
        first = order[0]
        self._wrote = first.lane is Lane.WRITE
        if first.lane is not Lane.DENOISE:
            return (first.id,)
        group = self._group(order)
        newcomer = self._newcomer(order, group)
        if newcomer and self._let_in < self._max_rows:
            self._let_in += 1
            return (newcomer.id,)
        self._let_in = 0
        return tuple(member.id for member in group)

    def charge(self, client: str, seconds: float) -> None:
        """Book device time to a client, for fairness."""
        self._served[client] = self._served.get(client, 0.0) + seconds

    def arrive(self, client: str, active: Iterable[str]) -> None:
        """A client with nothing under way comes back: time it did not use is not saved up."""
        floor = min((self._served.get(other, 0.0) for other in active), default=0.0)
        self._served[client] = max(self._served.get(client, 0.0), floor)

    def _ranked(self, parked: Sequence[Parked], now_s: float) -> list[Parked]:
        served = {client: self._served.get(client, 0.0) for client in {p.client for p in parked}}
        least = min(served.values())

        def rank(p: Parked) -> tuple[float, float, str]:
            behind = served[p.client] - least - p.priority_s
            # The id settles ties, so that the order depends on nothing but the values.
            return self._base_rank(p, now_s) + behind, p.arrived_s, p.id

        return sorted(parked, key=rank)

    def _base_rank(self, p: Parked, now_s: float) -> float:
        match self._policy:
            case Policy.SRPT:
                return p.remaining_s - self._ageing * (now_s - p.arrived_s)
            case Policy.EDF:
                return p.arrived_s + 3 * p.isolated_s
            case Policy.FCFS:
                return p.arrived_s

    def _group(self, order: Sequence[Parked]) -> list[Parked]:
        first = next((p for p in order if p.auxiliary), order[0])
        group, tokens, rows = [first], first.tokens, first.rows
        if first.alone:
            return group
        for other in order:
            if tokens >= first.knee:
                break
            fits = rows + other.rows <= self._max_rows
            if other is first or other.alone or other.key != first.key or not fits:
                continue
            group.append(other)
            tokens += other.tokens
            rows += other.rows
        return self._with_other_sizes(group, order)

    def _with_other_sizes(self, group: list[Parked], order: Sequence[Parked]) -> list[Parked]:
        first = group[0]
        if first.mixed_key is None:
            return group
        rows, crowd = sum(member.rows for member in group), _tokens_by_key(order)
        filled = sum(member.tokens for member in group)
        for other in order:
            if filled >= first.knee:
                break
            strange = other.mixed_key != first.mixed_key or other.key == first.key
            if strange or other.alone or rows + other.rows > self._max_rows:
                continue
            longest = max(other.tokens, *(member.tokens for member in group))
            refilled = longest * (len(group) + 1)
            more = refilled - max(filled, first.knee)
            share = other.tokens / crowd[other.key]
            if more < share * max(crowd[other.key], first.knee):
                group.append(other)
                filled, rows = refilled, rows + other.rows
        return group

    def _newcomer(self, order: Sequence[Parked], group: Sequence[Parked]) -> Parked | None:
        first = group[0]
        if first.alone or sum(member.tokens for member in group) >= first.knee:
            return None
        return next((p for p in order if p.lane is Lane.ENCODE), None)


def _tokens_by_key(parked: Iterable[Parked]) -> Mapping[Hashable, float]:
    tokens: dict[Hashable, float] = {}
    for p in parked:
        tokens[p.key] = tokens.get(p.key, 0.0) + p.tokens
    return tokens
