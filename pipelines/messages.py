"""What crosses the pipe between the API process and a worker. Frozen values and nothing else.

Pixels do not travel in the message: `Done` is followed by the descriptor of an anonymous file
that holds them (`pipelines.pixelpipe`), so that a 4096 x 4096 picture costs no copy through a pipe.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

from pipelines.catalog import StandIn, family_of
from pipelines.cost import StepCost
from pipelines.errors import GenerationError
from pipelines.options import EngineOptions
from pipelines.types import Bitmap, ImageRequest, Size


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """What a worker is made for. It is the first thing that crosses the pipe."""

    stand_ins: tuple[StandIn, ...]
    """Loaded in this order before the worker is ready."""
    options: EngineOptions = field(default_factory=EngineOptions)
    engine: str = "pipelines.build:build_engine"
    """The function that builds the engine, as module:name, so that the API process names it
    without importing torch."""

    @property
    def models(self) -> frozenset[str]:
        return frozenset(stand_in.name for stand_in in self.stand_ins)

    def step_tokens(self, request: ImageRequest) -> float:
        """Image tokens of one of a request's steps, those of its references included."""
        stand_in = next(one for one in self.stand_ins if one.name == request.model)
        return family_of(stand_in).abilities.step_tokens(request)


@dataclass(frozen=True, slots=True)
class Submit:
    request: ImageRequest


@dataclass(frozen=True, slots=True)
class Cancel:
    request_id: str


@dataclass(frozen=True, slots=True)
class Shutdown:
    """Answer what was accepted, then leave."""


ToWorker: TypeAlias = Submit | Cancel | Shutdown


@dataclass(frozen=True, slots=True)
class Loading:
    """A model is on its way onto the device. Units: bytes, seconds."""

    model: str
    done_bytes: int = 0
    total_bytes: int = 0
    """0 where it is not known."""
    left_s: float | None = None
    """Predicted; None until something has arrived."""

    def __str__(self) -> str:
        if not self.total_bytes:
            return self.model
        unit, name = (2**30, "GiB") if self.total_bytes >= 2**30 else (2**20, "MiB")
        done, total = self.done_bytes / unit, self.total_bytes / unit
        left = "" if self.left_s is None else f", about {self.left_s:.0f} s left"
        return f"{self.model}: {done:.1f} of {total:.1f} {name}{left}"


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker can draw: its models are loaded and one warm-up has run."""

    device: str
    costs: tuple[tuple[str, StepCost], ...]
    """Measured cost of a step, per resident model."""
    absent: tuple[tuple[str, float], ...] = ()
    """Models that come with their first request, and the seconds that their loading will take."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A model that was absent is on the device now; this is what its steps cost."""

    model: str
    cost: StepCost


@dataclass(frozen=True, slots=True)
class Departed:
    """A model left the device for another one; to bring it back will take so many seconds."""

    model: str
    load_s: float


@dataclass(frozen=True, slots=True)
class Broken:
    """The worker cannot serve and leaves; the error says why."""

    error: GenerationError


@dataclass(frozen=True, slots=True)
class Progress:
    request_id: str
    step: int
    steps: int
    eta_s: float


@dataclass(frozen=True, slots=True)
class Preview:
    """What a picture looks like so far: cheap, small, and only when the request asked for it."""

    request_id: str
    step: int
    steps: int
    bitmap: Bitmap


@dataclass(frozen=True, slots=True)
class Worded:
    """What a request that wanted other words is drawn from; said before its first step."""

    request_id: str
    prompt: str
    why: str = ""
    """In a word, why these are not a language model's words, if they are not."""


News: TypeAlias = Progress | Preview | Worded
"""What is heard of a picture on its way."""


@dataclass(frozen=True, slots=True)
class Done:
    """The picture is finished. The pixels' descriptor follows on the same pipe."""

    request_id: str
    size: Size
    channels: int = 3
    """4 with alpha."""


@dataclass(frozen=True, slots=True)
class Failed:
    request_id: str
    error: GenerationError


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The engine loop came round once more: the worker is not stuck in one call."""


FromWorker: TypeAlias = (
    Loading
    | Ready
    | Arrived
    | Departed
    | Broken
    | Progress
    | Preview
    | Worded
    | Done
    | Failed
    | Heartbeat
)
