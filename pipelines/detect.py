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
        "LongCatImageEditPipeline": "longcat_edit",
        "LongCatImagePipeline": "longcat",
        "QwenImageEditPlusPipeline": "qwen_image_edit",
        "QwenImagePipeline": "qwen_image",
        "StableDiffusionPipeline": "sd15",
        "StableDiffusionXLPipeline": "sdxl",
        "ZImagePipeline": "z_image",
    }
)

_DISTILLED: Mapping[str, tuple[str, str, bool, str]] = MappingProxyType(
    {
        "flux2_klein_base": ("model_index.json", "is_distilled", True, "flux2_klein"),
        "flux": ("transformer/config.json", "guidance_embeds", False, "flux_schnell"),
    }
)
"""Where distilled weights can be told: the file, its member, what that says then, their family."""


def detect_family(folder: Path) -> str:
    """The family of a folder; `generic` for a pipeline that none was written for.

    Raises: ModelBroken: it is no diffusers folder.
    """
    index_file = folder / "model_index.json"
    if not index_file.is_file():
        raise ModelBroken(f"{folder} is not a pipeline folder: {index_file.name} is missing")
    index = read_json_object(index_file)
    found = FAMILY_OF_CLASS.get(str(index.get("_class_name")), OTHER)
    if found not in _DISTILLED:
        return found
    file, member, says, distilled = _DISTILLED[found]
    return distilled if bool(read_json_object(folder / file).get(member)) == says else found


def read_json_object(file: Path) -> dict[str, Any]:
    """Raises: ModelBroken: naming the file."""
    try:
        content = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise ModelBroken(f"{file} is not readable JSON: {error}") from error
    if not isinstance(content, dict):
        raise ModelBroken(f"{file} holds no JSON object")
    return content
