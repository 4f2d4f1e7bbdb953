"""Draws with pipelines that diffusers composes of blocks: what they take and give differs.

A session's gates, steps and pairs work on them as on any other. But a composed pipeline warns of an
argument that it does not know and goes on, keeps the guidance scale in a guider instead of taking
it as an argument, and answers with its whole state unless it is asked for pictures.
"""

from typing import Any

from diffusers.guiders.guider_utils import BaseGuidance
from diffusers.modular_pipelines import ModularPipeline

from pipelines.session import Session

GUIDANCE = "guidance_scale"


class ModularSession(Session):
    """A request's call of a composed pipeline."""

    def _call(self, pipe: Any, **arguments: Any) -> Any:
        """Raises: TypeError: for an argument that no block takes."""
        known = pipe._blocks.input_names  # the public one copies all blocks first
        if GUIDANCE in arguments and GUIDANCE not in known:
            guide(pipe, float(arguments.pop(GUIDANCE)))
        for name in arguments:
            if name not in known:
                raise TypeError(f"{type(pipe).__name__} got an unexpected argument {name!r}")
        return pipe(output="images", **arguments)


def session_class(pipe: object) -> type[Session]:
    """How to draw with a pipeline, by what it is."""
    return ModularSession if isinstance(pipe, ModularPipeline) else Session


def guide(pipe: Any, scale: float) -> None:
    """Set the guidance scale of a private copy's own guider.

    Raises: TypeError: when it has no guider with a scale, as distilled models do not.
    """
    guider = getattr(pipe, "guider", None)
    if not isinstance(guider, BaseGuidance) or not hasattr(guider, GUIDANCE):
        raise TypeError(f"{type(pipe).__name__} has no guider that takes a scale")
    guider.guidance_scale = scale


def silence(pipe: Any) -> None:
    """Draw no progress bars: a composed pipeline's own setting does not reach its inner blocks."""
    pipe.set_progress_bar_config(disable=True)
    if isinstance(pipe, ModularPipeline):
        _silence_blocks(pipe._blocks)


def _silence_blocks(blocks: Any) -> None:
    if hasattr(blocks, "set_progress_bar_config"):
        blocks.set_progress_bar_config(disable=True)
    for block in getattr(blocks, "sub_blocks", {}).values():
        _silence_blocks(block)
