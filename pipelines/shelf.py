"""One component of a pipeline on the device at a time: the others wait in the machine's memory.

The engine hands every call to `bring` first. Denoisers count as one component, because a step may
need several of them. Diffusers' own model offload is not used: at the end of every request it takes
all components from under the other requests.
"""

from collections.abc import Iterable, Sequence

import torch

HOST = torch.device("cpu")


class Shelf:
    """The components of one pipeline, and which of them is on the device."""

    def __init__(self, groups: Iterable[Sequence[torch.nn.Module]], device: torch.device) -> None:
        self._device = device
        self._groups = [list(group) for group in groups]
        self._here: list[torch.nn.Module] = []
        for module in (module for group in self._groups for module in group):
            module.to(HOST)
            # Pipelines make their tensors where the component says that it is.
            module.runs_on = device  # type: ignore[assignment]  # torch types no plain attributes

    def bring(self, module: torch.nn.Module) -> None:
        """Put this component onto the device, and back the one that is there.

        Raises: torch.OutOfMemoryError: when it finds no room; then none is there.
        """
        wanted = next((group for group in self._groups if module in group), self._here)
        if wanted is self._here:
            return
        _move(self._here, HOST)
        self._here = []
        try:
            _move(wanted, self._device)
        except torch.OutOfMemoryError:
            _move(wanted, HOST)
            raise
        self._here = wanted


def _move(group: Iterable[torch.nn.Module], device: torch.device) -> None:
    for module in group:
        module.to(device)
