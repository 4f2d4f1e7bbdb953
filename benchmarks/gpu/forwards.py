"""One forward of a denoiser, taken out of its pipeline: operations, device time, kernel time.

Knows a bench, and no engine.
"""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.gpu.bench import Bench, Wanted
from pipelines.types import Size

KERNELS = frozenset({"kernel", "gpu_memcpy", "gpu_memset"})
"""Trace categories of what keeps the device itself busy."""
_REPEATS = 3


def forward_of(bench: Bench, size: Size) -> Callable[[], Any]:
    """The denoiser's call in the last of two steps, to be made again at will."""
    kept: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def keep(_: object, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        kept.append((args, kwargs))

    hook = bench.denoiser.register_forward_pre_hook(keep, with_kwargs=True)
    try:
        bench.draw(Wanted(0, size, 2))
    finally:
        hook.remove()
    args, kwargs = kept[-1]
    return lambda: bench.denoiser(*args, **kwargs)


def decode_of(bench: Bench, size: Size) -> Callable[[], Any]:
    """The autoencoder's call that ends a picture, to be made again at will."""
    kept: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    decode = bench.pipe.vae.decode

    def keep(*args: Any, **kwargs: Any) -> Any:
        kept.append((args, kwargs))
        return decode(*args, **kwargs)

    bench.pipe.vae.decode = keep
    try:
        bench.draw(Wanted(0, size, 2))
    finally:
        del bench.pipe.vae.decode
    args, kwargs = kept[-1]
    return lambda: decode(*args, **kwargs)


def flops(call: Callable[[], Any]) -> float:
    """Multiplications and additions of the matrix products, attention and convolutions."""
    with FlopCounterMode(display=False) as counter:
        call()
    return float(counter.get_total_flops())


def device_s(bench: Bench, call: Callable[[], Any], repeats: int = _REPEATS) -> float:
    """Device time of one call, in a row of several after one that warms."""
    call()
    start = bench.clock.mark()
    for _ in range(repeats):
        call()
    return bench.clock.seconds(start, bench.clock.mark()) / repeats


def kernel_s(bench: Bench, call: Callable[[], Any]) -> float | None:
    """Time in which kernels of one call ran; what is missing to `device_s` the device idled.

    None on a CPU, which has no such thing.
    """
    if bench.device.type != "cuda":
        return None
    bench.clock.wait()
    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        call()
        bench.clock.wait()
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace.json"
        profiler.export_chrome_trace(str(trace))
        return busy_s(json.loads(trace.read_text()))


def busy_s(trace: dict[str, Any]) -> float:
    """Length of the union of the kernels' times in a Chrome trace. Units: there microseconds."""
    spans = sorted(
        (event["ts"], event["ts"] + event["dur"])
        for event in trace["traceEvents"]
        if event.get("cat") in KERNELS and "dur" in event
    )
    busy, until = 0.0, float("-inf")
    for start, end in spans:
        busy += max(0.0, end - max(start, until))
        until = max(until, end)
    return busy / 1e6
