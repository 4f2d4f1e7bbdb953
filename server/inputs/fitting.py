"""Brings pictures that came in to what the stand-in draws from, and keeps what a mask protects.

Pure arithmetic on pixels, for a thread: it takes a while. Knows no caller and no model's name.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipelines.families.base import Family
from pipelines.post.keep import Kept, inward
from pipelines.post.resize import resize, surround
from pipelines.provenance.credentials import Source
from pipelines.types import Bitmap, Size
from server.inputs.pictures import InputPicture
from server.sizing import is_cropped

_SEAM_PX = 1.5
"""How softly what is drawn begins at a mask's edge. Units: pixels as they are drawn."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What one call begins from."""

    sizes: tuple[Size, ...]
    """Of the pictures as they came, for the size of the answer and for usage."""
    references: tuple[Bitmap, ...]
    """Those that the stand-in can use, as large as it draws."""
    mask: Bitmap | None = None
    """255 where it draws, as large as the first reference."""
    kept: Kept | None = None
    """What the mask protects, as large as the answer."""
    ignored: tuple[str, ...] = ()
    """Names of pictures that the stand-in cannot use."""
    files: tuple[str, ...] = ()
    """sha256 of all that were sent, in their order."""
    mask_file: str | None = None
    """sha256 of the mask's file."""
    mask_light: bool = False
    """Whether the light parts of the mask were drawn anew, and not those that are transparent."""
    sources: tuple[Source, ...] = ()
    """The files of the pictures that the stand-in uses, where they are kept to be named."""


@dataclass(frozen=True, slots=True)
class Named:
    """A decoded picture and what the caller called it."""

    param: str
    picture: InputPicture


def fit(
    pictures: Sequence[Named],
    mask: Bitmap | None,
    drawer: Family,
    size: Size,
) -> Inputs:
    """Scale the pictures for a drawer and an answer of this size, filling it, never squashing.

    Shapes: mask as large as the first picture, 255 where it is to be drawn anew.
    """
    able, native = drawer.abilities, drawer.native_size(size)
    usable, others = pictures[: able.references], pictures[able.references :]
    ignored = [named.param for named in others]
    if mask is not None and not able.mask:
        ignored.append("mask")
        mask = None
    # What will be cut off around the drawn picture comes around the one that it begins from.
    framed = size if is_cropped(native, size, drawer.limits.grid) else native
    base, *further = (named.picture.rgb for named in usable)
    return Inputs(
        sizes=tuple(named.picture.size for named in pictures),
        references=(
            Bitmap.of(surround(resize(base.pixels, framed), native)),
            *(_resized(picture, drawer.native_size(picture.size)) for picture in further),
        ),
        mask=None if mask is None else Bitmap.of(surround(_stretched(mask, framed), native)),
        kept=None if mask is None else _kept(base, mask, native, size),
        ignored=tuple(ignored),
        files=tuple(named.picture.sha256 for named in pictures),
        sources=tuple(_source(named) for named in usable if named.picture.data),
    )


def _source(named: Named) -> Source:
    return Source(named.picture.data, f"image/{named.picture.format}", named.param)


def _resized(picture: Bitmap, size: Size) -> Bitmap:
    return Bitmap.of(resize(picture.pixels, size))


def _stretched(mask: Bitmap, size: Size) -> NDArray[np.uint8]:
    """Not Lanczos: it swings over edges, and what is kept would no longer be 0."""
    return resize(mask.pixels, size, Image.Resampling.BILINEAR)


def _kept(base: Bitmap, mask: Bitmap, native: Size, size: Size) -> Kept:
    seam = _SEAM_PX * size.short_side / native.short_side
    drawn = inward(np.squeeze(_stretched(mask, size), axis=2), seam)
    return Kept(resize(base.pixels, size), drawn)
