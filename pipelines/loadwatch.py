"""Tells how far a model's loading is: bytes that have arrived in memory, while another call loads.

Loaders do not say how far they are, so a thread looks from time to time at what this process and
its device hold. It speaks only when more has arrived: a loading that is stuck falls silent, and a
watchdog may judge it. Knows no model and no message.
"""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

import torch

PERIOD_S = 5.0
"""How often it looks: loadings that are over sooner need no progress."""
_LEAST_SHARE = 0.01
"""Of the whole: what has to arrive at least before it is worth a word."""
_STATM = Path("/proc/self/statm")

Held: TypeAlias = Callable[[], tuple[int, ...]]
"""Bytes held now, by each place that a weight may be in on its way."""

Tell: TypeAlias = Callable[[int, float], None]
"""Hears how many bytes have arrived, and the seconds that the rest will take at that pace."""


def held_bytes(device: torch.device) -> tuple[int, ...]:
    """What this process holds in memory and on its device. Source: Linux proc(5), else nothing."""
    held = []
    if _STATM.exists():
        held.append(int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
    if device.type == "cuda":
        held.append(torch.cuda.memory_allocated(device))
    return tuple(held)


class LoadWatch:
    """Watches for as long as a `with` block loads. `tell` is called on a thread of its own."""

    def __init__(
        self, total_bytes: int, held: Held, tell: Tell, period_s: float = PERIOD_S
    ) -> None:
        self._total_bytes = total_bytes
        self._held = held
        self._tell = tell
        self._period_s = period_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="load watch", daemon=True)

    def __enter__(self) -> "LoadWatch":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        before, began_s, told_bytes = self._held(), time.monotonic(), 0
        while not self._over.wait(self._period_s):
            grown = [now - then for now, then in zip(self._held(), before, strict=True)]
            # A weight is read into memory and then copied to the device: whichever has more of it.
            done_bytes = min(max(grown, default=0), self._total_bytes)
            if done_bytes - told_bytes < _LEAST_SHARE * self._total_bytes:
                continue
            told_bytes = done_bytes
            pace = done_bytes / (time.monotonic() - began_s)
            self._tell(done_bytes, (self._total_bytes - done_bytes) / pace)
