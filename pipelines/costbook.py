"""Keeps measured step costs between starts, so that a restart need not measure again.

A cost is found again only under everything it depends on: model and weights, denoiser, number
type, device, threads and the version of torch. A damaged file is set aside, said so, and refilled:
costs are worth a minute, not a refusal to start.
"""

import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path

from pipelines.cost import StepCost

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CostKey:
    """What a step's cost depends on."""

    model: str
    denoiser: str
    weight_bytes: int
    dtype: str
    device: str
    """The device's own name, such as "NVIDIA H200" or the CPU's."""
    threads: int
    torch: str

    def __str__(self) -> str:
        parts = (self.model, self.denoiser, self.weight_bytes, self.dtype)
        return " | ".join(map(str, (*parts, self.device, self.threads, self.torch)))


class CostBook:
    """A JSON file of cost curves. Without a path it remembers nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def find(self, key: CostKey) -> StepCost | None:
        """The cost measured earlier under exactly these conditions."""
        points = self._read().get(str(key))
        return (
            StepCost.measured([(tokens, seconds) for tokens, seconds in points]) if points else None
        )

    def keep(self, key: CostKey, cost: StepCost) -> None:
        """Remember a measurement; the file is replaced in one go."""
        if self._path is None:
            return
        book = self._read() | {str(key): [list(point) for point in cost.points]}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(f".{os.getpid()}.draft")
        draft.write_text(json.dumps(book, indent=1, sort_keys=True) + "\n")
        draft.replace(self._path)

    def _read(self) -> dict[str, list[list[float]]]:
        if self._path is None or not self._path.exists():
            return {}
        try:
            book = json.loads(self._path.read_text())
            _check(book)
        except (OSError, ValueError) as error:
            log.warning("%s is set aside and measured again: %s", self._path, error)
            self._path.replace(self._path.with_suffix(".damaged"))
            return {}
        checked: dict[str, list[list[float]]] = book
        return checked


def _check(book: object) -> None:
    """Raises: ValueError: for anything but an object of lists of number pairs."""
    if not isinstance(book, dict):
        raise ValueError("not a JSON object")
    for key, points in book.items():
        pairs = isinstance(points, list) and points and all(_is_point(point) for point in points)
        if not pairs:
            raise ValueError(f"{key!r} holds no list of [tokens, seconds]")


def _is_point(point: object) -> bool:
    return (
        isinstance(point, list)
        and len(point) == 2
        and all(isinstance(number, int | float) and number > 0 for number in point)
    )
