"""Tiny pipelines whose transformer takes text of any length, with a mask, lengths or as a list."""

import html
from typing import Any

import diffusers
from diffusers import FlowMatchEulerDiscreteScheduler

from pipelines.parity import autoencoders, text
from pipelines.parity.case import Case
from pipelines.parity.tiny import give_noise, tiny


def build_qwen_image(*, zero_cond_t: bool = False) -> Any:
    transformer = tiny(
        lambda: diffusers.QwenImageTransformer2DModel(
            patch_size=2,
            in_channels=16,
            out_channels=4,
            num_layers=2,
            attention_head_dim=16,
            num_attention_heads=3,
            joint_attention_dim=32,
            guidance_embeds=False,
            axes_dims_rope=(8, 4, 4),
            zero_cond_t=zero_cond_t,
        )
    )
    return diffusers.QwenImagePipeline(
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, shift_terminal=0.02),
        vae=autoencoders.qwen_image(),
        text_encoder=text.qwen25_vl(),
        tokenizer=text.chat_tokenizer(),
    )


def build_nucleus() -> Any:
    transformer = tiny(
        lambda: diffusers.NucleusMoEImageTransformer2DModel(
            patch_size=2,
            in_channels=16,
            out_channels=4,
            num_layers=5,
            attention_head_dim=32,
            num_attention_heads=3,
            num_key_value_heads=1,
            joint_attention_dim=32,
            axes_dims_rope=(16, 8, 8),
            mlp_ratio=4.0,
            num_experts=4,
            moe_intermediate_dim=16,
            capacity_factors=2.0,
        )
    )
    # The class leaves its experts' memory as it found it.
    give_noise(transformer, lambda name, value: "experts" in name and value.ndim == 3, 0.1)
    return diffusers.NucleusMoEImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, shift_terminal=0.02),
        vae=autoencoders.qwen_image(),
        text_encoder=text.qwen3_vl(width=32, layers=4),
        processor=text.TextProcessor(),
        transformer=transformer,
    )


def build_z_image() -> Any:
    transformer = tiny(
        lambda: diffusers.ZImageTransformer2DModel(
            all_patch_size=(2,),
            all_f_patch_size=(1,),
            in_channels=16,
            dim=32,
            n_layers=2,
            n_refiner_layers=1,
            n_heads=2,
            n_kv_heads=2,
            cap_feat_dim=16,
            rope_theta=256.0,
            axes_dims=[8, 4, 4],
            axes_lens=[1024, 512, 512],
        )
    )
    return diffusers.ZImagePipeline(
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=autoencoders.kl_without_quant(16, shift_factor=0.0, scaling_factor=1.0),
        text_encoder=text.qwen3(width=16),
        tokenizer=text.chat_tokenizer(),
    )


def build_ernie() -> Any:
    transformer = tiny(
        lambda: diffusers.ErnieImageTransformer2DModel(
            patch_size=1,
            in_channels=4,
            out_channels=4,
            hidden_size=48,
            num_attention_heads=2,
            num_layers=2,
            ffn_hidden_size=64,
            text_in_dim=32,
            rope_axes_dim=(8, 8, 8),
        )
    )
    return diffusers.ErnieImagePipeline(
        transformer=transformer,
        vae=autoencoders.flux2(),
        text_encoder=text.qwen3(),
        tokenizer=text.chat_tokenizer(),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
    )


def build_sana() -> Any:
    transformer = tiny(
        lambda: diffusers.SanaTransformer2DModel(
            patch_size=1,
            in_channels=4,
            out_channels=4,
            num_layers=2,
            num_attention_heads=2,
            attention_head_dim=4,
            num_cross_attention_heads=2,
            cross_attention_head_dim=4,
            cross_attention_dim=8,
            caption_channels=8,
            sample_size=32,
        )
    )
    return diffusers.SanaPipeline(
        transformer=transformer,
        vae=autoencoders.deep_compression(),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=7.0),
        text_encoder=text.gemma2(width=8, head_width=16, layers=1),
        tokenizer=text.tokenizer(2048, bos=True, eos=False),
    )


