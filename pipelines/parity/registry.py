"""The families of the parity suite by name. One line per group of families."""

from collections.abc import Mapping
from types import MappingProxyType

from pipelines.parity import cached, composed, edits, exact, masked, mixed, positioned, unets
from pipelines.parity.case import Case

CASES: Mapping[str, Case] = MappingProxyType(
    {
        case.family: case
        for group in (unets, positioned, masked, exact, cached, composed, mixed, edits)
        for case in group.CASES
    }
)
