"""Keys, merging and splitting, on tiny instances of real denoisers."""

from typing import Any

import pytest
import torch
from diffusers import (
    FluxTransformer2DModel,
    Ideogram4Transformer2DModel,
    QwenImageTransformer2DModel,
    UNet2DConditionModel,
    UNet2DModel,
)
from diffusers.models.attention_dispatch import AttentionBackendName, attention_backend
from diffusers.models.transformers.transformer_flux import FluxAttnProcessor

from pipelines.merge import Call, Digests, bind, forward, merge, run, split


def drawn(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def unet() -> UNet2DConditionModel:
    torch.manual_seed(0)
    return UNet2DConditionModel(
        sample_size=8,
        in_channels=4,
        out_channels=4,
        block_out_channels=(32,),
        down_block_types=("CrossAttnDownBlock2D",),
        up_block_types=("CrossAttnUpBlock2D",),
        layers_per_block=1,
        cross_attention_dim=16,
        attention_head_dim=4,
    ).eval()


@pytest.fixture(scope="module")
def flux() -> FluxTransformer2DModel:
    torch.manual_seed(0)
    model = FluxTransformer2DModel(
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=32,
        pooled_projection_dim=32,
        axes_dims_rope=(4, 4, 8),
        guidance_embeds=True,
    ).eval()
    return randomised(model)


@pytest.fixture(scope="module")
def qwen() -> QwenImageTransformer2DModel:
    torch.manual_seed(0)
    model = QwenImageTransformer2DModel(
        in_channels=16,
        out_channels=4,
        num_layers=1,
        attention_head_dim=16,
        num_attention_heads=3,
        joint_attention_dim=16,
        axes_dims_rope=(8, 4, 4),
    ).eval()
    return randomised(model)


def randomised(model: Any) -> Any:
    """Fill zero-initialised layers: without it the output depends on nothing."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.abs().max() == 0:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.1)
    return model


def unet_call(unet: torch.nn.Module, seed: int, rows: int = 1, **changes: Any) -> Call:
    arguments = {
        "sample": drawn(seed, rows, 4, 8, 8),
        "timestep": torch.tensor(10 + seed),
        "encoder_hidden_states": drawn(seed + 50, rows, 5, 16),
    }
    return bind(unet, (), arguments | changes, Digests())


def flux_call(flux: torch.nn.Module, seed: int, digests: Digests, side: int = 4) -> Call:
    ids = torch.zeros(side * side, 3)
    ids[:, 1] = torch.arange(side * side) // side
    return bind(
        flux,
        (),
        {
            "hidden_states": drawn(seed, 1, side * side, 16),
            "timestep": torch.tensor([0.1 * (seed + 1)]),
            "guidance": torch.tensor([1.0 + seed]),
            "pooled_projections": drawn(seed + 20, 1, 32),
            "encoder_hidden_states": drawn(seed + 40, 1, 6, 32),
            "txt_ids": torch.zeros(6, 3),
            "img_ids": ids,
        },
        digests,
    )


def qwen_call(qwen: torch.nn.Module, seed: int, length: int, shape: tuple[int, ...]) -> Call:
    return bind(
        qwen,
        (),
        {
            "hidden_states": drawn(seed, 1, 16, 16),
            "timestep": torch.tensor([0.1 * (seed + 1)]),
            "encoder_hidden_states": drawn(seed + 40, 1, length, 16),
            "encoder_hidden_states_mask": torch.ones(1, length, dtype=torch.long),
            "img_shapes": [[shape]],
        },
        Digests(),
    )


@torch.no_grad()
def worst(calls: list[Call]) -> float:
    """Largest difference of the merged forward to each call alone."""
    assert len({call.key for call in calls}) == 1
    alone = [call.run_alone()[0] for call in calls]
    together = [part[0] for part in run(calls)]
    return max(float((a - b).abs().max()) for a, b in zip(alone, together, strict=True))


def test_rows_with_their_own_scalar_timestep_share_a_unet_forward(
    unet: UNet2DConditionModel,
) -> None:
    calls = [unet_call(unet, 1), unet_call(unet, 2, rows=2), unet_call(unet, 3)]
    assert worst(calls) < 1e-5
    merged = merge(calls)
    assert merged["timestep"].tolist() == [11, 12, 12, 13]


def test_rows_with_their_own_guidance_share_a_flux_forward(flux: FluxTransformer2DModel) -> None:
    digests = Digests()
    assert worst([flux_call(flux, seed, digests) for seed in range(3)]) < 1e-5


def test_shorter_prompts_are_padded_and_masked(qwen: QwenImageTransformer2DModel) -> None:
    calls = [qwen_call(qwen, seed, length, (1, 4, 4)) for seed, length in ((0, 3), (1, 9), (2, 5))]
    assert worst(calls) < 1e-5
    mask = merge(calls)["encoder_hidden_states_mask"]
    assert mask.sum(1).tolist() == [3, 9, 5]


def test_equal_token_counts_in_another_layout_do_not_meet(
    qwen: QwenImageTransformer2DModel,
) -> None:
    assert qwen_call(qwen, 0, 3, (1, 4, 4)).key != qwen_call(qwen, 0, 3, (1, 8, 2)).key


def test_other_position_ids_do_not_meet(flux: FluxTransformer2DModel) -> None:
    digests = Digests()
    wide = flux_call(flux, 0, digests)
    wide.arguments["img_ids"] = wide.arguments["img_ids"].flip(0)
    moved = bind(flux, (), wide.arguments, digests)
    assert moved.key != flux_call(flux, 0, digests).key


@torch.no_grad()
def worst_mixed(calls: list[Call], **changes: Any) -> float:
    """Largest difference of a forward over unlike sizes to each call alone."""
    assert len({call.key for call in calls}) == len(calls)
    assert len({call.mixed_key for call in calls}) == 1
    alone = [call.run_alone()[0] for call in calls]
    together = split(forward(calls, merge(calls) | changes), calls)
    assert [part[0].shape for part in together] == [one.shape for one in alone]
    return max(float((a - b[0]).abs().max()) for a, b in zip(alone, together, strict=True))


def test_rows_of_unlike_sizes_share_a_flux_forward(flux: FluxTransformer2DModel) -> None:
    digests = Digests()
    calls = [flux_call(flux, seed, digests, side) for seed, side in ((0, 2), (1, 4), (2, 3))]
    assert worst_mixed(calls) < 1e-5
    processors = {type(part.processor) for part in flux.modules() if hasattr(part, "processor")}
    assert processors == {FluxAttnProcessor}, "the model is left as it was"


@pytest.mark.parametrize("name", ["img_ids", "joint_attention_kwargs"])
def test_each_row_needs_its_own_positions_and_its_mask(
    flux: FluxTransformer2DModel, name: str
) -> None:
    digests = Digests()
    calls = [flux_call(flux, seed, digests, side) for seed, side in ((0, 2), (1, 4), (2, 3))]
    right = merge(calls)[name]
    wrong = None if isinstance(right, dict) else right.roll(len(right) // 3, 0)
    assert worst_mixed(calls, **{name: wrong}) > 1e-3


@pytest.mark.parametrize(
    "changes",
    [
        {"img_ids": torch.zeros(16, 4)},
        {"encoder_hidden_states": drawn(1, 1, 7, 32)},
    ],
    ids=["ids of another kind", "another text length"],
)
def test_in_any_doubt_unlike_sizes_do_not_meet(
    flux: FluxTransformer2DModel, changes: dict[str, Any]
) -> None:
    digests = Digests()
    small, large = flux_call(flux, 0, digests, 2), flux_call(flux, 1, digests, 4)
    assert small.mixed_key == large.mixed_key
    doubtful = bind(flux, (), large.arguments | changes, digests)
    assert doubtful.mixed_key != small.mixed_key


def test_a_call_that_brings_attention_arguments_does_not_mix(flux: FluxTransformer2DModel) -> None:
    own = {"joint_attention_kwargs": {"scale": 0.5}}
    assert (
        bind(flux, (), flux_call(flux, 0, Digests()).arguments | own, Digests()).mixed_key is None
    )


def ideogram_call(model: torch.nn.Module, seed: int, height: int, width: int) -> Call:
    text, tokens = 2, 2 + height * width
    positions = torch.zeros(1, tokens, 3, dtype=torch.long)
    positions[0, text:, 1] = torch.arange(height * width) // width
    positions[0, text:, 2] = torch.arange(height * width) % width
    return bind(
        model,
        (),
        {
            "hidden_states": drawn(seed, 1, tokens, 4),
            "timestep": torch.tensor([0.1 * (seed + 1)]),
            "encoder_hidden_states": drawn(seed + 20, 1, tokens, 8),
            "position_ids": positions,
            "segment_ids": torch.ones(1, tokens, dtype=torch.long),
            "indicator": torch.tensor([[3] * text + [2] * (tokens - text)]),
        },
        Digests(),
    )


@torch.no_grad()
def test_rows_of_unlike_sizes_are_packed_into_one_that_keeps_them_apart() -> None:
    torch.manual_seed(0)
    model = Ideogram4Transformer2DModel(
        in_channels=4,
        num_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        intermediate_size=32,
        adaln_dim=16,
        llm_features_dim=8,
        mrope_section=(4, 2, 2),
    ).eval()
    randomised(model)
    calls = [
        ideogram_call(model, seed, *size) for seed, size in enumerate([(2, 2), (4, 2), (3, 3)])
    ]
    assert worst(calls) < 1e-5
    merged = merge(calls)
    assert merged["hidden_states"].shape == (1, 6 + 10 + 11, 4)
    merged["segment_ids"] = torch.ones_like(merged["segment_ids"])
    jumbled = split(forward(calls, merged), calls)
    assert (jumbled[0][0] - calls[0].run_alone()[0]).abs().max() > 1e-3


def test_a_model_whose_attention_takes_no_mask_does_not_mix(flux: FluxTransformer2DModel) -> None:
    assert flux_call(flux, 0, Digests()).mixed_key is not None
    with attention_backend("_native_flash"):
        assert flux_call(flux, 0, Digests()).mixed_key is None
    processor = flux.transformer_blocks[0].attn.processor
    processor._attention_backend = AttentionBackendName._NATIVE_FLASH
    try:
        assert flux_call(flux, 0, Digests()).mixed_key is None
    finally:
        processor._attention_backend = None


def test_absent_and_spelled_out_defaults_meet(unet: UNet2DConditionModel) -> None:
    plain = unet_call(unet, 1)
    spelled = unet_call(unet, 1, timestep_cond=None, added_cond_kwargs={})
    assert plain.key == spelled.key


def test_positional_arguments_meet_named_ones(unet: UNet2DConditionModel) -> None:
    named = unet_call(unet, 1)
    values = [named.arguments[name] for name in ("sample", "timestep", "encoder_hidden_states")]
    assert bind(unet, tuple(values), {}, Digests()).key == named.key


@pytest.mark.parametrize(
    "changes",
    [
        {"sample": drawn(1, 1, 4, 16, 8)},
        {"sample": drawn(1, 1, 4, 8, 8).double()},
        {"encoder_hidden_states": drawn(1, 1, 6, 16)},
        {"cross_attention_kwargs": {"scale": 0.5}},
        {"cross_attention_kwargs": {"adapter": object()}},
    ],
    ids=["size", "dtype", "text length", "plain value", "unknown object"],
)
def test_what_differs_in_kind_does_not_meet(
    unet: UNet2DConditionModel, changes: dict[str, Any]
) -> None:
    assert unet_call(unet, 1, **changes).key != unet_call(unet, 1).key


def test_a_tensor_without_a_batch_dimension_keeps_its_call_alone(
    unet: UNet2DConditionModel,
) -> None:
    table = drawn(0, 3, 3)
    one, other = (unet_call(unet, seed, attention_mask=table) for seed in (1, 2))
    assert one.key != other.key


def test_a_class_without_a_rule_runs_alone_and_as_it_was_called() -> None:
    torch.manual_seed(0)
    model = UNet2DModel(
        sample_size=8,
        block_out_channels=(32,),
        down_block_types=("DownBlock2D",),
        up_block_types=("UpBlock2D",),
        layers_per_block=1,
    ).eval()
    arguments = {"sample": drawn(0, 1, 3, 8, 8), "timestep": 5}
    calls = [bind(model, (), arguments, Digests()) for _ in range(2)]
    assert calls[0].key != calls[1].key
    with torch.no_grad():
        expected = model(**arguments).sample
        assert torch.equal(run(calls[:1])[0].sample, expected)


def test_each_caller_gets_the_form_it_asked_for(unet: UNet2DConditionModel) -> None:
    calls = [unet_call(unet, 1, return_dict=False), unet_call(unet, 2, return_dict=True)]
    with torch.no_grad():
        as_tuple, as_object = run(calls)
    assert isinstance(as_tuple, tuple)
    assert as_object.sample.shape == (1, 4, 8, 8)


def test_a_digest_is_computed_once_per_tensor_and_forgotten_with_it() -> None:
    digests = Digests()
    tensor = drawn(0, 4, 3)
    first = digests.of(tensor)
    assert digests.of(tensor) is first
    assert digests.of(tensor.clone()) == first
    del tensor
    assert digests.of(drawn(1, 4, 3)) != first
