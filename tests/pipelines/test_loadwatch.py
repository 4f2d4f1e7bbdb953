"""A loading is heard of while it goes on, and falls silent when it is stuck."""

import threading
from pathlib import Path

import torch

from pipelines.loadwatch import LoadWatch, held_bytes

MIB = 2**20
PATIENCE_S = 20.0


class Scale:
    """Holds the next of the given bytes at every look, and the last of them for ever."""

    def __init__(self, *held: tuple[int, ...]) -> None:
        self._held = list(held)
        self.looks_left = threading.Semaphore(0)

    def __call__(self) -> tuple[int, ...]:
        if len(self._held) == 1:
            self.looks_left.release()
            return self._held[0]
        return self._held.pop(0)


def told_while(scale: Scale, total_bytes: int) -> list[tuple[int, float]]:
    told: list[tuple[int, float]] = []
    watch = LoadWatch(total_bytes, scale, lambda *what: told.append(what), period_s=0.001)
    with watch:
        for _ in range(3):  # the last amount was looked at, and looked at again
            assert scale.looks_left.acquire(timeout=PATIENCE_S)
    return told


def test_what_arrives_is_told_with_the_time_that_is_left() -> None:
    told = told_while(Scale((100,), (150,), (200,)), 200)
    assert [done for done, _ in told] == [50, 100]
    assert all(left_s > 0 for _, left_s in told)


def test_a_weight_on_its_way_through_memory_to_the_device_is_counted_once() -> None:
    told = told_while(Scale((100, 0), (300, 0), (150, 200)), 200)
    assert [done for done, _ in told] == [200]
    assert told[0][1] == 0.0


def test_a_stuck_loading_is_silent() -> None:
    assert told_while(Scale((100,), (100,)), 1000) == []


def test_more_than_there_is_to_load_is_not_told() -> None:
    assert [done for done, _ in told_while(Scale((0,), (900,)), 500)] == [500]


def test_the_memory_of_this_process_grows_by_what_is_put_into_it() -> None:
    before = held_bytes(torch.device("cpu"))
    kept = torch.ones(64 * MIB, dtype=torch.uint8)
    after = held_bytes(torch.device("cpu"))
    assert len(after) == int(Path("/proc/self/statm").exists())
    assert all(now - then > 32 * MIB for now, then in zip(after, before, strict=True))
    assert kept.sum() == 64 * MIB
