"""What a training leaves in its work folder, and how each part is read again."""

from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import AutoencoderTiny
from safetensors.torch import load_file, save_file
from transformers import CLIPTokenizer

from pipelines.embedded.autoencoder import build_autoencoder
from pipelines.embedded.decoder_training import put_average
from pipelines.embedded.pca import Pca
from pipelines.embedded.text_encoder import Reader


@dataclass(frozen=True, slots=True)
class WorkFolder:
    """The files of one training, by what they are."""

    out: Path

    @property
    def vocabulary(self) -> Path:
        return self.out / "tokenizer"

    @property
    def reader_file(self) -> Path:
        return self.out / "reader.pt"

    @property
    def pca_file(self) -> Path:
        return self.out / "pca.safetensors"

    @property
    def decoder_file(self) -> Path:
        return self.out / "decoder.pt"

    @property
    def denoiser_file(self) -> Path:
        return self.out / "denoiser.pt"

    @property
    def held_file(self) -> Path:
        """The last checkpoint before the learning rate fell."""
        return self.out / "denoiser-held.pt"

    @property
    def first_denoiser(self) -> Path:
        """What the denoiser began from, where it did not begin from nothing."""
        return self.out / "first-denoiser"

    @property
    def weights(self) -> Path:
        return self.out / "weights"

    def tokenizer(self) -> CLIPTokenizer:
        tokenizer: CLIPTokenizer = CLIPTokenizer.from_pretrained(self.vocabulary)
        return tokenizer

    def reader(self) -> Reader:
        reader = Reader(self.tokenizer())
        reader.load_state_dict(torch.load(self.reader_file, map_location="cpu", weights_only=True))
        return reader.eval()

    def pca(self) -> Pca:
        return Pca.of(load_file(self.pca_file))

    def keep_pca(self, pca: Pca) -> None:
        unfinished = self.pca_file.with_suffix(".tmp")
        save_file(pca.tensors(), unfinished)
        unfinished.replace(self.pca_file)

    def vae(self, scale: float | None = None) -> AutoencoderTiny:
        """The autoencoder with the decoder's averaged weights as far as they are trained."""
        vae = build_autoencoder(self.pca())
        if self.decoder_file.exists():
            put_average(vae, self.decoder_file)
        vae.register_to_config(scaling_factor=scale or self.scale())
        return vae.eval()

    def scale(self) -> float | None:
        """The factor that gives latents unit spread, once it is known."""
        path = self.out / "scale.txt"
        return float(path.read_text()) if path.exists() else None

    def keep_scale(self, scale: float) -> None:
        (self.out / "scale.txt").write_text(f"{scale:.6f}\n")
