"""The architectures are the published ones, and random weights make every input count."""

import pytest
import torch

from benchmarks.gpu.architectures import FLUX, MODELS, SDXL
from benchmarks.gpu.build import empty, filled, parameters
from benchmarks.gpu.forwards import busy_s
from benchmarks.gpu.models import Model, Scale
from benchmarks.gpu.traffic import p99

CPU = torch.device("cpu")


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_a_denoiser_has_the_published_number_of_parameters(model: Model) -> None:
    denoiser = empty(model.denoiser, Scale.FULL)
    assert parameters(denoiser) == pytest.approx(model.parameters, rel=2e-3)
    assert all(parameter.is_meta for parameter in denoiser.parameters())


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_weights_are_of_the_wanted_type_and_none_is_constant(model: Model) -> None:
    for network in (model.denoiser, model.vae):
        module = filled(empty(network, Scale.TINY), CPU, torch.bfloat16)
        for name, value in module.named_parameters():
            assert value.dtype == torch.bfloat16
            matters = value.ndim >= 2 and value.numel() > 1 and "norm" not in name
            assert not matters or value.float().std() > 1e-3, name


def test_equal_builds_have_equal_weights() -> None:
    one, other = (filled(empty(SDXL.denoiser, Scale.TINY), CPU, torch.float32) for _ in range(2))
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_buffers_keep_their_values() -> None:
    built = FLUX.vae.cls(**FLUX.vae.config(Scale.TINY))
    made = filled(empty(FLUX.vae, Scale.TINY), CPU, torch.float32)
    for name, buffer in built.named_buffers():
        assert torch.equal(buffer, made.get_buffer(name))


def test_kernels_that_overlap_count_once() -> None:
    trace = {
        "traceEvents": [
            {"cat": "kernel", "ts": 0.0, "dur": 10.0},
            {"cat": "gpu_memcpy", "ts": 5.0, "dur": 10.0},
            {"cat": "kernel", "ts": 100.0, "dur": 5.0},
            {"cat": "cpu_op", "ts": 0.0, "dur": 1000.0},
            {"cat": "kernel", "ts": 101.0, "dur": 1.0},
        ]
    }
    assert busy_s(trace) == pytest.approx(20e-6)


@pytest.mark.parametrize(("count", "rank"), [(1, 0), (50, 49), (100, 98), (200, 197)])
def test_p99_is_the_nearest_rank(count: int, rank: int) -> None:
    assert p99([float(n) for n in reversed(range(count))]) == rank
