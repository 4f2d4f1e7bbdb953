"""Finds the classifier that looks at pictures: off, a folder, or the weights that were fetched."""

from pathlib import Path

from pipelines.errors import ModelBroken
from pipelines.options import Inspection
from pipelines.weights.errors import WeightsError
from server.terminal import CommandError
from server.weights.place import Place

OFF = "off"
FETCHED = "fetched"
_WEIGHTS = "nsfw-image-detection"
"""Their id in weights.lock."""


def build_inspection(chosen: str, threshold: float, place: Place) -> Inspection | None:
    """What looks at pictures before they leave; None where nothing does.

    Raises: CommandError: the classifier is not here. Nothing is drawn then: an operator who wants
    pictures to be looked at must not serve without.
    """
    if chosen == OFF:
        return None
    folder = _fetched(place) if chosen == FETCHED else Path(chosen).expanduser()
    if not folder.is_dir():
        raise CommandError(
            f"image_classifier={chosen}: there is no such folder; {OFF}, {FETCHED} or the folder "
            "of an image classifier"
        )
    return Inspection(folder, threshold)


def _fetched(place: Place) -> Path:
    try:
        entry = place.lock().get(_WEIGHTS)
        entry.require_locked()
        folder = place.store.usable_folder(entry)
    except (WeightsError, ModelBroken) as error:
        raise CommandError(f"image_classifier={FETCHED}: {error}") from error
    if folder is None:
        raise CommandError(
            f"image_classifier={FETCHED}: the weights are not here; "
            f"`seedbed weights fetch {_WEIGHTS}` brings them"
        )
    return folder
