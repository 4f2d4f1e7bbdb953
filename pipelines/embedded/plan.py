"""How much of everything a training does, how long it may take, and where it works."""

import math
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from rich.progress import Progress

from pipelines.embedded.dataset import SHARD, Shards
from pipelines.embedded.frames import SQUARE
from pipelines.embedded.rendering import Rendering
from pipelines.embedded.sheet import DOCUMENT_PROMPTS, OWN_PROMPTS
from pipelines.embedded.work_folder import WorkFolder


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of everything. The defaults are those of the shipped weights."""

    word_captions: int = 60_000
    reader_steps: int = 6000
    gate: float = 0.99
    gate_captions: int = 2000
    pixel_pictures: int = 1500
    decoder_steps: int = 4200
    decoder_pictures: int = 1500
    decoder_batch: int = 8
    pictures: int = 90_000
    shard: int = SHARD
    variants: int = 3
    channels: tuple[int, ...] = (80, 144, 224)
    batch: int = 128
    rate: float = 2e-3
    threads: int = 1
    denoiser_s: float = 88 * 60
    report_s: float = 600
    checkpoint_s: float = 120
    look_every: int = 20
    """Steps between two looks at the loss; a GPU should not be asked more often than that."""
    side: int = SQUARE.short
    workers: int = 1
    beside: bool = False
    """Whether pictures are rendered beside all that learns, rather than before the denoiser."""
    first_shards: int = 1
    """With how many finished shards the denoiser begins, when they are rendered beside it."""
    join_s: float = 60
    """How often those join in that were finished meanwhile."""
    evaluate: int = 0
    """Captions to draw and judge at the end."""
    sheet_prompts: tuple[str, ...] = DOCUMENT_PROMPTS + OWN_PROMPTS

    @property
    def shards(self) -> int:
        return -(-self.pictures // self.shard)

    def for_cuda(self) -> "Plan":
        """The same for a device a hundred times as fast: larger batches, pictures that join in by
        the few hundred, a report each minute. The networks stay: the size of the weights is what
        limits them, not the device."""
        return replace(
            self,
            batch=512,
            rate=3e-3,
            pictures=400_000,
            shard=256,
            first_shards=24,
            beside=True,
            join_s=5,
            denoiser_s=8 * 60,
            report_s=60,
            checkpoint_s=60,
        )


@dataclass(frozen=True, slots=True)
class Clock:
    """How long the whole command may take. Without an end every stage does all of its plan."""

    total_s: float = math.inf
    began: float = field(default_factory=time.monotonic)

    @property
    def endless(self) -> bool:
        return math.isinf(self.total_s)

    def left_s(self) -> float:
        return self.total_s - (time.monotonic() - self.began)


def _best_device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@dataclass(frozen=True, slots=True)
class Run:
    """A plan, the work folder, where progress is shown, and what else the command was asked for."""

    plan: Plan
    out: Path
    progress: Progress
    clock: Clock = field(default_factory=Clock)
    device: torch.device = field(default_factory=_best_device)
    carry_to: Path | None = None
    """Where what one needs of a run is left in files small enough to be carried away."""
    rendering: Rendering | None = None
    """What renders beside the stages."""

    @property
    def work(self) -> WorkFolder:
        return WorkFolder(self.out)

    @property
    def shards(self) -> Shards:
        plan = self.plan
        return Shards(
            self.out / "latents",
            self.work.pca(),
            self.work.vocabulary,
            size=plan.shard,
            variants=plan.variants,
            short_side=plan.side,
        )

    def log(self, text: str) -> None:
        self.progress.console.log(text)
