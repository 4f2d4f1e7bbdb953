"""Begins a training from the weights of an earlier one: `--from FOLDER`.

A folder of weights is all that need be carried from one machine to another. What reads and what
draws pixels counts as trained, and the denoiser goes on from its averaged weights. Momentum is not
kept: it reaches back twenty steps, and the learning rate rises from nothing anyway.
"""

import shutil
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderTiny, UNet2DConditionModel
from torch import nn
from transformers import CLIPTextModel

from pipelines.embedded.autoencoder import build_autoencoder, read_encoder
from pipelines.embedded.decoder_training import DecoderTraining
from pipelines.embedded.pca import COMPONENTS, LATENT_CHANNELS, Pca
from pipelines.embedded.text_encoder import Reader
from pipelines.embedded.work_folder import WorkFolder


class OtherModel(Exception):
    """A folder of weights that this training cannot begin from."""


def begin_from(weights: Path, work: WorkFolder, decoder_steps: int, *, denoiser: bool) -> None:
    """Fill a work folder from a pipeline folder, its decoder taken for trained in so many steps.

    Raises: OtherModel: when its networks are not those of this training.
    """
    work.out.mkdir(parents=True, exist_ok=True)
    shutil.copytree(weights / "tokenizer", work.vocabulary, dirs_exist_ok=True)
    reader = Reader(work.tokenizer())
    _fill(reader.encoder, _whole(CLIPTextModel, weights / "text_encoder"), weights)
    kept = _whole(AutoencoderTiny, weights / "vae")
    vae = build_autoencoder(_no_analysis())
    _fill(vae, kept, weights)
    work.keep_pca(read_encoder(vae))
    work.keep_scale(kept.config.scaling_factor)
    DecoderTraining(vae.decoder, torch.device("cpu"), step=decoder_steps).save(work.decoder_file)
    if denoiser:
        _whole(UNet2DConditionModel, weights / "unet").save_pretrained(work.first_denoiser)
    # The head that named attributes while the encoder learned is not among the weights; no later
    # stage asks it anything. This file comes last: with it the folder counts as filled.
    unfinished = work.reader_file.with_suffix(".tmp")
    torch.save(reader.state_dict(), unfinished)
    unfinished.replace(work.reader_file)


def _whole(kind: Any, folder: Path) -> Any:
    """A network in single precision, all of whose weights the folder has."""
    network, told = kind.from_pretrained(folder, output_loading_info=True)
    if told["missing_keys"] or told["unexpected_keys"]:
        names = sorted([*told["missing_keys"], *told["unexpected_keys"]])
        raise OtherModel(
            f"{folder} does not hold the weights that {kind.__name__} has here: {names[0]} and "
            f"{len(names) - 1} others differ. It may be of another version of its library"
        )
    return network.float()


def _fill(network: nn.Module, kept: nn.Module, weights: Path) -> None:
    """Copy the weights of an equal network."""
    try:
        network.load_state_dict(kept.state_dict())
    except RuntimeError as error:
        raise OtherModel(
            f"{weights} is of another model than this training makes, so it cannot begin from it: "
            f"{str(error).splitlines()[-1].strip()}"
        ) from error


def _no_analysis() -> Pca:
    levels, before = [], 12
    for count in COMPONENTS:
        levels.append(torch.zeros(count, 4 * before))
        before = count
    return Pca(tuple(levels), torch.zeros(LATENT_CHANNELS))
