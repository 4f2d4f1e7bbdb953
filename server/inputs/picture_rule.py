"""What a named model takes in: how many pictures, of which formats, how large.

Pure rules over the published limits; reads no byte. Units: pixels, bytes.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from pipelines.errors import InvalidImage, MissingParameter, UnsupportedValue
from pipelines.types import Size

InputFormat: TypeAlias = Literal["jpeg", "png", "webp", "bmp", "tiff", "gif"]

EVERY_FORMAT: tuple[InputFormat, ...] = ("jpeg", "png", "webp", "bmp", "tiff", "gif")
MIB = 1024 * 1024
_MIN_SIDE = 15
MAX_PIXELS = 36_000_000
"""More is refused from the header alone. Source: Volcengine Ark, image generation API, 2026."""


@dataclass(frozen=True, slots=True)
class PictureRule:
    """The pictures of one call: `least` to `most` of them, each like this."""

    most: int = 0
    least: int = 0
    formats: tuple[InputFormat, ...] = EVERY_FORMAT
    max_bytes: int = 30 * MIB
    max_aspect: int = 16
    max_pixels: int = MAX_PIXELS
    square: bool = False
    alpha_is_mask: bool = False
    """Whether a picture that is transparent somewhere says so where it is to be drawn anew."""

    def check_count(self, count: int, model: str, param: str) -> None:
        """Raises: UnsupportedValue, MissingParameter: saying how many there may be."""
        if count > self.most:
            raise UnsupportedValue(
                f"{count} reference images are too many: {model} takes {_count(self.most)}.", param
            )
        if count < self.least:
            raise MissingParameter(
                f"{model} edits a picture: it needs {_count(self.least)}.", param
            )

    def check_size(self, size: Size, param: str) -> None:
        """Raises: InvalidImage: saying which bound the picture breaks."""
        long_side = max(size.width, size.height)
        if size.pixels > self.max_pixels:
            fault = f"it must have at most {self.max_pixels} pixels"
        elif size.short_side < _MIN_SIDE:
            fault = f"its width and height must be at least {_MIN_SIDE} pixels"
        elif self.square and size.width != size.height:
            fault = "it must be square"
        elif long_side > self.max_aspect * size.short_side:
            fault = f"its aspect ratio must be within 1:{self.max_aspect} and {self.max_aspect}:1"
        else:
            return
        raise InvalidImage(f"The picture is {size}: {fault}.", param)


NO_PICTURES = PictureRule()
MASKS = PictureRule(most=1, formats=("png",), max_bytes=4 * MIB, max_aspect=MAX_PIXELS)
"""A mask is as large as its picture, which has been checked."""


def _count(number: int) -> str:
    match number:
        case 0:
            return "no reference images"
        case 1:
            return "1 reference image"
        case _:
            return f"at most {number} reference images"
