"""From a stand-in to a pipeline in host memory: its folder, a single file, LoRAs, its noise.

Of a single file that holds a whole model the folder gives only configurations and tokenizers.

A LoRA is fused into the weights, so that requests of the model share forwards as those of any
other: there is nothing to switch. Only safetensors are read, and nothing is looked up on a network.
"""

import json
import re
from pathlib import Path
from types import MappingProxyType
from typing import Any

import diffusers
import torch
from diffusers import DiffusionPipeline

from pipelines.catalog import LoRA, StandIn
from pipelines.errors import ModelBroken
from pipelines.load import bytes_on_device, check_folder, dtype_for, read_pipeline, shapes_in
from pipelines.optimize import Shapes, predicted_bytes, store_in_fp8
from pipelines.options import Offload, Storage
from pipelines.parts import DENOISERS
from pipelines.weights.store import check_installed_file

_ADAPTER = "fused"
_AUTOENCODER = ("first_stage_model.", "vae.")
_TEXT = ("cond_stage_model.", "conditioner.", "text_encoders.")
"""With weights of either a file holds more than a denoiser."""
_MADE_FOR = MappingProxyType(
    {
        "cond_stage_model.": re.compile(r"StableDiffusion(?!XL|3)\w*"),
        "conditioner.": re.compile(r"StableDiffusionXL\w*"),
    }
)
"""What the text encoders of a whole file are called -> the pipelines that have such."""
_DENOISER = "model.diffusion_model."
_AVERAGES = "model_ema."
"""Of the denoiser's weights in training; nobody reads them."""
_VELOCITY, _ZERO_SNR = "v_pred", "ztsnr"
"""Empty weights by which the makers of a file say how its denoiser was trained."""


def read_stand_in(
    stand_in: StandIn, device: torch.device, storage: Storage = Storage.NATIVE
) -> DiffusionPipeline:
    """Read a stand-in into host memory, float32 for a CPU, else bfloat16.

    Raises: ModelBroken: naming the file that is at fault.
    """
    for file in (stand_in.file, *(lora.file for lora in stand_in.loras)):
        if file is not None:
            check_installed_file(file)
    if stand_in.file is None:
        pipe = read_pipeline(stand_in.folder, device)
    else:
        pipe = _read_file(stand_in.file, stand_in.folder, device)
    for lora in stand_in.loras:
        _fuse(pipe, lora)
    if stand_in.noise:
        scheduler: Any = pipe.components["scheduler"]
        changed = type(scheduler).from_config(scheduler.config, **dict(stand_in.noise))
        pipe.register_modules(scheduler=changed)
    if storage is Storage.FP8:
        store_in_fp8(pipe)
    return pipe


def stand_in_bytes(
    stand_in: StandIn,
    device: torch.device,
    storage: Storage = Storage.NATIVE,
    offload: Offload = Offload.NONE,
) -> int:
    """Most bytes of a stand-in's weights that will be on the device at once.

    Raises: ModelBroken: when a file is no readable safetensors file.
    """
    if stand_in.file is None:
        return bytes_on_device(stand_in.folder, device, storage, offload)
    shapes = _shapes(stand_in.file)
    if not _is_whole(shapes):
        return bytes_on_device(stand_in.folder, device, storage, offload)
    parts: dict[str, dict[str, tuple[int, ...]]] = {"unet": {}, "others": {}}
    for name, shape in shapes.items():
        if name.startswith(_AVERAGES):
            continue
        parts["unet" if name.startswith(_DENOISER) else "others"][name] = shape
    return predicted_bytes(parts, dtype_for(device), storage, offload)


def _read_file(file: Path, folder: Path, device: torch.device) -> DiffusionPipeline:
    """A whole pipeline's weights take the place of all of the folder's, else of its denoiser's."""
    shapes = _shapes(file)
    check_folder(folder)
    index = json.loads((folder / "model_index.json").read_text())
    common = {"config": str(folder), "local_files_only": True}
    try:
        if _is_whole(shapes):
            return _read_whole(file, folder, index, shapes, device)
        name = next(name for name in index if name in DENOISERS)
        denoiser: Any = getattr(diffusers, index[name][1])
        part = denoiser.from_single_file(
            str(file), subfolder=name, dtype=dtype_for(device), **common
        )
        return read_pipeline(folder, device, **{name: part})
    except ModelBroken:
        raise
    except Exception as error:
        raise ModelBroken(
            f"{file} cannot be read in place of the weights of {folder}: {_why(error)}"
        ) from error


