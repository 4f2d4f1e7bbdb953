"""BiRefNet has the published weights' names and shapes, and its parts do what their papers say."""

import json

import pytest
import torch
from torch.nn import functional
from transformers import SwinBackbone, SwinConfig

from pipelines.errors import ModelBroken
from pipelines.nets.birefnet import BiRefNet, _Deformable, read_birefnet
from pipelines.nets.swin import Swin, SwinShape
from tests.pipelines.networks import SMALL_SWIN, small_birefnet

LARGE = SwinShape(192, (2, 2, 18, 2), (6, 12, 24, 48), 12)
LITE = SwinShape(96, (2, 2, 6, 2), (3, 6, 12, 24), 7)


def file_bytes(net: BiRefNet, shape: SwinShape, dtype: str, width: int) -> int:
    """How large a safetensors file of a network and of what its training used would be."""
    tensors = {
        key: (list(value.shape), value.is_floating_point())
        for key, value in net.state_dict().items()
    }
    for level, features in zip((4, 3, 2), (4, 2, 1), strict=True):
        widths = {f"conv_ms_spvn_{level}": 2 * shape.features * features}
        widths[f"gdt_convs_pred_{level}.0"] = 16
        for name, inward in widths.items():
            tensors[f"decoder.{name}.weight"] = ([1, inward, 1, 1], True)
            tensors[f"decoder.{name}.bias"] = ([1], True)
    head: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for key in sorted(tensors, key=lambda key: (tensors[key][1], key)):  # the widest type first
        sides, is_float = tensors[key]
        size = torch.Size(sides).numel() * (width if is_float else 8)
        kind = dtype if is_float else "I64"
        head[key] = {"dtype": kind, "shape": sides, "data_offsets": [end, end + size]}
        end += size
    length = len(json.dumps(head, separators=(",", ":")))
    return 8 + length + -length % 8 + end


@pytest.mark.parametrize(
    ("shape", "dtype", "width", "published"),
    [(LARGE, "F16", 2, 444_473_596), (LITE, "F32", 4, 177_634_392)],
    ids=["BiRefNet", "BiRefNet_lite"],
)
def test_its_file_would_be_as_large_as_the_published_one_to_the_byte(
    shape: SwinShape, dtype: str, width: int, published: int
) -> None:
    with torch.device("meta"):
        net = BiRefNet(shape)
    assert file_bytes(net, shape, dtype, width) == published


def test_its_shape_is_read_off_its_weights() -> None:
    net = small_birefnet()
    again = read_birefnet(net.state_dict(), "small")
    picture = torch.rand(1, 3, 96, 64)
    with torch.no_grad():
        matte = net(picture)
        assert matte.shape == (1, 1, 96, 64)
        assert matte.std() > 0.01
        assert torch.equal(again(picture), matte)


def test_weights_of_another_network_are_refused_by_name() -> None:
    weights = small_birefnet().state_dict()
    del weights["decoder.conv_out1.0.bias"]
    with pytest.raises(ModelBroken, match="matting is not of a BiRefNet"):
        read_birefnet(weights, "matting")
    with pytest.raises(ModelBroken, match="matting is not of a BiRefNet"):
        read_birefnet({"weight": torch.zeros(1)}, "matting")


@pytest.mark.parametrize("value", [torch.zeros(()), torch.zeros(49), torch.zeros(49, 0)])
def test_weights_of_an_odd_shape_are_refused(value: torch.Tensor) -> None:
    table = "bb.layers.0.blocks.0.attn.relative_position_bias_table"
    with pytest.raises(ModelBroken, match="matting is not of a BiRefNet"):
        read_birefnet(small_birefnet().state_dict() | {table: value}, "matting")


@pytest.mark.parametrize("side", [1, 3, 7])
def test_a_deformable_convolution_that_moves_nothing_is_an_ordinary_one(side: int) -> None:
    deformable = _Deformable(4, 6, side)
    for conv in (deformable.offset_conv, deformable.modulator_conv):
        torch.nn.init.zeros_(conv.weight)
        torch.nn.init.zeros_(conv.bias)
    x = torch.randn(2, 4, 9, 11)
    with torch.no_grad():
        expected = deformable.regular_conv(x)
        assert torch.allclose(deformable(x), expected, atol=1e-5)
        deformable.offset_conv.bias[::2] = 1.0  # every tap looks one row further down
        moved = functional.pad(x, (0, 0, 0, 1))[:, :, 1:]
        inside = slice(side, -side)
        assert torch.allclose(
            deformable(x)[:, :, inside], deformable.regular_conv(moved)[:, :, inside], atol=1e-5
        )


def test_its_swin_sees_what_the_library_s_own_sees() -> None:
    shape = SMALL_SWIN
    torch.manual_seed(1)
    ours = Swin(shape).eval()
    for parameter in ours.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    config = SwinConfig(
        embed_dim=shape.features,
        depths=list(shape.depths),
        num_heads=list(shape.heads),
        window_size=shape.window,
        image_size=64,
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )
    theirs = SwinBackbone(config).eval()
    weights = {_theirs(key): value for key, value in _split(ours.state_dict()).items()}
    missing, unexpected = theirs.load_state_dict(weights, strict=False)
    assert unexpected == []
    assert all("relative_position_index" in key or "layernorm" in key for key in missing), missing
    picture = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        for mine, their in zip(ours(picture), theirs(picture).feature_maps, strict=True):
            assert torch.allclose(mine, their, atol=1e-3, rtol=1e-3)


def _split(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Queries, keys and values apart, as the library has them; no indices, which it computes."""
    apart: dict[str, torch.Tensor] = {}
    for key, value in weights.items():
        if ".qkv." in key:
            for name, part in zip("qkv", value.chunk(3), strict=True):
                apart[key.replace("qkv", f"{name}_proj")] = part
        elif "relative_position_index" not in key:
            apart[key] = value
    return apart


def _theirs(key: str) -> str:
    """The library's name of one of our tensors."""
    table = "relative_position_bias_table"
    renamed = (
        key.replace("patch_embed.proj", "swin.embeddings.patch_embeddings.projection")
        .replace("patch_embed.norm", "swin.embeddings.norm")
        .replace("attn.proj", "attention.o_proj")
        .replace(f"attn.{table}", f"attention.relative_position_bias.{table}")
        .replace("attn.", "attention.")
    )
    if key.startswith("layers."):
        return "swin.encoder." + renamed.replace("norm1", "layernorm_before").replace(
            "norm2", "layernorm_after"
        )
    if key.startswith("norm"):
        stage, _, rest = key.removeprefix("norm").partition(".")
        return f"hidden_states_norms.stage{int(stage) + 1}.{rest}"
    return renamed