def build_pixart_sigma() -> Any:
    transformer = tiny(
        lambda: diffusers.PixArtTransformer2DModel(
            sample_size=8,
            num_layers=2,
            patch_size=2,
            attention_head_dim=8,
            num_attention_heads=3,
            caption_channels=32,
            in_channels=4,
            cross_attention_dim=24,
            out_channels=8,
            use_additional_conditions=False,
        )
    )
    return diffusers.PixArtSigmaPipeline(
        transformer=transformer,
        vae=autoencoders.kl(),
        text_encoder=text.t5(),
        tokenizer=text.tokenizer(300),
        scheduler=diffusers.DPMSolverMultistepScheduler(
            beta_start=0.0001, beta_end=0.02, beta_schedule="linear", solver_order=2
        ),
    )


def build_lumina2() -> Any:
    transformer = tiny(
        lambda: diffusers.Lumina2Transformer2DModel(
            sample_size=4,
            patch_size=2,
            in_channels=4,
            hidden_size=24,
            num_layers=2,
            num_refiner_layers=1,
            num_attention_heads=3,
            num_kv_heads=1,
            multiple_of=2,
            axes_dim_rope=(4, 2, 2),
            axes_lens=(300, 128, 128),
            cap_feat_dim=8,
        )
    )
    return diffusers.Lumina2Pipeline(
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=6.0),
        vae=autoencoders.flux(),
        text_encoder=text.gemma2(width=8, head_width=4, layers=2),
        tokenizer=text.tokenizer(512, bos=True, eos=False),
    )


class _PlainCleaner:
    """PRX's text cleaner without its first step, for which the ftfy package would be needed."""

    def basic_clean(self, prompt: str) -> str:
        return html.unescape(prompt).strip()

    clean_text = basic_clean


def build_prx() -> Any:
    transformer = tiny(
        lambda: diffusers.PRXTransformer2DModel(
            in_channels=4,
            patch_size=1,
            context_in_dim=32,
            hidden_size=16,
            mlp_ratio=2.0,
            num_heads=2,
            depth=2,
            axes_dim=[4, 4],
        )
    )
    pipe = diffusers.PRXPipeline(
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(),
        text_encoder=text.t5_gemma(),
        tokenizer=text.tokenizer(256),
        vae=autoencoders.kl(shift_factor=0.0),
    )
    pipe.text_preprocessor = _PlainCleaner()
    return pipe


def build_hunyuan_image() -> Any:
    transformer = tiny(
        lambda: diffusers.HunyuanImageTransformer2DModel(
            patch_size=(1, 1),
            in_channels=4,
            out_channels=4,
            num_attention_heads=4,
            attention_head_dim=8,
            num_layers=1,
            num_single_layers=1,
            num_refiner_layers=1,
            guidance_embeds=True,
            text_embed_dim=32,
            text_embed_2_dim=32,
            rope_axes_dim=(4, 4),
        )
    )
    guider = diffusers.AdaptiveProjectedMixGuidance  # keeps momentum, one memory per request
    pipe = diffusers.HunyuanImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=7.0),
        vae=autoencoders.hunyuan_image(),
        text_encoder=text.qwen25_vl(layers=3),
        tokenizer=text.chat_tokenizer(),
        text_encoder_2=text.t5(),
        tokenizer_2=text.tokenizer(128),
        transformer=transformer,
        guider=guider(adaptive_projected_guidance_start_step=2),
        ocr_guider=guider(adaptive_projected_guidance_start_step=3),
    )
    # One token per byte: the real template and length would dwarf the tiny picture.
    pipe.prompt_template_encode, pipe.prompt_template_encode_start_idx = "<|im_start|>{}", 0
    pipe.tokenizer_max_length, pipe.tokenizer_2_max_length = 64, 32
    return pipe


_SMALL = {"height": 32, "width": 32}
_UNBINNED = _SMALL | {"use_resolution_binning": False}

CASES = (
    Case(
        "qwen_image",
        build_qwen_image,
        _SMALL | {"negative_prompt": "bad"},
        guidance="true_cfg_scale",
    ),
    Case("nucleus", build_nucleus, _SMALL | {"return_index": -2}),
    Case("z_image", build_z_image, _SMALL),
    Case("ernie", build_ernie, {"height": 16, "width": 16}),
    Case("sana", build_sana, _UNBINNED | {"complex_human_instruction": None}),
    Case("pixart_sigma", build_pixart_sigma, _UNBINNED),
    Case("lumina2", build_lumina2, _SMALL | {"max_sequence_length": 64, "system_prompt": ""}),
    Case("prx", build_prx, _UNBINNED | {"skip_text_cleaning": True}),
    Case("hunyuan_image", build_hunyuan_image, _SMALL, guidance="distilled_guidance_scale"),
)
