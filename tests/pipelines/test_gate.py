"""A gate looks like its component, and is cheaper to ask."""

import torch

from pipelines.gate import DenoiserGate, StageGate
from pipelines.merge import Call, Digests


class _Counting(torch.nn.Linear):
    """Knows how often it was asked for its dtype, which costs diffusers a walk over all modules."""

    asked = 0

    @property
    def dtype(self) -> torch.dtype:
        self.asked += 1
        return self.weight.dtype


def _never_parked(call: Call) -> None:
    raise AssertionError(f"nothing here calls the component, but {call} was parked")


def test_the_dtype_is_looked_up_once_however_often_a_pipeline_asks() -> None:
    component = _Counting(2, 2, dtype=torch.float16)
    for gate in (
        DenoiserGate(component, _never_parked, Digests()),
        StageGate(component, _never_parked),
    ):
        component.asked = 0
        assert {gate.dtype for _ in range(50)} == {torch.float16}
        assert component.asked == 1


def test_what_is_written_to_a_gate_stays_with_its_request() -> None:
    component = _Counting(2, 2)
    gate, other = (DenoiserGate(component, _never_parked, Digests()) for _ in range(2))
    gate.in_features = 7
    assert (gate.in_features, other.in_features, component.in_features) == (7, 2, 2)
    assert isinstance(gate, _Counting)


class _Autoencoder(torch.nn.Linear):
    """Says in which dtype it worked."""

    @property
    def dtype(self) -> torch.dtype:
        return self.weight.dtype

    def encode(self, value: torch.Tensor) -> torch.dtype:
        assert self.forward(value).dtype == value.dtype
        return self.weight.dtype


def test_a_component_is_in_another_dtype_only_while_a_call_of_that_request_runs() -> None:
    component = _Autoencoder(2, 2, dtype=torch.bfloat16)
    weight = component.weight.clone()
    gate, other = (StageGate(component, Call.run_alone) for _ in range(2))
    assert gate.to(dtype=torch.float32) is gate
    assert gate.dtype == torch.float32
    assert component.dtype == other.dtype == torch.bfloat16
    assert gate.encode(torch.ones(1, 2)) == torch.float32
    assert other.encode(torch.ones(1, 2, dtype=torch.bfloat16)) == torch.bfloat16
    assert gate.to(torch.bfloat16).encode(torch.ones(1, 2).bfloat16()) == torch.bfloat16
    assert torch.equal(component.weight, weight)
