"""Deliberate faults of a worker, for the tests of the supervision. Inert unless asked for.

`FAKE_FAULT=die@3` kills the process without warning after its third denoising step, `hang@3` makes
it stop for ever there. `die@3:/a/file` does so only for the first process that can create the file,
so that the worker which takes its place lives.
"""

import os
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "FAKE_FAULT"
KINDS = ("die", "hang")


@dataclass(frozen=True, slots=True)
class Fault:
    kind: str
    at_step: int
    once: Path | None = None
    """The file whose creation is the right to fail."""

    def strike(self, step: int) -> None:
        """Die or hang, if this is the step and nobody did before."""
        if step == self.at_step and self._first():
            if self.kind == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            threading.Event().wait()

    def _first(self) -> bool:
        if self.once is None:
            return True
        try:
            self.once.touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


def planned_fault(environment: Mapping[str, str]) -> Fault | None:
    """Read the fault that the environment asks for.

    Raises: ValueError: for a fault that is not of the form die@3 or hang@3:/a/file.
    """
    text = environment.get(VARIABLE)
    if not text:
        return None
    what, _, once = text.partition(":")
    kind, _, step = what.partition("@")
    if kind not in KINDS or not step.isdigit():
        raise ValueError(f"{VARIABLE} must be die@<step> or hang@<step>, not {text!r}")
    return Fault(kind, int(step), Path(once) if once else None)
