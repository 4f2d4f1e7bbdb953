"""Stands in for a component of a pipeline: looks like it, but a call on it parks the request.

A gate knows the component and whom to hand the call to; it knows nothing of batches or requests.

Attributes are read from the real component, so `isinstance`, `.config`, `.dtype` and `pipe.device`
stay right; attribute writes stay on the gate, so that one request cannot change another's model.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import torch

from pipelines.lanes import Lane
from pipelines.merge import Call, Digests, bind, unmerged

Park: TypeAlias = Callable[[Call], Any]
"""Hand the call to the engine and return its value once somebody has run it."""


_LANES: Mapping[str, Lane] = {
    "encode": Lane.ENCODE,
    "decode": Lane.DECODE,
    "generate": Lane.ENCODE,
    "get_image_features": Lane.ENCODE,
    "get_text_features": Lane.ENCODE,
}
"""The methods of encoders and autoencoders that are work for the device."""


class _Gate:
    def __init__(self, real: torch.nn.Module, park: Park) -> None:
        self._real = real
        self._park = park

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return type(self._real)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._real, name)
        if name == "dtype":
            # Diffusers walks every module for it, and some pipelines ask at each step.
            self.dtype = value
        return value

    def _reset_stateful_cache(self, recurse: bool = True) -> None:
        """Every request's end asks for this, which would wipe what other requests hold."""

    @contextlib.contextmanager
    def cache_context(self, name: str, **_: Any) -> Iterator[None]:
        """Diffusers' cache hooks keep state per name on the shared module; gates do not."""
        yield


class DenoiserGate(_Gate):
    """In front of a transformer, UNet or ControlNet: its calls may share a forward."""

    def __init__(self, real: torch.nn.Module, park: Park, digests: Digests) -> None:
        super().__init__(real, park)
        self._digests = digests

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._park(bind(self._real, args, kwargs, self._digests))


class StageGate(_Gate):
    """In front of a text encoder or an autoencoder: each call is a piece of work of its own."""

    def __getattr__(self, name: str) -> Any:
        value = super().__getattr__(name)
        lane = _LANES.get(name)
        if lane is None or not callable(value):
            return value

        def parked(*args: Any, **kwargs: Any) -> Any:
            return self._park(unmerged(lane, value, args, kwargs))

        return parked

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._park(unmerged(Lane.ENCODE, self._real, args, kwargs))
