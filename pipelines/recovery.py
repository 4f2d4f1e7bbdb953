"""Runs the calls of several jobs together, and what is tried when that fails.

Too little memory: smaller groups, and the cap is remembered; a decoder alone: in tiles. Any other
failure: smaller groups too, down to single jobs, so that only the guilty one fails. A device that
is lost is nobody's fault and beyond recovery here.
"""

import logging
import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import torch

from pipelines.admission import Room
from pipelines.job import Job
from pipelines.lanes import Lane
from pipelines.merge import Call

log = logging.getLogger(__name__)

Runner: TypeAlias = Callable[[Sequence[Call]], list[Any]]
"""Runs calls with equal keys in one forward. The seam for fault injection and negative controls."""

Values: TypeAlias = list[Any] | Exception
"""The values of one job's calls, or what its own calls raised."""


def run_jobs(jobs: Sequence[Job], run: Runner) -> list[Values]:
    """Run the jobs' pending calls, in one forward if that can be done; values in their order."""
    values = _together(jobs, run)
    if isinstance(values, torch.OutOfMemoryError):
        return _with_less_memory(jobs, run, values)
    if isinstance(values, Exception):
        if len(jobs) == 1:
            return [values]
        log.warning("a merged call of %d requests failed, trying halves: %s", len(jobs), values)
        return _in_halves(jobs, run)
    return values


def _together(jobs: Sequence[Job], run: Runner) -> list[Values] | Exception:
    calls = [call for job in jobs for call in job.session.pending]
    try:
        values = iter(run(calls))
        return [[next(values) for _ in job.session.pending] for job in jobs]
    except torch.OutOfMemoryError as error:
        # The traceback holds what the forward had made so far, and the next try needs that room.
        return error.with_traceback(None)
    except Exception as error:  # noqa: BLE001 - whatever a model raises is told to its rows
        raise_if_lost(error)
        return error


def raise_if_lost(error: Exception | None) -> None:
    """Let through what ends this process: of a device that answers every call with an error.

    After an illegal access or an assertion on the device CUDA serves nobody in this process any
    more. The worker that takes its place draws the requests again, each alone.

    Raises: torch.AcceleratorError.
    """
    if isinstance(error, torch.AcceleratorError):
        raise error


def _in_halves(jobs: Sequence[Job], run: Runner) -> list[Values]:
    half = len(jobs) // 2
    return run_jobs(jobs[:half], run) + run_jobs(jobs[half:], run)


def _with_less_memory(
    jobs: Sequence[Job], run: Runner, error: torch.OutOfMemoryError
) -> list[Values]:
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if len(jobs) > 1:
        tokens = sum(job.tokens for job in jobs)
        resident = jobs[0].resident
        resident.token_cap = min(resident.token_cap, tokens / 2)
        log.warning("%d requests do not fit one step; from now on half as many", len(jobs))
        return _in_halves(jobs, run)
    if _decode_in_tiles(jobs[0].session.pending[0]):
        log.warning("request %s is decoded in tiles", jobs[0].request.id)
        return run_jobs(jobs, run)
    _remember_too_large(jobs[0])
    return [error]


def _remember_too_large(job: Job) -> None:
    """Refuse the next picture of this size before any work is done for it."""
    if job.session.pending[0].lane in (Lane.WRITE, Lane.ENCODE, Lane.FINISH):
        return  # a text does not grow with the picture, and a smaller tile may do
    size, resident, pictures = job.request.size, job.resident, len(job.request.references)
    beside = f" with {pictures} pictures" if pictures else ""
    because = f"one of {size}{beside} did not fit its memory"
    just_below = Room(math.nextafter(job.tokens, 0.0), because)
    resident.alone_cap = resident.alone_cap.smaller(just_below)


def _decode_in_tiles(call: Call) -> bool:
    """Switch the autoencoder of a decoding call to tiles; False if that cannot help any more."""
    decoder: Any = getattr(call.module, "__self__", None)
    if call.lane is not Lane.DECODE or not hasattr(decoder, "enable_tiling"):
        return False
    if getattr(decoder, "use_tiling", False):
        return False
    decoder.enable_tiling()
    return True
