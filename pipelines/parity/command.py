"""`seedbed parity`: shows that sharing forwards changes no picture, on this machine.

Every family small and random, and the weights that are installed, on whatever device there is.
"""

import json
import logging
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import torch
from diffusers.utils import logging as diffusers_logging
from rich.console import Console
from rich.progress import track
from rich.table import Table
from transformers.utils import logging as transformers_logging

from pipelines.catalog import Catalog
from pipelines.errors import InvalidParameter
from pipelines.load import pick_device
from pipelines.parity.case import Case
from pipelines.parity.compare import Outcome, compare
from pipelines.parity.installed import installed_case
from pipelines.parity.registry import CASES


@dataclass(frozen=True, slots=True)
class Failed:
    """A family that could not be compared at all."""

    family: str
    error: str


def parity(families: Sequence[str], catalog: Catalog, device: str, as_json: bool) -> bool:
    """Compare and print; True when every family passed.

    Raises: InvalidParameter: for a family that is not known.
    """
    _silence_libraries()
    where = pick_device(device)
    cases = _chosen(families, catalog, where)
    outcomes = list(_outcomes(cases, where))
    if as_json:
        sys.stdout.write(json.dumps({"families": [_as_json(o) for o in outcomes]}, indent=2) + "\n")
    else:
        console = Console()
        # Piped, a table must not be squeezed into eighty columns.
        console.print(_table(outcomes, where), width=None if console.is_terminal else 130)
    return all(isinstance(outcome, Outcome) and outcome.passed for outcome in outcomes)


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


def _outcomes(cases: Sequence[Case], device: torch.device) -> Iterator[Outcome | Failed]:
    progress = Console(stderr=True)
    for case in track(cases, "comparing", console=progress, disable=not progress.is_terminal):
        try:
            yield compare(case, str(device))
        except Exception as error:  # noqa: BLE001 - one family's failure is a row of the table
            yield Failed(case.family, f"{type(error).__name__}: {error}")


def _as_json(outcome: Outcome | Failed) -> dict[str, object]:
    if isinstance(outcome, Failed):
        return asdict(outcome) | {"passed": False}
    return asdict(outcome) | {"passed": outcome.passed}


def _table(outcomes: Sequence[Outcome | Failed], device: torch.device) -> Table:
    table = Table(title=f"together against alone, on {device}", title_justify="left")
    table.add_column("family", no_wrap=True)
    table.add_column("denoiser", no_wrap=True)
    for heading in ("bytes apart", "latents apart", "of", "rows shared", "forwards", "control"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for o in outcomes:
        if isinstance(o, Failed):
            table.add_row(o.family, o.error, *[""] * 6, "failed", style="red")
            continue
        table.add_row(
            o.family,
            o.denoiser,
            str(o.uint8_max),
            f"{o.latents_max:.1e}",
            f"{o.scale:.0f}",
            str(o.rows_shared),
            str(o.forwards),
            "differs" if o.negative_control_differs else "the same",
            "ok" if o.passed else "failed",
            style=None if o.passed else "red",
        )
    return table
