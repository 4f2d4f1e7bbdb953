"""Where a worker's models are: on its device, on their way, or to come with their first request.

Kept from what the worker says. Pure: no process and no clock.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from pipelines.messages import Loading

Whereabouts: TypeAlias = Literal["resident", "loading", "absent"]


@dataclass(frozen=True, slots=True)
class Presence:
    """One model of one worker. Units: bytes, seconds."""

    model: str
    state: Whereabouts = "absent"
    size_bytes: int = 0
    """Of its weights; 0 until it was loaded once."""
    done_bytes: int = 0
    """Of those that are on their way."""
    load_s: float | None = None
    """Predicted seconds of loading, or what is left of them; None where nothing is known."""


@dataclass(frozen=True, slots=True)
class WorkerView:
    """One worker and its models."""

    number: int
    device: str
    """In torch's name; empty until it was ready once."""
    ready: bool
    reason: str
    """Why it cannot draw; empty when it can."""
    models: tuple[Presence, ...]
    beside: tuple[str, ...] = ()
    """What is loaded beside them, by what it does; all of it is there once the worker is ready."""


class Presences:
    """All models of one worker."""

    def __init__(self, models: Iterable[str]) -> None:
        self._known = {model: Presence(model) for model in sorted(models)}

    @property
    def all(self) -> tuple[Presence, ...]:
        return tuple(self._known.values())

    def loading(self, news: Loading) -> None:
        """The worker says how far a model has come."""
        size_bytes = news.total_bytes or self._of(news.model).size_bytes
        self._known[news.model] = Presence(
            news.model, "loading", size_bytes, news.done_bytes, news.left_s
        )

    def arrived(self, model: str) -> None:
        self._known[model] = replace(self._of(model), state="resident", done_bytes=0, load_s=None)

    def departed(self, model: str, load_s: float | None = None) -> None:
        self._known[model] = replace(self._of(model), state="absent", done_bytes=0, load_s=load_s)

    def lost(self) -> None:
        """The worker died, and its models with it."""
        for model in self._known:
            self.departed(model)

    def _of(self, model: str) -> Presence:
        return self._known.get(model, Presence(model))
