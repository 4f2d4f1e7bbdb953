"""Measures what a model's denoising step costs on this device, by taking real steps.

One picture is drawn alone, step by step; its denoiser call is kept and then timed merged with
itself, so that the very code path of serving is what gets compiled, warmed and measured.
"""

import platform
from collections.abc import Callable, Iterator

import torch

from pipelines.admission import Footprint
from pipelines.cost import StepCost
from pipelines.costbook import CostBook, CostKey
from pipelines.memory import Resident
from pipelines.merge import Call, Digests, run
from pipelines.trial import draw_trial, learn_to_paint
from pipelines.types import Size

ROWS = (1, 2, 4, 8)
"""Batch sizes that are timed; a doubling that brings no gain ends the series early."""
REPEATS = 3
FOOTPRINT_ROWS = (1, 2)
"""Two points make the line of memory over tokens."""
THREADS_ROWS = 4
THREADS_GAIN = 0.75
"""All threads together must be that much faster than one, or the other cores are better left to
encoding, to other workers and to the machine's other work."""


def warm_up(
    resident: Resident,
    digests: Digests,
    book: CostBook,
    clock: Callable[[], float],
    *,
    choose_threads: bool = False,
) -> StepCost:
    """Draw one small picture; time its denoiser at several batch sizes unless the book knows.

    The resident gets its painter, if its latents can be read.

    What a step takes of a GPU's memory is noted at the model each time.

    With `choose_threads` the CPU threads of a forward are set to one where more do not pay: a small
    model's threads spend their time waiting for each other.

    Raises: whatever the pipeline raises: a model that cannot draw must not become ready.
    """
    with torch.no_grad():
        trial = draw_trial(resident, digests)
        calls = trial.denoised
        resident.painter = learn_to_paint(trial)
        resident.bring(calls[-1])
        if choose_threads:
            _choose_threads(calls[-1], clock)
        resident.footprint = Footprint.measured(_peaks(calls[-1], trial.size))
        key = _key(resident, calls[-1])
        cost = book.find(key)
        if cost is None:
            per_step = len(calls) / trial.steps  # two where guidance is a call of its own
            samples = _samples(calls[-1], trial.size, clock)
            cost = StepCost.measured((tokens, s * per_step) for tokens, s in samples)
            book.keep(key, cost)
    return cost


def _key(resident: Resident, call: Call) -> CostKey:
    weight: torch.Tensor = next(call.module.parameters())  # type: ignore[attr-defined]
    gpu = _gpu_of(call)
    # Many systems do not name their processor, but each machine has a name.
    device = f"{weight.device.type} {platform.node()}"
    if gpu is not None:
        device = f"cuda {torch.cuda.get_device_name(gpu)}"
    return CostKey(
        model=resident.stand_in.name,
        denoiser=type(call.module).__name__,
        weight_bytes=resident.size_bytes,
        dtype=str(weight.dtype),
        device=device,
        threads=torch.get_num_threads() if gpu is None else 0,
        torch=torch.__version__,
    )


def _choose_threads(call: Call, clock: Callable[[], float]) -> None:
    all_threads = torch.get_num_threads()
    with_all_s = min(_timed(call, THREADS_ROWS, clock) for _ in range(REPEATS))
    torch.set_num_threads(1)
    with_one_s = min(_timed(call, THREADS_ROWS, clock) for _ in range(REPEATS))
    if with_all_s < THREADS_GAIN * with_one_s:
        torch.set_num_threads(all_threads)


def _samples(call: Call, size: Size, clock: Callable[[], float]) -> Iterator[tuple[float, float]]:
    """(image tokens, seconds) of forwards over more and more rows."""
    per_row_s = float("inf")
    for rows in ROWS:
        seconds = min(_timed(call, rows, clock) for _ in range(REPEATS))
        yield rows * size.tokens, seconds
        if seconds / rows > 0.95 * per_row_s:
            return
        per_row_s = seconds / rows


def _peaks(call: Call, size: Size) -> Iterator[tuple[float, int]]:
    """(image tokens, bytes beside the weights) of forwards; none where torch does not count."""
    gpu = _gpu_of(call)
    if gpu is None:
        return
    for rows in FOOTPRINT_ROWS:
        before = torch.cuda.memory_allocated(gpu)
        torch.cuda.reset_peak_memory_stats(gpu)
        run([call] * rows)
        yield rows * size.tokens, torch.cuda.max_memory_allocated(gpu) - before


def _timed(call: Call, rows: int, clock: Callable[[], float]) -> float:
    calls, gpu = [call] * rows, _gpu_of(call)
    started_s = clock()
    run(calls)
    if gpu is not None:
        torch.cuda.synchronize(gpu)
    return clock() - started_s


def _gpu_of(call: Call) -> torch.device | None:
    """The GPU that a call runs on, if it is one: weights that are offloaded lie elsewhere."""
    tensors = (value for value in call.arguments.values() if isinstance(value, torch.Tensor))
    return next((tensor.device for tensor in tensors if tensor.is_cuda), None)
