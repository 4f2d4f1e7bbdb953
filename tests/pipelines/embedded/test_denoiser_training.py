"""A step of the denoiser's training: the same in threads, the same after a checkpoint."""

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from pipelines.embedded.captions import captioned
from pipelines.embedded.denoiser import build_unet
from pipelines.embedded.denoiser_training import Budget, DenoiserTraining, Examples
from pipelines.embedded.text_encoder import Reader
from pipelines.embedded.tokenizer import build_tokenizer, token_ids

CPU = torch.device("cpu")
BUDGET = Budget(1e9)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Networks of this size lose time in threads that wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def material() -> tuple[Reader, Examples]:
    torch.manual_seed(0)
    texts = [captioned(seed)[1].text for seed in range(60)]
    tokenizer = build_tokenizer(texts)
    ids = token_ids(tokenizer, texts).short().view(30, 2, -1)
    latents = torch.randn(30, 32, 4, 4).half()
    empty = token_ids(tokenizer, [""])[0].short()
    return Reader(tokenizer), Examples(latents, ids, empty)


def training(material: tuple[Reader, Examples], threads: int = 1) -> DenoiserTraining:
    torch.manual_seed(0)
    unet = build_unet((32, 32), 4)
    return DenoiserTraining(unet, material[0].encoder, CPU, batch=8, threads=threads)


def gradients(one: DenoiserTraining, batch: tuple[Tensor, ...]) -> Tensor:
    one._gradients(*batch)
    return torch.cat([p.grad.flatten() for p in one.unet.parameters() if p.grad is not None])


def apart(a: Tensor, b: Tensor) -> float:
    return float(((a - b).norm() / b.norm()).detach())


@pytest.mark.parametrize("threads", [2, 4])
def test_threads_find_the_gradients_of_one_thread(
    material: tuple[Reader, Examples], threads: int
) -> None:
    alone, together = training(material), training(material, threads)
    batch, other = alone._draw(material[1]), alone._draw(material[1])
    whole = gradients(alone, batch)
    assert apart(gradients(together, batch), whole) < 0.02
    assert apart(gradients(together, other), whole) > 0.2
    first_rows = tuple(part[:4].repeat(2, *[1] * (part.ndim - 1)) for part in batch)
    assert apart(gradients(together, first_rows), whole) > 0.2


def test_threads_share_the_weights_and_not_the_gradients(
    material: tuple[Reader, Examples],
) -> None:
    together = training(material, 2)
    together.train_step([material[1]], BUDGET)
    first, second = together._copies
    for own, shared in zip(first.parameters(), second.parameters(), strict=True):
        assert own.data_ptr() == shared.data_ptr()
        assert own.grad is None or own.grad is not shared.grad


def state(one: DenoiserTraining) -> list[Tensor]:
    return [*one.unet.state_dict().values(), *one.average]


def test_a_checkpoint_leads_to_the_same_next_step_bit_for_bit(
    material: tuple[Reader, Examples], tmp_path: Path
) -> None:
    groups = [
        material[1],
        Examples(material[1].latents[:9], material[1].ids[:9], material[1].empty),
    ]
    first = training(material)
    for _ in range(3):
        first.train_step(groups, BUDGET)
    first.save(tmp_path / "checkpoint.pt")
    at_checkpoint = copy.deepcopy(state(first))
    first.train_step(groups, BUDGET)

    second = training(material)
    second.load(tmp_path / "checkpoint.pt")
    assert all(map(torch.equal, state(second), at_checkpoint))
    second.train_step(groups, BUDGET)
    assert all(map(torch.equal, state(second), state(first)))
    assert not all(map(torch.equal, state(second), at_checkpoint))


def moved(one: DenoiserTraining, before: list[Tensor]) -> Tensor:
    parts = zip(one.unet.parameters(), before, strict=True)
    return torch.cat([(p.detach() - b).flatten() for p, b in parts])


def test_a_checkpoint_of_two_threads_goes_on_in_one(
    material: tuple[Reader, Examples], tmp_path: Path
) -> None:
    two = training(material, 2)
    for _ in range(3):
        two.train_step([material[1]], BUDGET)
    two.save(tmp_path / "checkpoint.pt")
    two.train_step([material[1]], BUDGET)
    one = training(material)
    one.load(tmp_path / "checkpoint.pt")
    before = [p.detach().clone() for p in one.unet.parameters()]
    one.train_step([material[1]], BUDGET)
    assert apart(moved(one, before), moved(two, before)) < 0.1


def test_the_rate_counts_as_falling_from_the_first_step_that_is_taken_slower(
    material: tuple[Reader, Examples],
) -> None:
    one = training(material)
    one.train_step([material[1]], Budget(1e-9))
    assert not one.falling
    one.train_step([material[1]], Budget(1e-9))
    assert one.falling
