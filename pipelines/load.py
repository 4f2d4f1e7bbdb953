"""From a folder of weights to a pipeline on a device.

It refuses what could run code (pickles, remote code) before anything is read, and names the file.
"""

from collections.abc import Iterator
from pathlib import Path

import torch
from diffusers import DiffusionPipeline
from safetensors import SafetensorError, safe_open

from pipelines.detect import read_json_object
from pipelines.errors import ModelBroken
from pipelines.optimize import Shapes, predicted_bytes, store_in_fp8
from pipelines.options import Offload, Storage
from pipelines.weights.names import FORBIDDEN_SUFFIXES, UNFINISHED_SUFFIXES
from pipelines.weights.store import check_installed

SHARDS_SUFFIX = ".safetensors.index.json"


def pick_device(wanted: str) -> torch.device:
    """The torch device for a setting: "auto" takes CUDA, then Apple's GPU, then the CPU."""
    if wanted != "auto":
        return torch.device(wanted)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def load_pipeline(folder: Path, device: torch.device) -> DiffusionPipeline:
    """Load an unmodified diffusers pipeline onto a device.

    Raises: ModelBroken: when the folder is incomplete, unreadable or could run code.
    """
    return read_pipeline(folder, device).to(device)


def read_pipeline(
    folder: Path,
    device: torch.device,
    storage: Storage = Storage.NATIVE,
    **parts: torch.nn.Module,
) -> DiffusionPipeline:
    """Read an unmodified diffusers pipeline into host memory, float32 for a CPU, else bfloat16.

    `parts` are components that were read already.

    Raises: ModelBroken: when the folder is incomplete, unreadable or could run code.
    """
    check_folder(folder)
    try:
        pipe = DiffusionPipeline.from_pretrained(
            folder,
            dtype=dtype_for(device),
            use_safetensors=True,
            local_files_only=True,
            **parts,
        )
    except Exception as error:
        raise ModelBroken(f"{folder} cannot be loaded as a pipeline: {error}") from error
    pipe.set_progress_bar_config(disable=True)
    if storage is Storage.FP8:
        store_in_fp8(pipe)
    return pipe


def check_folder(folder: Path) -> None:
    """Refuse a folder that is no pipeline, is incomplete, or holds anything executable.

    A folder that `seedbed weights` installed must be what the lock says, without one file more.
    Raises: ModelBroken: naming the file.
    """
    index_file = _index_of(folder)
    index = read_json_object(index_file)
    if not isinstance(index.get("_class_name"), str):
        raise ModelBroken(f"{index_file} asks for a custom pipeline class, which would run code")
    for file in sorted(folder.rglob("*")):
        if file.suffix in FORBIDDEN_SUFFIXES:
            raise ModelBroken(f"{file} could run code when loaded; only safetensors are read")
        if file.name.endswith(UNFINISHED_SUFFIXES):
            raise ModelBroken(f"{file} is an unfinished download")
    check_installed(folder)
    for component, spec in index.items():
        if component.startswith("_") or not isinstance(spec, list) or spec[0] is None:
            continue
        if not (folder / component).is_dir():
            raise ModelBroken(f"{folder / component} is missing, but model_index.json names it")
    for shards in sorted(folder.glob(f"*/*{SHARDS_SUFFIX}")):
        _check_shards(shards)


def _index_of(folder: Path) -> Path:
    index_file, composed = folder / "model_index.json", folder / "modular_model_index.json"
    if index_file.is_file():
        return index_file
    if composed.is_file():
        raise ModelBroken(
            f"{composed} composes a pipeline of blocks, which is not read from a folder: "
            f"give one with {index_file.name}"
        )
    raise ModelBroken(f"{folder} is not a pipeline folder: {index_file.name} is missing")


def _check_shards(index_file: Path) -> None:
    """A half-downloaded model often lacks one of its shards only."""
    if "." in index_file.name.removesuffix(SHARDS_SUFFIX):
        return  # of a variant, which is not read
    shards = read_json_object(index_file).get("weight_map")
    if not isinstance(shards, dict):
        raise ModelBroken(f"{index_file} says of no weight in which file it is")
    for name in sorted(set(map(str, shards.values()))):
        if not (index_file.parent / name).is_file():
            raise ModelBroken(f"{index_file.parent / name} is missing: {index_file.name} names it")


def bytes_on_device(
    folder: Path,
    device: torch.device,
    storage: Storage = Storage.NATIVE,
    offload: Offload = Offload.NONE,
) -> int:
    """Most bytes of a folder's weights that will be on the device at once.

    Raises: ModelBroken: when a file is no readable safetensors file.
    """
    if not folder.is_dir():
        raise ModelBroken(f"{folder} is not a pipeline folder: it is missing")
    components: dict[str, Shapes] = {}
    for component in sorted(folder.iterdir()):
        # Variants (model.fp16.safetensors) lie beside what is loaded, other formats above it.
        files = [file for file in component.glob("*.safetensors") if "." not in file.stem]
        if files:
            components[component.name] = {k: s for file in files for k, s in shapes_in(file)}
    return predicted_bytes(components, dtype_for(device), storage, offload)


def shapes_in(file: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Every weight of a safetensors file by name. Raises: ModelBroken: it is none."""
    try:
        with safe_open(file, "pt") as tensors:
            for key in tensors.keys():  # noqa: SIM118 - no mapping
                yield key, tuple(tensors.get_slice(key).get_shape())
    except (OSError, SafetensorError) as error:
        raise ModelBroken(f"{file} is not readable: {error}") from error


def dtype_for(device: torch.device) -> torch.dtype:
    """What weights are kept in on a device."""
    return torch.float32 if device.type == "cpu" else torch.bfloat16