def _read_whole(
    file: Path, folder: Path, index: dict[str, Any], shapes: Shapes, device: torch.device
) -> DiffusionPipeline:
    """Of the folder only configurations and tokenizers are read, and what the file does not have.

    Raises: ModelBroken: the file is of another kind than the folder, or not all of it is there.
    """
    kind = index["_class_name"]
    for prefix, pipelines in _MADE_FOR.items():
        if any(name.startswith(prefix) for name in shapes) and not pipelines.fullmatch(kind):
            raise ModelBroken(
                f"{file} is a whole checkpoint of another kind than {folder}, a {kind}: its text "
                f"encoders ({prefix}*) do not belong to one. Name a base of its own kind"
            )
    own: dict[str, Any] = {}
    if not any(name.startswith(_AUTOENCODER) for name in shapes):
        autoencoder: Any = getattr(diffusers, index["vae"][1])
        own["vae"] = autoencoder.from_pretrained(
            folder / "vae", dtype=dtype_for(device), use_safetensors=True, local_files_only=True
        )
    pipe = getattr(diffusers, kind).from_single_file(
        str(file), config=str(folder), local_files_only=True, dtype=dtype_for(device), **own
    )
    _require_all(pipe, file)
    if _VELOCITY in shapes:
        told = {"prediction_type": "v_prediction", "rescale_betas_zero_snr": _ZERO_SNR in shapes}
        pipe.register_modules(
            scheduler=type(pipe.scheduler).from_config(pipe.scheduler.config, **told)
        )
    pipe.set_progress_bar_config(disable=True)
    read: DiffusionPipeline = pipe
    return read


def _require_all(pipe: DiffusionPipeline, file: Path) -> None:
    """A converter leaves what a file does not have without values, and says nothing of it."""
    for name, part in pipe.components.items():
        if not isinstance(part, torch.nn.Module):
            continue
        lacking = [key for key, weight in part.state_dict().items() if weight.is_meta]
        if lacking:
            raise ModelBroken(
                f"{file} lacks {len(lacking)} weights of {name}, the first is {lacking[0]}"
            )


def _why(error: Exception) -> str:
    """The first line: what follows it tells programmers what to call."""
    if isinstance(error, NotImplementedError):
        return "it lacks weights that models of this kind have"  # torch: no data to copy
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _fuse(pipe: Any, lora: LoRA) -> None:
    keys = list(_shapes(lora.file))
    if not hasattr(pipe, "load_lora_weights"):
        raise ModelBroken(f"{type(pipe).__name__} takes no LoRA: {lora.file} cannot be added")
    try:
        pipe.load_lora_weights(
            str(lora.file.parent),
            weight_name=lora.file.name,
            adapter_name=_ADAPTER,
            local_files_only=True,
            use_safetensors=True,
        )
        fits = any(pipe.get_list_adapters().values())
        if fits:
            pipe.fuse_lora(lora_scale=lora.scale, adapter_names=[_ADAPTER], safe_fusing=True)
        pipe.unload_lora_weights()
    except Exception as error:
        raise ModelBroken(f"{lora.file} cannot be added as a LoRA: {error}") from error
    if not fits:
        raise ModelBroken(
            f"{lora.file} changes nothing of a {type(pipe).__name__}: it was made for another "
            f"model (its first weight is {keys[0] if keys else 'missing'})"
        )


def _is_whole(shapes: Shapes) -> bool:
    return any(name.startswith((*_AUTOENCODER, *_TEXT)) for name in shapes)


def _shapes(file: Path) -> dict[str, tuple[int, ...]]:
    if file.suffix != ".safetensors":
        raise ModelBroken(f"{file} could run code when loaded; only safetensors are read")
    return dict(shapes_in(file))
