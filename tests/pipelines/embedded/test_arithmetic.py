"""The quick arithmetic of the training's commands ends with them."""

import torch

from pipelines.embedded.arithmetic import quick_arithmetic


def next_to_zero() -> float:
    return float(torch.tensor([1e-39]) * 0.5)


def test_numbers_next_to_zero_are_zero_only_meanwhile() -> None:
    with quick_arithmetic():
        assert next_to_zero() == 0.0
    assert next_to_zero() > 0.0


def test_precision_and_threads_are_put_back_after_a_failure() -> None:
    before = torch.get_float32_matmul_precision(), torch.get_num_threads()
    try:
        with quick_arithmetic(before[1] + 1):
            assert (torch.get_float32_matmul_precision(), torch.get_num_threads()) == (
                "high",
                before[1] + 1,
            )
            raise RuntimeError("stopped")
    except RuntimeError:
        pass
    assert (torch.get_float32_matmul_precision(), torch.get_num_threads()) == before
