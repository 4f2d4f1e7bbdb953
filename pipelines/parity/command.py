"""`seedbed parity`: shows that sharing forwards changes no picture, on this machine.

Every family small and random, and the weights that are installed, on whatever device there is.
"""

import json
import logging
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

import diffusers
import torch
from diffusers.utils import logging as diffusers_logging
from rich.console import Console
from rich.progress import track
from rich.table import Table
from transformers.utils import logging as transformers_logging

from pipelines.catalog import Catalog
from pipelines.errors import InvalidParameter
from pipelines.load import pick_device
from pipelines.parity import cache as cache_study
from pipelines.parity.cache import Fidelity, cells, compare_cached
from pipelines.parity.case import Case
from pipelines.parity.compare import Outcome, compare
from pipelines.parity.installed import installed_case
from pipelines.parity.registry import CASES

Form: TypeAlias = Literal["table", "json", "markdown"]
PIPED_WIDTH = 130
HEADINGS = (
    "family",
    "denoiser",
    "bytes apart",
    "latents apart",
    "of",
    "rows shared",
    "mixed",
    "forwards",
    "control",
    "",
)


@dataclass(frozen=True, slots=True)
class Failed:
    """A family that could not be compared at all."""

    family: str
    error: str
    passed: Literal[False] = False


@dataclass(frozen=True, slots=True)
class Study:
    """What is compared of each family, and how it is shown."""

    title: str
    headings: Sequence[str]
    compare: Callable[[Case, str], Outcome | Fidelity]
    cells: Callable[[Any], tuple[str, ...]]


def parity(
    families: Sequence[str], catalog: Catalog, device: str, form: Form, cache: bool = False
) -> bool:
    """Compare and print; True when every family passed.

    With `cache`, pictures with the step cache are compared with those without.

    Raises: InvalidParameter: for a family that is not known.
    """
    _silence_libraries()
    where = pick_device(device)
    cases = _chosen(families, catalog, where)
    study = (
        Study("with the step cache against without", cache_study.HEADINGS, compare_cached, cells)
        if cache
        else Study("together against alone", HEADINGS, compare, _cells)
    )
    outcomes = list(_outcomes(study, cases, where))
    match form:
        case "json":
            rows = [_as_json(outcome) for outcome in outcomes]
            sys.stdout.write(json.dumps({"families": rows}, indent=2) + "\n")
        case "markdown":
            sys.stdout.write(_markdown(study, outcomes, where))
        case "table":
            # Piped, a table must not be squeezed into eighty columns.
            console = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH)
            console.print(_table(study, outcomes, where))
    return all(outcome.passed for outcome in outcomes)


def _silence_libraries() -> None:
    """Keep their bars and remarks about tiny configurations out of the table."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    diffusers_logging.disable_progress_bar()
    transformers_logging.disable_progress_bar()


def _chosen(families: Sequence[str], catalog: Catalog, device: torch.device) -> list[Case]:
    known = dict(CASES) | {
        stand_in.name: installed_case(stand_in, device) for stand_in in catalog.stand_ins
    }
    for name in families:
        if name not in known:
            raise InvalidParameter(f"there is no family {name!r}; there are: {', '.join(known)}")
    return [known[name] for name in families or known]


def _outcomes(
    study: Study, cases: Sequence[Case], device: torch.device
) -> Iterator[Outcome | Fidelity | Failed]:
    progress = Console(stderr=True)
    for case in track(cases, "comparing", console=progress, disable=not progress.is_terminal):
        try:
            yield study.compare(case, str(device))
        except Exception as error:  # noqa: BLE001 - one family's failure is a row of the table
            yield Failed(case.family, f"{type(error).__name__}: {error}")


def _as_json(outcome: Outcome | Fidelity | Failed) -> dict[str, object]:
    return asdict(outcome) | {"passed": outcome.passed}


def _table(
    study: Study, outcomes: Sequence[Outcome | Fidelity | Failed], device: torch.device
) -> Table:
    table = Table(title=f"{study.title}, on {device}", title_justify="left")
    for number, heading in enumerate(study.headings):
        names = number < 2
        table.add_column(heading, justify="left" if names else "right", no_wrap=names)
    for outcome in outcomes:
        table.add_row(*_row(study, outcome), style=None if outcome.passed else "red")
    return table


def _markdown(
    study: Study, outcomes: Sequence[Outcome | Fidelity | Failed], device: torch.device
) -> str:
    lines = [
        f"On {device}, with torch {torch.__version__} and diffusers {diffusers.__version__}:",
        "",
        "| " + " | ".join(study.headings) + " |",
        "|" + "---|" * len(study.headings),
        *("| " + " | ".join(_row(study, outcome)) + " |" for outcome in outcomes),
    ]
    return "\n".join(lines) + "\n"


def _row(study: Study, outcome: Outcome | Fidelity | Failed) -> tuple[str, ...]:
    if isinstance(outcome, Failed):
        return outcome.family, outcome.error, *[""] * (len(study.headings) - 3), "failed"
    return study.cells(outcome)


def _cells(outcome: Outcome) -> tuple[str, ...]:
    return (
        outcome.family,
        outcome.denoiser,
        str(outcome.uint8_max),
        f"{outcome.latents_max:.1e}",
        f"{outcome.scale:.0f}",
        str(outcome.rows_shared),
        str(outcome.rows_mixed),
        str(outcome.forwards),
        "differs" if outcome.negative_control_differs else "the same",
        "ok" if outcome.passed else "failed",
    )
