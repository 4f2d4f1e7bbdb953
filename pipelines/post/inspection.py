"""Looks at pictures with a classifier and refuses those it calls indecent.

On the device, before a picture leaves the worker. Any image classifier of transformers will do
whose labels have an `nsfw`, such as Falconsai/nsfw_image_detection; transformers' own code prepares
the pictures. Knows no request and no caller.
"""

import logging
from typing import Any

import numpy as np
import torch
from transformers import AutoImageProcessor, AutoModelForImageClassification

from pipelines.errors import ContentRejected, ModelBroken
from pipelines.network_folder import check_network
from pipelines.options import Inspection
from pipelines.types import Pixels

_LABEL = "nsfw"
_CATEGORY = "sexual"
"""What a caller is told, in the words of the API's `moderation_details`."""

log = logging.getLogger(__name__)


class Inspector:
    """One classifier on one device."""

    def __init__(self, model: Any, prepare: Any, label: int, threshold: float) -> None:
        self._model = model
        self._prepare = prepare
        self._label = label
        self._threshold = threshold

    def share(self, pixels: Pixels) -> float:
        """How sure the classifier is that a picture is indecent, 0 to 1.

        Shapes: pixels [height, width, 3].
        Raises: FloatingPointError: the classifier gave no number.
        """
        prepared = self._prepare(
            np.ascontiguousarray(pixels), input_data_format="channels_last", return_tensors="pt"
        )
        values = prepared["pixel_values"].to(self._model.device)
        with torch.no_grad():
            logits = self._model(values).logits[0].float()
        share = float(logits.softmax(dim=-1)[self._label])
        if not np.isfinite(share):
            raise FloatingPointError("the image classifier gave a value that is not finite")
        return share

    def check(self, pixels: Pixels, param: str | None = None) -> None:
        """Raises: ContentRejected: naming `param`, under which the picture came in, if it did."""
        if self.share(pixels) < self._threshold:
            return
        what = "that was drawn" if param is None else "to begin from"
        raise ContentRejected(
            f"The picture {what} looks like one that this site does not allow ({_CATEGORY}).",
            param,
            (_CATEGORY,),
        )


def load_inspector(wanted: Inspection, device: torch.device) -> Inspector:
    """Read a classifier from a folder onto a device.

    Raises: ModelBroken: when the folder is incomplete, could run code, or knows no such label.
    """
    folder = wanted.folder
    check_network(folder, "an image classifier")
    try:
        prepare = AutoImageProcessor.from_pretrained(folder, local_files_only=True)
        model = AutoModelForImageClassification.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True, local_files_only=True
        )
    except Exception as error:
        raise ModelBroken(f"{folder} cannot be loaded as an image classifier: {error}") from error
    labels = {str(name).lower(): int(index) for index, name in model.config.id2label.items()}
    if _LABEL not in labels:
        raise ModelBroken(f"{folder} classifies as {', '.join(labels)}: there is no {_LABEL}")
    log.info("pictures that %s calls %s are refused", folder, _LABEL)
    return Inspector(model.to(device).eval(), prepare, labels[_LABEL], wanted.threshold)
