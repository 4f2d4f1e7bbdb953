"""The autoencoder: a stock class whose encoder is exactly the analysis it was written from."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pipelines.embedded.autoencoder import (
    FACTOR,
    LATENT_CHANNELS,
    DecoderTraining,
    Pca,
    build_autoencoder,
    fit_pca,
    to_tensor,
)
from pipelines.embedded.dataset import rendered


@pytest.fixture(scope="module")
def pictures() -> NDArray[np.uint8]:
    return rendered(range(24), side=64)


@pytest.fixture(scope="module")
def pca(pictures: NDArray[np.uint8]) -> Pca:
    return fit_pca(pictures)


@torch.no_grad()
def test_the_stock_encoder_is_the_matrices(pca: Pca, pictures: NDArray[np.uint8]) -> None:
    vae = build_autoencoder(pca)
    latents = vae.encode(to_tensor(pictures[:4])).latents
    assert latents.shape == (4, LATENT_CHANNELS, 64 // FACTOR, 64 // FACTOR)
    assert torch.allclose(latents, pca.encode(pictures[:4]), atol=1e-4)


@torch.no_grad()
def test_a_changed_matrix_changes_the_encoder(pca: Pca, pictures: NDArray[np.uint8]) -> None:
    other = Pca(middle=pca.middle.flip(0), last=pca.last, shift=pca.shift)
    latents = build_autoencoder(other).encode(to_tensor(pictures[:4])).latents
    assert not torch.allclose(latents, pca.encode(pictures[:4]), atol=1e-2)


def test_the_components_are_of_falling_size_and_centred(
    pca: Pca, pictures: NDArray[np.uint8]
) -> None:
    latents = pca.encode(pictures)
    spread = latents.std((0, 2, 3))
    assert spread[0] == spread.max()
    assert spread[-1] > 0.1
    assert latents.mean((0, 2, 3)).abs().max() < 1e-3


def test_the_decoder_learns(pca: Pca, pictures: NDArray[np.uint8]) -> None:
    torch.manual_seed(0)
    training = DecoderTraining.start(build_autoencoder(pca))
    generator = torch.Generator().manual_seed(0)
    whole = torch.from_numpy(pictures[:4]).permute(0, 3, 1, 2).float() / 255
    latents = pca.encode(pictures[:4])
    losses = [training.train_step(whole, latents, 1000, generator) for _ in range(12)]
    assert losses[-1] < 0.6 * losses[0]
