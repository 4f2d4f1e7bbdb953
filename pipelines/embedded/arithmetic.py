"""How a command of the training calculates while it runs; the process is left as it was."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def quick_arithmetic(threads: int | None = None) -> Iterator[None]:
    """Take numbers next to zero for zero, which are many times slower on a CPU, let a GPU multiply
    in TF32, and use so many CPU threads; with None or 0 as many as now."""
    precision, before = torch.get_float32_matmul_precision(), torch.get_num_threads()
    torch.set_flush_denormal(True)
    torch.set_float32_matmul_precision("high")
    torch.set_num_threads(threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        torch.set_float32_matmul_precision(precision)
        torch.set_flush_denormal(False)
