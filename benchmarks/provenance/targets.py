"""What the figures are held against."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure and what it has to be; the aim is better than the must."""

    name: str
    value: float
    unit: str
    must: float
    aim: float
    better: Literal["more", "less"]

    @property
    def reached(self) -> Literal["aim", "must", "missed"]:
        def holds(bound: float) -> bool:
            return self.value >= bound if self.better == "more" else self.value <= bound

        return "aim" if holds(self.aim) else "must" if holds(self.must) else "missed"
