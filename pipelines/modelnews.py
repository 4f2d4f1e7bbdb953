"""What is told of models that come to a device and leave it, and a listener that wants none of it.

Knows no message: the worker sends what it hears, tests and benchmarks listen to nothing.
"""

from typing import Protocol

from pipelines.cost import StepCost


class ModelNews(Protocol):
    """Who hears of models that come and go. Called on the engine's thread and on a loading's."""

    def loading(
        self, model: str, done_bytes: int, total_bytes: int, left_s: float | None
    ) -> None: ...

    def arrived(self, model: str, cost: StepCost) -> None: ...

    def departed(self, model: str, load_s: float) -> None: ...


class Nobody:
    """Listens to nothing."""

    def loading(self, model: str, done_bytes: int, total_bytes: int, left_s: float | None) -> None:
        pass

    def arrived(self, model: str, cost: StepCost) -> None:
        pass

    def departed(self, model: str, load_s: float) -> None:
        pass
