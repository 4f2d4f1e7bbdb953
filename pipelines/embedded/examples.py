"""The denoiser's examples on its device: the shards that are finished, and more as they are."""

import torch

from pipelines.embedded.canvas import Frame
from pipelines.embedded.dataset import Shards
from pipelines.embedded.denoiser_training import Examples
from pipelines.embedded.tokenizer import token_ids


class ExamplePool:
    """Finished shards as examples, grouped by frame."""

    def __init__(self, shards: Shards, count: int, scale: float, device: torch.device) -> None:
        self._shards, self._count, self._scale, self._device = shards, count, scale, device
        self._empty = token_ids(shards.tokenizer, [""])[0].short().to(device)
        self._joined: set[int] = set()
        self._groups: dict[Frame, Examples] = {}

    @property
    def groups(self) -> list[Examples]:
        return list(self._groups.values())

    @property
    def pictures(self) -> int:
        return len(self._joined) * self._shards.size

    def join(self) -> None:
        """Take in the shards that were finished since the last time."""
        fresh: dict[Frame, list[int]] = {}
        for index in self._shards.complete(self._count):
            if index not in self._joined:
                fresh.setdefault(self._shards.frame(index), []).append(index)
        for frame, indices in fresh.items():
            self._groups[frame] = self._with(self._groups.get(frame), indices)
            self._joined.update(indices)

    def _with(self, group: Examples | None, indices: list[int]) -> Examples:
        latents = torch.cat([self._shards.latents(index) for index in indices])
        ids = torch.cat([self._shards.ids(index) for index in indices])
        latents, ids = latents.to(self._device).mul_(self._scale), ids.to(self._device)
        if group is not None:
            latents, ids = torch.cat([group.latents, latents]), torch.cat([group.ids, ids])
        return Examples(latents, ids, self._empty)


def unit_scale(shards: Shards) -> float:
    """The factor that gives latents unit spread."""
    first = shards.latents(shards.complete(1)[0]).float()
    return 1 / float(first.std((0, 2, 3)).square().mean().sqrt())
