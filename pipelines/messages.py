"""What crosses the pipe between the API process and a worker. Frozen values and nothing else.

Pixels do not travel in the message: `Done` is followed by the descriptor of an anonymous file
that holds them (`pipelines.pixelpipe`), so that a 4096 x 4096 picture costs no copy through a pipe.
"""

from dataclasses import dataclass
from typing import TypeAlias

from pipelines.cost import StepCost
from pipelines.errors import GenerationError
from pipelines.types import ImageRequest, Size


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
    """A model is on its way onto the device."""

    model: str


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker can draw: its models are loaded and one warm-up has run."""

    device: str
    costs: tuple[tuple[str, StepCost], ...]
    """Measured cost of a step, per resident model."""


@dataclass(frozen=True, slots=True)
class Progress:
    request_id: str
    step: int
    steps: int
    eta_s: float


@dataclass(frozen=True, slots=True)
class Done:
    """The picture is finished. The pixels' descriptor follows on the same pipe."""

    request_id: str
    size: Size


@dataclass(frozen=True, slots=True)
class Failed:
    request_id: str
    error: GenerationError


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The engine loop came round once more: the worker is not stuck in one call."""


FromWorker: TypeAlias = Loading | Ready | Progress | Done | Failed | Heartbeat
