"""The autoencoder: a stock class whose encoder is exactly the analysis it was written from."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pipelines.embedded.autoencoder import build_autoencoder, fidelity, read_encoder
from pipelines.embedded.canvas import Frame
from pipelines.embedded.dataset import rendered
from pipelines.embedded.decoder_training import DecoderTraining, Lesson, put_average
from pipelines.embedded.pca import FACTOR, LATENT_CHANNELS, Pca, fit_pca, to_tensor

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def pictures() -> NDArray[np.uint8]:
    return rendered(range(24), Frame(128, 128))


@pytest.fixture(scope="module")
def pca(pictures: NDArray[np.uint8]) -> Pca:
    return fit_pca(pictures)


@pytest.fixture(scope="module")
def lesson(pca: Pca, pictures: NDArray[np.uint8]) -> Lesson:
    return Lesson(torch.from_numpy(pictures[:8]), pca.encode_many(pictures[:8]))


@torch.no_grad()
def test_the_stock_encoder_is_the_matrices(pca: Pca, pictures: NDArray[np.uint8]) -> None:
    vae = build_autoencoder(pca)
    latents = vae.encode(to_tensor(pictures[:4])).latents
    assert latents.shape == (4, LATENT_CHANNELS, 128 // FACTOR, 128 // FACTOR)
    assert torch.allclose(latents, pca.encode(pictures[:4]), atol=1e-4)


@torch.no_grad()
def test_a_changed_matrix_changes_the_encoder(pca: Pca, pictures: NDArray[np.uint8]) -> None:
    first, *rest = pca.levels
    other = Pca((first.flip(0), *rest), shift=pca.shift)
    latents = build_autoencoder(other).encode(to_tensor(pictures[:4])).latents
    assert not torch.allclose(latents, pca.encode(pictures[:4]), atol=1e-2)


def test_the_matrices_can_be_read_from_the_weights_again(pca: Pca) -> None:
    again = read_encoder(build_autoencoder(pca))
    assert all(map(torch.equal, again.levels, pca.levels))
    assert torch.equal(again.shift, pca.shift)


def test_the_components_are_of_falling_size_and_centred(
    pca: Pca, pictures: NDArray[np.uint8]
) -> None:
    latents = pca.encode(pictures)
    spread = latents.std((0, 2, 3))
    assert spread[0] == spread.max()
    assert spread[-1] > 0.02
    assert latents.mean((0, 2, 3)).abs().max() < 1e-3


def test_lying_pictures_are_encoded_whole_and_within_the_decoders_soft_limit(pca: Pca) -> None:
    wide = rendered(range(6), Frame(160, 96))
    latents = pca.encode(wide)
    assert latents.shape == (6, LATENT_CHANNELS, 96 // FACTOR, 160 // FACTOR)
    assert torch.allclose(build_autoencoder(pca).encoder(to_tensor(wide)), latents, atol=1e-4)
    assert (latents.abs() < 3).float().mean() > 0.98


def teach(training: DecoderTraining, lesson: Lesson, steps: int) -> list[float]:
    return [training.train_step(lesson, 0.0).item() for _ in range(steps)]


def training_of(pca: Pca) -> DecoderTraining:
    torch.manual_seed(0)
    return DecoderTraining(build_autoencoder(pca).decoder, CPU, batch=2)


def test_the_decoder_learns_and_its_average_draws_better(
    pca: Pca, lesson: Lesson, pictures: NDArray[np.uint8], tmp_path: Path
) -> None:
    training = training_of(pca)
    losses = teach(training, lesson, 14)
    assert losses[-1] < 0.8 * losses[0]
    training.save(tmp_path / "decoder.pt")
    taught, untaught = build_autoencoder(pca), build_autoencoder(pca)
    put_average(taught, tmp_path / "decoder.pt")
    assert fidelity(taught, pictures[:4]) > fidelity(untaught, pictures[:4])


def test_the_decoders_checkpoint_leads_to_the_same_next_step(
    pca: Pca, lesson: Lesson, tmp_path: Path
) -> None:
    first = training_of(pca)
    teach(first, lesson, 2)
    first.save(tmp_path / "decoder.pt")
    second = training_of(pca)
    second.load(tmp_path / "decoder.pt")
    assert teach(first, lesson, 2) == teach(second, lesson, 2)
    assert all(map(torch.equal, first.average, second.average))


def test_first_and_last_layer_are_no_hidden_ones(pca: Pca, lesson: Lesson) -> None:
    """Muon moves all its matrices equally far, AdamW the others by its own rule."""
    training = training_of(pca)
    convolutions = [m.weight for m in training.decoder.modules() if isinstance(m, torch.nn.Conv2d)]
    muon, adam = training.optimizer.state_dict()[0], training.optimizer.state_dict()[-1]
    assert len(muon["param_groups"][0]["params"]) == len(convolutions) - 2
    others = len(list(training.decoder.parameters())) - len(convolutions) + 2
    assert len(adam["param_groups"][0]["params"]) == others
