"""Makes other pipelines of a model's components: from a picture, with a mask. Copies no weights."""

from importlib import import_module
from typing import Any

from diffusers import DiffusionPipeline

from pipelines.errors import ModelBroken


def build_variant(pipe: DiffusionPipeline, name: str) -> DiffusionPipeline:
    """The pipeline class of this name around the components and settings of another pipeline.

    Names are diffusers' own, or module:class.

    Raises: ModelBroken: naming what the class needs and the pipeline does not have.
    """
    module, _, class_name = name.rpartition(":")
    wanted: Any = getattr(import_module(module or "diffusers"), class_name)
    components, settings = DiffusionPipeline._get_signature_keys(wanted)
    given = {key: pipe.components[key] for key in components if key in pipe.components}
    given |= {key: pipe.config[key] for key in settings if key in pipe.config}
    try:
        variant: DiffusionPipeline = wanted(**given)
    except TypeError as error:
        raise ModelBroken(
            f"a {type(pipe).__name__} cannot draw as {class_name}: {error}"
        ) from error
    variant.set_progress_bar_config(disable=True)
    return variant
