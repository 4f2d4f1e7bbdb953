"""Part 3, lanes: what encoding and decoding take beside a denoising step.

The text encoders themselves are not built. A stand-in is timed in their place: one layer of the
encoder's width run as often as the encoder has layers, which reads as many weights and multiplies
as much; embeddings, masks and grouped heads are left out.
"""

import torch
import torch.nn.functional as F

from benchmarks.gpu.bench import Bench
from benchmarks.gpu.build import filled
from benchmarks.gpu.cells import Measurement
from benchmarks.gpu.forwards import decode_of, device_s, forward_of
from benchmarks.gpu.models import Encoder, Scale
from pipelines.types import Size

_HEAD = 64


class StandInLayer(torch.nn.Module):
    """A transformer layer with a gated feed-forward, as the newer encoders have it."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.norms = torch.nn.ModuleList(torch.nn.RMSNorm(width) for _ in range(2))
        self.to_qkv = torch.nn.Linear(width, 3 * width, bias=False)
        self.to_out = torch.nn.Linear(width, width, bias=False)
        self.to_gate = torch.nn.Linear(width, 2 * inner, bias=False)
        self.to_end = torch.nn.Linear(inner, width, bias=False)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Shapes: [rows, tokens, width] to the same."""
        rows, length, width = tokens.shape
        shape = (rows, length, width // _HEAD, _HEAD)
        parts = self.to_qkv(self.norms[0](tokens)).chunk(3, dim=-1)
        query, key, value = (part.view(shape).transpose(1, 2) for part in parts)
        attended = F.scaled_dot_product_attention(query, key, value)
        tokens = tokens + self.to_out(attended.transpose(1, 2).reshape(rows, length, width))
        gate, inner = self.to_gate(self.norms[1](tokens)).chunk(2, dim=-1)
        gated: torch.Tensor = self.to_end(F.silu(gate) * inner)
        return tokens + gated


def lanes(bench: Bench, size: Size) -> Measurement:
    """Encode, step and decode of one picture, each by itself, and their shares of the picture."""
    step_s = device_s(bench, forward_of(bench, size)) * bench.model.forwards_per_step
    decode_s = device_s(bench, decode_of(bench, size))
    encode_s = sum(_encoder_s(bench, encoder) for encoder in bench.model.encoders)
    steps = bench.model.steps
    picture_s = encode_s + steps * step_s + decode_s
    return {
        "encode_stand_in_ms": 1000 * encode_s,
        "step_ms": 1000 * step_s,
        "decode_ms": 1000 * decode_s,
        "steps": steps,
        "encode_share": encode_s / picture_s,
        "decode_share": decode_s / picture_s,
        "decode_in_steps": decode_s / step_s,
    }


def _encoder_s(bench: Bench, encoder: Encoder) -> float:
    tiny = bench.scale is Scale.TINY
    layers = 1 if tiny else encoder.layers
    width, inner = (_HEAD, _HEAD) if tiny else (encoder.width, encoder.inner)
    with torch.device("meta"):
        empty = StandInLayer(width, inner)
    layer = filled(empty, bench.device, bench.dtype)
    tokens = torch.randn(1, encoder.tokens, width, device=bench.device, dtype=bench.dtype)

    def encode() -> None:
        for _ in range(layers):
            layer(tokens)

    return device_s(bench, encode)
