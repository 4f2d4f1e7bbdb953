"""Muon sees convolutions as matrices in place; its momentum outlives another dealing."""

import copy

import pytest
import torch
from torch import Tensor, nn

from pipelines.embedded.optimizer import HiddenAndRest, as_matrix


def network() -> nn.Sequential:
    torch.manual_seed(0)
    layers = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3), nn.Conv2d(8, 4, 1), nn.Conv2d(4, 2, 3)
    )
    return layers.to(memory_format=torch.channels_last)


def optimizer(layers: nn.Sequential, shares: int = 1) -> HiddenAndRest:
    hidden = [layers[1].weight, layers[2].weight]
    rest = [p for p in layers.parameters() if all(p is not one for one in hidden)]
    return HiddenAndRest(hidden, rest, hidden_rate=1e-2, rest_rate=1e-2, shares=shares)


def give_gradients(layers: nn.Sequential, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for parameter in layers.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=generator)


def weights(layers: nn.Sequential) -> list[Tensor]:
    return [p.detach().clone() for p in layers.parameters()]


def test_a_step_on_a_convolution_is_a_step_on_its_matrix() -> None:
    layers = network()
    copied = [as_matrix(layers[n].weight.detach()).clone().requires_grad_() for n in (1, 2)]
    muon = torch.optim.Muon(copied, lr=5e-3, weight_decay=0.01, adjust_lr_fn="match_rms_adamw")
    give_gradients(layers, 1)
    for one, n in zip(copied, (1, 2), strict=True):
        one.grad = as_matrix(layers[n].weight.grad).clone()
    muon.step()
    optimizer(layers).step(0.5)
    for one, n in zip(copied, (1, 2), strict=True):
        assert torch.allclose(as_matrix(layers[n].weight), one, atol=1e-6)


def test_every_weight_moves_and_none_without_a_rate() -> None:
    layers = network()
    before = weights(layers)
    give_gradients(layers, 1)
    own = optimizer(layers, shares=2)
    own.step(0.0)
    assert all(map(torch.equal, weights(layers), before))
    own.step(1.0)
    assert not any(map(torch.equal, weights(layers), before))


def test_weights_that_are_no_matrix_in_place_are_refused() -> None:
    layers = network().to(memory_format=torch.contiguous_format)
    with pytest.raises(ValueError, match="channels_last"):
        optimizer(layers)


@pytest.mark.parametrize("shares", [1, 2, 5])
def test_momentum_goes_on_when_it_is_dealt_out_otherwise(shares: int) -> None:
    first, second = network(), network()
    before = optimizer(first, shares=2)
    give_gradients(first, 1)
    before.step(1.0)
    after = optimizer(second, shares=shares)
    second.load_state_dict(first.state_dict())
    after.load_state_dict(copy.deepcopy(before.state_dict()))
    forgetful = network()
    forgetful.load_state_dict(first.state_dict())
    for layers, own in ((first, before), (second, after), (forgetful, optimizer(forgetful))):
        give_gradients(layers, 2)
        own.step(1.0)
    assert all(map(torch.equal, weights(first), weights(second)))
    assert not torch.equal(first[1].weight, forgetful[1].weight)
