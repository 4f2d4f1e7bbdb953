"""Which open-weight stand-in draws for a named model.

The contract of a named model (its sizes, its prompt length) is `server.named_models`; here are the
weights that answer for it. Until weights for larger tiers are fetched, the embedded model stands in
for every name.
"""

from dataclasses import dataclass
from pathlib import Path

EMBEDDED_WEIGHTS = Path(__file__).parent / "embedded" / "weights"


@dataclass(frozen=True, slots=True)
class StandIn:
    """Weights that can draw, and the family that knows how to call them."""

    name: str
    family: str
    folder: Path
    licence: str


EMBEDDED = StandIn("embedded", family="embedded", folder=EMBEDDED_WEIGHTS, licence="Apache-2.0")


@dataclass(frozen=True, slots=True)
class Catalog:
    """The stand-ins of this machine. `default` answers for every named model without its own."""

    default: StandIn
    by_model: dict[str, StandIn]

    def stand_in(self, model: str) -> StandIn:
        return self.by_model.get(model, self.default)

    @property
    def stand_ins(self) -> tuple[StandIn, ...]:
        """Every stand-in once, the default first."""
        return tuple({s.name: s for s in (self.default, *self.by_model.values())}.values())


def embedded_catalog() -> Catalog:
    """The catalogue of a machine without fetched weights."""
    return Catalog(default=EMBEDDED, by_model={})
