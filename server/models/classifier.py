"""Finds the classifier that looks at pictures: off, a folder, or the weights that were fetched."""

from pipelines.options import Inspection
from server.models.chosen import chosen_folder
from server.weights.place import Place

WEIGHTS = "nsfw-image-detection"
"""Their id in weights.lock."""


def build_inspection(chosen: str, threshold: float, place: Place) -> Inspection | None:
    """What looks at pictures before they leave; None where nothing does.

    Raises: CommandError: the classifier is not here.
    """
    folder = chosen_folder("image_classifier", chosen, (WEIGHTS,), "an image classifier", place)
    return None if folder is None else Inspection(folder, threshold)
