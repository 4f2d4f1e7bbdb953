"""The optimizer of the trainings: Muon for the matrices of hidden layers, AdamW for all else.

Against AdamW alone, of equal CPU time, the denoiser's loss fell further (held-out loss 0.682
against 0.700 after four minutes of one core). Muon takes matrices: a convolution's weights are one,
output channels by everything else, seen in place.
"""

from collections.abc import Iterable
from concurrent.futures import Executor
from typing import Any

import torch
from torch import Tensor, nn

_INPUTS = ("conv_in", "conv_out", "time_", "embedding", "add_embedding")
"""Layers at the ends, and those of the timestep: their weights are no map between features."""


def _is_hidden(name: str, parameter: Tensor) -> bool:
    return parameter.ndim in {2, 4} and not any(part in name for part in _INPUTS)


def as_matrix(weights: Tensor) -> Tensor:
    """Weights [out, in, h, w], or a matrix, as a matrix that shares their memory.

    Shapes: [out, ...] -> [out, the rest]. Convolutions must be in channels-last order.
    """
    if weights.ndim == 2:
        return weights
    return weights.permute(0, 2, 3, 1).reshape(len(weights), -1)


class HiddenAndRest:
    """Both optimizers of one network. The matrices are dealt out to `shares` Muons of about equal
    work, which step side by side."""

    def __init__(
        self,
        named: Iterable[tuple[str, nn.Parameter]],
        *,
        hidden_rate: float,
        rest_rate: float,
        shares: int = 1,
    ) -> None:
        self._hidden: list[list[tuple[nn.Parameter, Tensor]]] = [[] for _ in range(shares)]
        rest, work = [], [0] * shares
        for name, parameter in named:
            if not _is_hidden(name, parameter):
                rest.append(parameter)
                continue
            matrix = as_matrix(parameter.detach())
            least = work.index(min(work))
            self._hidden[least].append((parameter, matrix))
            work[least] += matrix.numel() * min(matrix.shape)
        self._optimizers: list[torch.optim.Optimizer] = [
            torch.optim.Muon(
                [matrix for _, matrix in share],
                lr=hidden_rate,
                weight_decay=0.01,
                adjust_lr_fn="match_rms_adamw",
            )
            for share in self._hidden
            if share
        ]
        self._optimizers.append(
            torch.optim.AdamW(rest, lr=rest_rate, betas=(0.9, 0.99), weight_decay=0.01)
        )
        self._tops = [optimizer.param_groups[0]["lr"] for optimizer in self._optimizers]

    def step(self, share_of_rate: float, threads: Executor | None = None) -> None:
        """Move all weights by their gradients, at this share of the learning rates."""
        for optimizer, top in zip(self._optimizers, self._tops, strict=True):
            optimizer.param_groups[0]["lr"] = top * share_of_rate
        for parameter, matrix in (pair for share in self._hidden for pair in share):
            matrix.grad = None if parameter.grad is None else as_matrix(parameter.grad)
        steps = [optimizer.step for optimizer in self._optimizers]
        if threads is None:
            for step in steps:
                step()
        else:
            for done in [threads.submit(step) for step in steps]:
                done.result()

    def state_dict(self) -> list[dict[str, Any]]:
        """All that a later run needs to go on."""
        return [optimizer.state_dict() for optimizer in self._optimizers]

    def load_state_dict(self, state: list[dict[str, Any]]) -> None:
        """Go on from a `state_dict` of the same network and number of shares."""
        for optimizer, own in zip(self._optimizers, state, strict=True):
            optimizer.load_state_dict(own)
