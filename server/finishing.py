"""The way from drawn pixels to finished ones: resize, cut out, label.

Runs in a thread, off the event loop and off the device. Decides nothing: the plan says what to do.
What a file is made of them is `server.provenance.publishing`'s.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from pipelines.label.label import Label, label_in_place
from pipelines.post.edges import own_colours
from pipelines.post.encode import Format
from pipelines.post.keep import Kept
from pipelines.post.matting import remove_background
from pipelines.post.resize import centre, resize
from pipelines.types import Pixels, Size
from server.sizing import SizePlan


@dataclass(frozen=True, slots=True)
class Finish:
    """What becomes of the pixels of one call, the same for all its pictures."""

    sized: SizePlan
    format: Format
    compression: int
    transparent: bool
    label: Label | None = None
    """What is written into them, if anything."""
    kept: Kept | None = None
    """What of the caller's picture stays as it was."""

    @property
    def size(self) -> Size:
        """Of the pictures a caller gets."""
        return self.sized.size

    def apply(self, pixels: Pixels) -> Pixels:
        """Make the pixels of the picture that a caller gets.

        Those that come in are given away: they may be written on.

        Shapes: pixels [height, width, 3] or, where a network has cut it out, [..., 4], of any size;
        returns [height, width, 3], or [..., 4] where the background is transparent.
        """
        brought = _brought(pixels, self.sized)
        sized, opacity = brought[..., :3], brought[..., 3:]
        if self.kept is not None:
            sized = self.kept.around(sized)
        finished = _cut_out(sized, opacity) if self.transparent else sized
        if self.label is not None:
            finished = np.require(finished, requirements="W")  # copies what is read-only
            label_in_place(finished, self.label)
        return finished


def _brought(pixels: Pixels, sized: SizePlan) -> Pixels:
    """Bring a picture, or a preview of any size, to the wanted one."""
    height, width, _ = pixels.shape
    if sized.resample == "crop" and Size(width, height) == sized.native:
        return centre(pixels, sized.size)
    down = width >= sized.size.width and height >= sized.size.height
    return resize(pixels, sized.size, Image.Resampling.BOX if down else Image.Resampling.LANCZOS)


def _cut_out(sized: Pixels, opacity: Pixels) -> Pixels:
    """Make the background transparent.

    Shapes: sized [height, width, 3]; opacity [height, width, 1], or no channel where it is not
    known; returns [height, width, 4].
    """
    matte = opacity[..., 0] if opacity.size else remove_background(sized)[..., 3]
    return np.dstack([own_colours(sized, matte), matte])
