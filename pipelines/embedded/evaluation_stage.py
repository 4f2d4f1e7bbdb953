"""Measures the shipped weights at the end of a run, in a process that a clock can end."""

import subprocess
import sys

from pipelines.embedded.keeping import FIGURES, carry_away
from pipelines.embedded.plan import Run

_ENDING_S = 5.0


def evaluate(run: Run) -> None:
    """Let the evaluator draw and judge as many captions as the plan says; its figures are a file.

    A failure costs the figures and nothing else: what was trained is shipped before.
    """
    if not run.plan.evaluate:
        return
    command = [sys.executable, "-m", "pipelines.embedded.evaluate", "--json"]
    command += ["--weights", str(run.work.weights), "--work", str(run.out)]
    command += ["--captions", str(run.plan.evaluate)]
    left_s = None if run.clock.endless else max(1.0, run.clock.left_s() - _ENDING_S)
    run.log(f"evaluating {run.plan.evaluate} captions")
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, text=True, timeout=left_s, check=True
        )
    except subprocess.TimeoutExpired:
        run.log("no time left to evaluate; do it later: " + " ".join(command[1:]))
    except subprocess.CalledProcessError as error:
        run.log(f"the evaluator ended with status {error.returncode}; what it said stands above")
    else:
        (run.out / FIGURES).write_text(done.stdout)
        if run.carry_to:
            carry_away(run.work, run.carry_to)
