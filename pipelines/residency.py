"""Which models stay on a device when not all fit. Pure policy: no torch, no clock, no device.

Rule 1. What fits is loaded and nothing leaves for it.
Rule 2. A model with requests under way does not leave. Among the others the cheapest to miss goes
        first: seconds to load it again times how often it was wanted lately.
Rule 3. When every model in the way is at work, those that have stayed long enough take no new
        request and drain; then they leave. So alternating traffic changes models once per stay,
        not once per request, and nobody waits for ever.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Held:
    """A model on the device. Units: bytes, seconds."""

    name: str
    size_bytes: int
    loaded_s: float
    """When it came, on the engine's clock."""
    load_took_s: float
    uses_per_s: float
    """How often it was wanted lately."""
    at_work: bool

    @property
    def worth(self) -> float:
        """What missing it would cost: seconds of loading per second."""
        return self.load_took_s * self.uses_per_s


@dataclass(frozen=True, slots=True)
class Leave:
    """Load now, after these have left."""

    leaving: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """Not yet; meanwhile these take no new requests."""

    draining: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Residency:
    """The policy of one device."""

    budget_bytes: int | None = None
    """Bytes for weights; None where memory is not to be counted."""
    min_stay_s: float = 20.0

    def fits_at_all(self, size_bytes: int) -> bool:
        return self.budget_bytes is None or size_bytes <= self.budget_bytes

    def make_room(self, size_bytes: int, held: Sequence[Held], now_s: float) -> Leave | Wait:
        """What has to happen before `size_bytes` more can be loaded."""
        if self.budget_bytes is None:
            return Leave(())
        missing = size_bytes + sum(model.size_bytes for model in held) - self.budget_bytes
        by_worth = sorted(held, key=lambda model: (model.worth, model.name))
        leaving, missing = _take([m for m in by_worth if not m.at_work], missing)
        if missing <= 0:
            return Leave(leaving)
        ripe = [m for m in by_worth if m.at_work and now_s - m.loaded_s >= self.min_stay_s]
        draining, missing = _take(ripe, missing)
        return Wait(draining if missing <= 0 else ())


def _take(models: Sequence[Held], missing: int) -> tuple[tuple[str, ...], int]:
    """Models in order until nothing is missing any more, and what is missing then."""
    taken = []
    for model in models:
        if missing <= 0:
            break
        taken.append(model.name)
        missing -= model.size_bytes
    return tuple(taken), missing
