"""Looks into encoded pictures."""

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def opened(data: bytes | str) -> Image.Image:
    """Decode a picture from bytes or from base64."""
    raw = base64.b64decode(data, validate=True) if isinstance(data, str) else data
    picture = Image.open(io.BytesIO(raw))
    picture.load()
    return picture


def pixels(data: bytes | str) -> NDArray[np.uint8]:
    """Shapes: [height, width, 3]."""
    return np.asarray(opened(data).convert("RGB"))
