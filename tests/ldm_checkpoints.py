"""Whole checkpoints in the layout of latent-diffusion, made of small pipelines on the disk.

Names are turned from diffusers' into those in which files of Stable Diffusion are passed around.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

Weights = dict[str, torch.Tensor]
Rules = Iterable[tuple[str, str]]

_RESNET: Rules = (
    (r"\.norm1\.", ".in_layers.0."),
    (r"\.conv1\.", ".in_layers.2."),
    (r"\.time_emb_proj\.", ".emb_layers.1."),
    (r"\.norm2\.", ".out_layers.0."),
    (r"\.conv2\.", ".out_layers.3."),
    (r"\.conv_shortcut\.", ".skip_connection."),
)
_AROUND: Rules = (
    (r"^time_embedding\.linear_1\.", "time_embed.0."),
    (r"^time_embedding\.linear_2\.", "time_embed.2."),
    (r"^add_embedding\.linear_1\.", "label_emb.0.0."),
    (r"^add_embedding\.linear_2\.", "label_emb.0.2."),
    (r"^conv_in\.", "input_blocks.0.0."),
    (r"^conv_norm_out\.", "out.0."),
    (r"^conv_out\.", "out.2."),
    (r"^mid_block\.resnets\.0", "middle_block.0"),
    (r"^mid_block\.attentions\.0", "middle_block.1"),
    (r"^mid_block\.resnets\.1", "middle_block.2"),
)
_AUTOENCODER: Rules = (
    (r"down_blocks\.(\d)\.resnets\.(\d)", r"down.\1.block.\2"),
    (r"down_blocks\.(\d)\.downsamplers\.0\.", r"down.\1.downsample."),
    (r"mid_block\.resnets\.0", "mid.block_1"),
    (r"mid_block\.resnets\.1", "mid.block_2"),
    (r"mid_block\.attentions\.0\.group_norm", "mid.attn_1.norm"),
    (r"mid_block\.attentions\.0\.to_out\.0", "mid.attn_1.proj_out"),
    (r"mid_block\.attentions\.0\.to_(q|k|v)", r"mid.attn_1.\1"),
    (r"conv_norm_out", "norm_out"),
    (r"conv_shortcut", "nin_shortcut"),
)
_OPEN_CLIP: Rules = (
    (r"^text_model\.encoder\.layers\.(\d+)\.layer_norm(\d)\.", r"transformer.resblocks.\1.ln_\2."),
    (r"^text_model\.encoder\.layers\.(\d+)\.mlp\.fc1\.", r"transformer.resblocks.\1.mlp.c_fc."),
    (r"^text_model\.encoder\.layers\.(\d+)\.mlp\.fc2\.", r"transformer.resblocks.\1.mlp.c_proj."),
    (r"^text_model\.encoder\.layers\.(\d+)\.self_attn\.", r"transformer.resblocks.\1.attn."),
    (r"^text_model\.embeddings\.token_embedding\.", "token_embedding."),
    (r"^text_model\.embeddings\.position_embedding\.weight$", "positional_embedding"),
    (r"^text_model\.final_layer_norm\.", "ln_final."),
    (r"^text_projection\.weight$", "text_projection"),
)


def save_sd15_checkpoint(file: Path, of: Path) -> Path:
    """The weights of a saved StableDiffusionPipeline as one file."""
    text = _under("cond_stage_model.transformer.", clip(_part(of, "text_encoder")))
    return _save(file, {**_pictures(of), **text})


def save_sdxl_checkpoint(file: Path, of: Path) -> Path:
    """The weights of a saved StableDiffusionXLPipeline as one file."""
    first = _under("conditioner.embedders.0.transformer.", clip(_part(of, "text_encoder")))
    second = _under("conditioner.embedders.1.model.", open_clip(clip(_part(of, "text_encoder_2"))))
    return _save(file, {**_pictures(of), **first, **second})


def _save(file: Path, weights: Weights) -> Path:
    save_file({name: weight.contiguous() for name, weight in weights.items()}, file)
    return file


def _part(of: Path, name: str) -> Weights:
    (file,) = (of / name).glob("*.safetensors")
    return load_file(file)


def _under(prefix: str, weights: Weights) -> Weights:
    return {prefix + name: weight for name, weight in weights.items()}


def _pictures(of: Path) -> Weights:
    return {
        **_under("model.diffusion_model.", unet(_part(of, "unet"))),
        **_under("first_stage_model.", autoencoder(_part(of, "vae"))),
    }


def unet(weights: Weights, layers: int = 1) -> Weights:
    """Of blocks with so many layers each."""
    per_block = layers + 1
    renamed = {}
    for name, weight in weights.items():
        found = re.match(r"(down|up)_blocks\.(\d)\.(resnets|attentions|\w+samplers)\.(\d)\.", name)
        if found:
            way, block, kind, layer = found[1], int(found[2]), found[3], int(found[4])
            rest = name[found.end() :]
            if way == "down":
                number = block * per_block + layer + 1
                if kind == "downsamplers":
                    name = f"input_blocks.{(block + 1) * per_block}.0.{_op(rest)}"
                else:
                    name = f"input_blocks.{number}.{int(kind == 'attentions')}.{rest}"
            elif kind == "upsamplers":
                has_attention = f"up_blocks.{block}.attentions.0.norm.weight" in weights
                number = block * (per_block) + layers
                name = f"output_blocks.{number}.{1 + has_attention}.{rest}"
            else:
                number = block * per_block + layer
                name = f"output_blocks.{number}.{int(kind == 'attentions')}.{rest}"
        new = _renamed(name, _AROUND)
        renamed[new if "transformer_blocks" in name else _renamed(new, _RESNET)] = weight
    return renamed


def _op(rest: str) -> str:
    return rest.replace("conv.", "op.")


def autoencoder(weights: Weights) -> Weights:
    blocks = 1 + max(int(found[1]) for found in _ups(weights))
    renamed = {}
    for name, weight in weights.items():
        new = re.sub(
            r"up_blocks\.(\d)\.resnets\.",
            lambda found: f"up.{blocks - 1 - int(found[1])}.block.",
            name,
        )
        new = re.sub(
            r"up_blocks\.(\d)\.upsamplers\.0\.",
            lambda found: f"up.{blocks - 1 - int(found[1])}.upsample.",
            new,
        )
        is_matrix = ".attentions." in name and weight.ndim == 2
        renamed[_renamed(new, _AUTOENCODER)] = weight[:, :, None, None] if is_matrix else weight
    return renamed


def _ups(weights: Mapping[str, torch.Tensor]) -> Iterator[re.Match[str]]:
    for name in weights:
        if found := re.match(r"decoder\.up_blocks\.(\d)", name):
            yield found


def clip(weights: Weights) -> Weights:
    """With the names that CLIP had when these files were made, whatever transformers says now."""
    return {
        name if name.startswith(("text_model.", "text_projection.")) else f"text_model.{name}": one
        for name, one in weights.items()
    }


def open_clip(weights: Weights) -> Weights:
    renamed: Weights = {}
    for name, weight in weights.items():
        new = _renamed(name, _OPEN_CLIP)
        if found := re.search(r"attn\.([qkv])_proj\.(weight|bias)$", new):
            if found[1] != "q":
                continue
            whole = [weights[name.replace(".q_proj.", f".{each}_proj.")] for each in "qkv"]
            new = f"{new[: found.start()]}attn.in_proj_{found[2]}"
            weight = torch.cat(whole)
        renamed[new] = weight.T if new == "text_projection" else weight
    return renamed


def _renamed(name: str, rules: Rules) -> str:
    for old, new in rules:
        name = re.sub(old, new, name)
    return name
