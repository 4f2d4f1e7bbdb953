"""How an engine draws: plain values that the API process fills in and a worker reads."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from pipelines.companions import Companions
from pipelines.scheduler import Policy


class StepCaching(StrEnum):
    """Whether denoiser forwards may be left out where their output can be predicted."""

    OFF = "off"
    VELOCITY = "velocity"


class Storage(StrEnum):
    """In which form denoisers' weights are kept."""

    NATIVE = "native"
    FP8 = "fp8"


class Offload(StrEnum):
    """Which weights wait in host memory until they are needed."""

    NONE = "none"
    MODEL = "model"
    """All components but the one at work."""
    LAYERS = "layers"
    """All layers but the one at work and the next."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What looks at pictures before they leave."""

    folder: Path
    """Of an image classifier."""
    threshold: float = 0.5
    """From which certainty on a picture is refused, 0 to 1."""


@dataclass(frozen=True, slots=True)
class TextModels:
    """The language models beside those that draw: folders of transformers."""

    rewriter: Path | None = None
    """Puts prompts into other words when a caller asks for it."""
    rewriter_s: float = 20.0
    """Seconds of the device that one prompt may take."""
    classifier: Path | None = None
    """Judges every prompt before it is drawn."""
    allowed: frozenset[str] = frozenset()
    """Categories of the classifier that are drawn all the same."""


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What an operator may set about one device."""

    device: str = "auto"
    """In torch's words ("cpu", "cuda:1"); auto takes CUDA, then Apple's GPU, then the CPU."""
    threads: int | None = None
    """CPU threads of one forward; None takes one where more do not pay, by measurement."""
    policy: Policy = Policy.SRPT
    ageing: float = 0.5
    """Seconds of rank that a second of waiting is worth, under SRPT."""
    max_rows: int = 16
    """Rows that share a forward at most."""
    memory_bytes: int | None = None
    """For weights; None takes four fifths of a GPU's memory, and counts nothing on a CPU."""
    max_megapixels: float | None = None
    """Largest picture that is drawn; None takes whatever a GPU's memory was measured to take."""
    min_stay_s: float = 20.0
    """How long a model that is at work stays before it drains for another one."""
    storage: Storage = Storage.NATIVE
    """Fp8 halves a denoiser's weights, and pictures are not quite the same."""
    offload: Offload = Offload.NONE
    """For models larger than the device's memory; slower, and pictures stay the same."""
    step_cache: StepCaching = StepCaching.OFF
    """Faster at 20 steps and more, and pictures are not quite the same."""
    companions: Companions = field(default_factory=Companions)
    """Networks for what comes after drawing."""
    inspection: Inspection | None = None
    """Without it no picture is looked at."""
    texts: TextModels = field(default_factory=TextModels)
    cost_file: Path | None = None
    """Where measured step costs are kept between starts."""

    @property
    def beside(self) -> tuple[str, ...]:
        """What is loaded beside the models that draw, by what it does."""
        wanted = {
            "upscaler": self.companions.upscalers,
            "matting": self.companions.matting,
            "rewriter": self.texts.rewriter,
            "text_classifier": self.texts.classifier,
            "image_classifier": self.inspection,
        }
        return tuple(name for name, network in wanted.items() if network)
