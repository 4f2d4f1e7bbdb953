"""Renders shards of training pictures in processes of their own, beside whatever else is done.

Each process takes the next shard that nobody has taken. One that loses its parent ends after the
shard it is at, so nothing renders on after a command that was killed.
"""

import os
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from multiprocessing.sharedctypes import Synchronized
from types import TracebackType

import numpy as np
import torch
from numpy.typing import NDArray

from pipelines.embedded.canvas import Frame
from pipelines.embedded.dataset import Shards, rendered

_NICE = 5
"""Rendering gives way to the training, which a GPU must not wait for."""
_PORTION = 32


class RenderingFailed(Exception):
    """A process that rendered has ended before its time."""


class Rendering(AbstractContextManager["Rendering"]):
    """So many processes that render shards 0 to count; leaving the context ends them."""

    def __init__(self, shards: Shards, count: int, workers: int) -> None:
        shards.folder.mkdir(parents=True, exist_ok=True)
        context = get_context("spawn")
        # Kept: a process that is still starting would not find it once it was forgotten here.
        self._taken = context.Value("i", 0)
        self._processes: list[SpawnProcess] = [
            context.Process(target=_render, args=(shards, self._taken, count), daemon=True)
            for _ in range(workers)
        ]
        for process in self._processes:
            process.start()

    def check(self) -> None:
        """Raises: RenderingFailed: when a process has failed."""
        for process in self._processes:
            if process.exitcode:
                raise RenderingFailed(
                    f"a process that renders has ended with status {process.exitcode}; what it "
                    "said stands above, and what it finished is kept"
                )

    def wait(self, longest_s: float) -> bool:
        """Wait for a process to end, at most so long. Returns whether any was still rendering.

        Raises: RenderingFailed: when a process has failed.
        """
        living = [process for process in self._processes if process.is_alive()]
        if living:
            wait([process.sentinel for process in living], longest_s)
        self.check()
        return bool(living)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> None:
        """Stop rendering, whatever is not finished."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join()


def _render(shards: Shards, taken: "Synchronized[int]", count: int) -> None:
    os.nice(_NICE)
    torch.set_num_threads(1)
    parent = parent_process()
    while parent is not None and parent.is_alive():
        with taken.get_lock():
            index = taken.value
            taken.value += 1
        if index >= count:
            return
        shards.write(index)


def render_many(seeds: range, frame: Frame, workers: int) -> NDArray[np.uint8]:
    """The pictures of these seeds, [n, h, w, 3], by so many processes."""
    if workers == 1 or len(seeds) <= _PORTION:
        return rendered(seeds, frame)
    portions = [seeds[start : start + _PORTION] for start in range(0, len(seeds), _PORTION)]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return np.concatenate(list(pool.map(rendered, portions, [frame] * len(portions))))
