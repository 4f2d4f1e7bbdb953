"""Refuses what only other models can be asked for: events, groups, tools, layers.

Which model has which ability is data, in `server.contract.named_models`. Knows no dialect.
"""

from pipelines.errors import UnsupportedValue
from server.contract.named_models import NamedModel
from server.draft import Customs, Draft


def check_abilities(draft: Draft, customs: Customs, named: NamedModel) -> None:
    """Raises: UnsupportedValue: the model cannot be asked for this."""
    able = named.abilities
    if draft.stream and not (able.streams or customs.streams_all_models):
        raise UnsupportedValue(
            f"{named.id} does not answer in events: send false or leave it out.", "stream"
        )
    if draft.group and not able.groups:
        raise UnsupportedValue(
            f"{named.id} does not draw groups of pictures: send 'disabled' or leave it out.",
            "sequential_image_generation",
        )
    if draft.tools and not able.tools:
        raise UnsupportedValue(f"{named.id} takes no tools: leave them out.", "tools")
    if draft.optimize_mode == "fast" and not able.fast_optimizing:
        raise UnsupportedValue(
            f"optimize_prompt_options.mode must be 'standard' for {named.id}.",
            "optimize_prompt_options.mode",
        )
    if draft.layers:
        raise UnsupportedValue(
            "No model here takes a picture apart into layers: leave it out.", "layer_decomposition"
        )
