"""Reads time and memory where the work happens: on the device, without making it wait.

Knows no model. On a CPU the same questions are answered by the host's clock.
"""

import time
from dataclasses import dataclass

import torch

_GIB = 2**30


@dataclass(frozen=True, slots=True)
class Mark:
    """A point in the device's stream of work, and when the host set it."""

    host_s: float
    event: torch.cuda.Event | None


class Clock:
    """The clock of one device."""

    def __init__(self, device: torch.device) -> None:
        self._cuda = device.type == "cuda"

    def wait(self) -> float:
        """Wait until the device is idle; return the host's time."""
        if self._cuda:
            torch.cuda.synchronize()
        return time.perf_counter()

    def mark(self) -> Mark:
        """Set a mark behind the work that is queued so far."""
        event = None
        if self._cuda:
            event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
            event.record()
        return Mark(time.perf_counter(), event)

    def seconds(self, start: Mark, end: Mark) -> float:
        """Device time between two marks, idle time included."""
        if start.event is None or end.event is None:
            return end.host_s - start.host_s
        end.event.synchronize()
        return float(start.event.elapsed_time(end.event)) / 1000

    def forget_peak(self) -> None:
        if self._cuda:
            torch.cuda.reset_peak_memory_stats()

    @property
    def peak_gib(self) -> float | None:
        """Most memory that tensors held since the peak was forgotten; None on a CPU."""
        return torch.cuda.max_memory_allocated() / _GIB if self._cuda else None
