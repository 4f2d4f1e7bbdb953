"""Which open-weight stand-in draws for a model name, and what a worker has to read for it.

The contract of a named model (its sizes, its prompt length) is `server.contract`'s; here are the
weights that answer for it. Which stand-ins a tier of hardware has is `pipelines.tiers`' business.
Knows no torch: the API process plans with it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from pipelines.families import family
from pipelines.families.base import Quality
from pipelines.families.recipe import Recipe
from pipelines.tiers import Tier
from pipelines.weights import own
from pipelines.weights.digest import digest_of

EMBEDDED_WEIGHTS = Path(__file__).parent / "embedded" / "weights"


@dataclass(frozen=True, slots=True)
class LoRA:
    """Weights that are added to a pipeline's own, once, when it is loaded."""

    file: Path
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class StandIn:
    """Weights that can draw, and the family that knows how to call them."""

    name: str
    family: str
    folder: Path
    """A diffusers pipeline."""
    licence: str
    commercial: bool = True
    """Whether what it draws may be sold without asking anybody."""
    gated: bool = False
    """Whether its makers want something signed before they hand it out."""
    file: Path | None = None
    """A single file whose weights take the place of the folder's."""
    loras: tuple[LoRA, ...] = ()
    noise: tuple[tuple[str, float | str | bool | None], ...] = ()
    """What its noise schedule is set to in place of the folder's values."""
    steps: int | None = None
    """How many a picture takes, of whatever quality, in place of its family's numbers."""
    guidance: float | None = None
    """What it is guided with when nothing was said, in place of its family's value."""
    digest: str = ""
    """Of all its files, 64 hexadecimal digits; empty where nobody has hashed them."""
    sampler: str = ""
    """The diffusers class of its noise schedule, where its folder was asked."""


def family_of(stand_in: StandIn) -> Recipe:
    """The family of a stand-in, with the stand-in's own numbers."""
    return family(stand_in.family).tuned(stand_in.steps, stand_in.guidance)


EMBEDDED = StandIn(
    "embedded",
    family="embedded",
    folder=EMBEDDED_WEIGHTS,
    licence="Apache-2.0",
    digest=digest_of(own.EMBEDDED.files),
    sampler="DPMSolverMultistepScheduler",
)

Ladder = Mapping[Quality, tuple[StandIn, ...]]
"""Stand-ins by quality, in order of preference."""


@dataclass(frozen=True, slots=True)
class Drawers:
    """Who draws for one model name."""

    generate: Ladder
    edit: Ladder

    def choose(self, quality: Quality, references: int) -> StandIn:
        """The first choice that can begin from so many pictures, else the one that takes most."""
        if not references:
            return self.generate[quality][0]
        able = [(family_of(one).abilities.references, one) for one in self.edit[quality]]
        enough = (one for most, one in able if most >= references)
        return next(enough, max(able, key=lambda each: each[0])[1])

    def __iter__(self) -> Iterator[StandIn]:
        """Every choice, as often as it is one."""
        for ladder in (self.generate, self.edit):
            for quality in ladder:
                yield from ladder[quality]


def always_by(*stand_ins: StandIn) -> Drawers:
    """The same choices at every quality, for words and for pictures."""
    ladder: Ladder = MappingProxyType({"low": stand_ins, "standard": stand_ins, "high": stand_ins})
    return Drawers(ladder, ladder)


@dataclass(frozen=True, slots=True)
class Catalog:
    """The stand-ins of this machine."""

    default: Drawers
    """Who answers for every name without its own."""
    by_model: Mapping[str, Drawers] = field(default_factory=dict)
    contracts: Mapping[str, str] = field(default_factory=dict)
    """Names that the operator added, and the named model whose contract each has."""
    tier: Tier = "embedded"
    """The hardware it was chosen for."""
    notes: tuple[str, ...] = ()
    """What an operator should know of how it was chosen."""

    def drawers(self, model: str) -> Drawers:
        """Who draws for a name."""
        return self.by_model.get(model, self.default)

    def stand_in(self, model: str, quality: Quality = "standard", references: int = 0) -> StandIn:
        """Who draws a picture of this quality for a name, from so many pictures."""
        return self.drawers(model).choose(quality, references)

    @property
    def stand_ins(self) -> tuple[StandIn, ...]:
        """Every stand-in once, the default ones first."""
        every = (self.default, *self.by_model.values())
        return tuple({one.name: one for drawers in every for one in drawers}.values())


def embedded_catalog() -> Catalog:
    """The catalogue of a machine without fetched weights."""
    return Catalog(default=always_by(EMBEDDED))
