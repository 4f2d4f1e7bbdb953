"""The networks beside those that draw, for the listing: what each is for, and whether it is here.

Knows their ids in weights.lock and the settings that choose them; loads nothing.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pipelines.weights.errors import WeightsError
from server.models.classifier import WEIGHTS as IMAGE_CLASSIFIER
from server.models.companions import MATTING, UPSCALERS
from server.models.language import CLASSIFIER, REWRITERS
from server.terminal import CommandError
from server.weights.place import Place

PURPOSES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(UPSCALERS, ("enlarges pictures", "upscalers")),
        MATTING: ("cuts subjects out", "matting"),
        **dict.fromkeys(REWRITERS, ("rewrites prompts", "rewriter")),
        CLASSIFIER: ("judges prompts", "text_classifier"),
        IMAGE_CLASSIFIER: ("judges pictures", "image_classifier"),
    }
)
"""Id in weights.lock -> what it does, and the setting that chooses it."""


def networks_beside(place: Place) -> list[dict[str, Any]]:
    """Those of them that the lock lists. Raises: CommandError: it cannot be read."""
    try:
        entries = place.lock().weights if place.lock_file.is_file() else ()
    except WeightsError as error:
        raise CommandError(str(error)) from error
    known = {entry.id: entry for entry in entries}
    return [
        {
            "name": name,
            "purpose": purpose,
            "setting": setting,
            "licence": known[name].licence,
            "fetched": place.store.installed(known[name]),
        }
        for name, (purpose, setting) in PURPOSES.items()
        if name in known
    ]
