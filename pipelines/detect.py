"""Which family a diffusers folder is of, as its own files tell. Reads JSON and nothing else.

Distilled weights often look like those they were distilled from: then their owner has to say.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pipelines.errors import ModelBroken

OTHER = "generic"
"""The family of every pipeline that none was written for."""
FAMILY_OF_CLASS: Mapping[str, str] = MappingProxyType(
    {
        "Flux2KleinPipeline": "flux2_klein_base",
        "FluxKontextPipeline": "flux_kontext",
        "FluxPipeline": "flux",
        "LongCatImagePipeline": "longcat",
        "QwenImageEditPlusPipeline": "qwen_image_edit",
        "QwenImagePipeline": "qwen_image",
        "StableDiffusionPipeline": "sd15",
        "StableDiffusionXLPipeline": "sdxl",
        "ZImagePipeline": "z_image",
    }
)


def detect_family(folder: Path) -> str:
    """The family of a folder; `generic` for a pipeline that none was written for.

    Raises: ModelBroken: it is no diffusers folder.
    """
    index_file = folder / "model_index.json"
    if not index_file.is_file():
        raise ModelBroken(f"{folder} is not a pipeline folder: {index_file.name} is missing")
    index = _read(index_file)
    found = FAMILY_OF_CLASS.get(str(index.get("_class_name")), OTHER)
    if found == "flux2_klein_base" and index.get("is_distilled"):
        return "flux2_klein"
    if found == "flux":
        config = _read(folder / "transformer" / "config.json")
        return "flux" if config.get("guidance_embeds") else "flux_schnell"
    return found


def _read(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise ModelBroken(f"{file} is not readable JSON: {error}") from error
    if not isinstance(content, dict):
        raise ModelBroken(f"{file} holds no JSON object")
    return content
