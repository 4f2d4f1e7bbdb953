"""How long a worker may be silent. Pure: the time is an argument.

Loading is patient, at the start and when a model comes with its first request; an idle worker owes
no word, and one with work in hand must be heard of within `hang_s`, or within ten of its own
predicted steps where those take longer.
"""

from collections.abc import Callable

from pipelines.cost import UNMEASURED, StepCost
from pipelines.messages import (
    Arrived,
    Done,
    Failed,
    FromWorker,
    Loading,
    Ready,
    Submit,
    ToWorker,
)
from pipelines.types import ImageRequest

STEPS_OF_PATIENCE = 10


class Watchdog:
    """One life of one worker. Units: seconds on one monotonic clock."""

    def __init__(
        self,
        step_tokens: Callable[[ImageRequest], float],
        hang_s: float,
        load_s: float,
        now_s: float,
    ) -> None:
        self._step_tokens = step_tokens
        self._hang_s = hang_s
        self._load_s = load_s
        self._heard_s = now_s
        self._step_s: dict[str, float] = {}
        """Predicted seconds of a step of each request in hand."""
        self._costs: dict[str, StepCost] = {}
        self._loading = True
        self.ready = False

    def said(self, message: ToWorker, now_s: float) -> None:
        """Note what the worker was told. Work given to a busy worker buys it no time."""
        if isinstance(message, Submit):
            if not self._step_s:
                self._heard_s = now_s
            request = message.request
            cost = self._costs.get(request.model, UNMEASURED)
            self._step_s[request.id] = cost.step_s(self._step_tokens(request))

    def heard(self, message: FromWorker, now_s: float) -> None:
        """Note a sign of life."""
        self._heard_s = now_s
        self._loading = isinstance(message, Loading) or not (
            self.ready or isinstance(message, Ready)
        )
        match message:
            case Ready(costs=costs):
                self.ready = True
                self._costs = dict(costs)
            case Arrived(model, cost):
                self._costs[model] = cost
            case Done(request_id=request_id) | Failed(request_id=request_id):
                self._step_s.pop(request_id, None)

    def patience_s(self, now_s: float) -> float | None:
        """Seconds until the worker must be taken for stuck; None while it owes nothing."""
        if self._loading:
            allowed_s = self._load_s
        elif self._step_s:
            allowed_s = max(self._hang_s, STEPS_OF_PATIENCE * sum(self._step_s.values()))
        else:
            return None
        return max(0.0, self._heard_s + allowed_s - now_s)
