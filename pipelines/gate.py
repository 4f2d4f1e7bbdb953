"""Stands in for a component of a pipeline: looks like it, but a call on it parks the request.

A gate knows the component and whom to hand the call to; it knows nothing of batches or requests.

Attributes are read from the real component, so `isinstance`, `.config`, `.dtype` and `pipe.device`
stay right; attribute writes stay on the gate, so that one request cannot change another's model.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self, TypeAlias

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
        if name == "device":  # an offloaded component is elsewhere until its calls run
            return getattr(self._real, "runs_on", value)
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


class _InDtype:
    """A method of a module, which is in another dtype for as long as the method runs."""

    def __init__(self, module: Any, method: Callable[..., Any], dtype: torch.dtype) -> None:
        self.__self__ = module
        self._method = method
        self._dtype = dtype

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        module, usual = self.__self__, self.__self__.dtype
        torch.nn.Module.to(module, dtype=self._dtype)  # diffusers' own would warn each time
        try:
            return self._method(*args, **kwargs)
        finally:
            torch.nn.Module.to(module, dtype=usual)


class DenoiserGate(_Gate):
    """In front of a transformer, UNet or ControlNet: its calls may share a forward."""

    def __init__(self, real: torch.nn.Module, park: Park, digests: Digests) -> None:
        super().__init__(real, park)
        self._digests = digests

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._park(bind(self._real, args, kwargs, self._digests))


class StageGate(_Gate):
    """In front of a text encoder or an autoencoder: each call is a piece of work of its own.

    A pipeline that sends its component to another dtype sends only the gate: the component is in
    that dtype while such a call runs, and never for another request.
    """

    def __getattr__(self, name: str) -> Any:
        value = super().__getattr__(name)
        lane = _LANES.get(name)
        if lane is None or not callable(value):
            return value

        def parked(*args: Any, **kwargs: Any) -> Any:
            sent_to = self.__dict__.get("dtype")
            if sent_to is None or sent_to == self._real.dtype:
                return self._park(unmerged(lane, value, args, kwargs))
            return self._park(unmerged(lane, _InDtype(self._real, value, sent_to), args, kwargs))

        return parked

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Take the dtype in place of the component, which stays where and what it is."""
        _, dtype, *_ = torch._C._nn._parse_to(*args, **kwargs)
        if dtype is not None:
            self.dtype = dtype
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._park(unmerged(Lane.ENCODE, self._real, args, kwargs))
