"""The registry: family name -> where it is defined. One line per family."""

from importlib import import_module

from pipelines.families.recipe import Recipe

FAMILIES = {
    "embedded": "pipelines.families.embedded:FAMILY",
    "flux": "pipelines.families.flux:DEV",
    "flux_kontext": "pipelines.families.flux:KONTEXT",
    "flux_schnell": "pipelines.families.flux:SCHNELL",
    "flux2_klein": "pipelines.families.flux2_klein:DISTILLED",
    "flux2_klein_base": "pipelines.families.flux2_klein:BASE",
    "generic": "pipelines.families.generic:FAMILY",
    "longcat": "pipelines.families.longcat:FAMILY",
    "longcat_edit": "pipelines.families.longcat:EDIT",
    "longcat_edit_turbo": "pipelines.families.longcat:EDIT_TURBO",
    "qwen_image": "pipelines.families.qwen_image:FULL",
    "qwen_image_edit": "pipelines.families.qwen_image:EDIT",
    "qwen_image_edit_lightning": "pipelines.families.qwen_image:EDIT_LIGHTNING",
    "qwen_image_lightning": "pipelines.families.qwen_image:LIGHTNING",
    "sd15": "pipelines.families.sd15:FAMILY",
    "sdxl": "pipelines.families.sdxl:BASE",
    "sdxl_turbo": "pipelines.families.sdxl:TURBO",
    "z_image": "pipelines.families.z_image:BASE",
    "z_image_turbo": "pipelines.families.z_image:TURBO",
}


def family(name: str) -> Recipe:
    """The family of this name, imported on first use.

    Raises: KeyError: for a name that is not registered.
    """
    module, _, constant = FAMILIES[name].partition(":")
    loaded: Recipe = getattr(import_module(module), constant)
    return loaded
