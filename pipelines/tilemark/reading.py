"""Reads a mark whose place is known, and says how well the key fits.

Folds all tiles into one and takes its carriers, each measured against the noise between carriers
and limited, so that a few strong lines of a picture (text, a chessboard) do not outvote the rest.
Knows whitened planes and layouts; which place to read is the caller's business.
"""

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from pipelines.tilemark.canonical import Plane
from pipelines.tilemark.carriers import TILE, Layout

Carriers = NDArray[np.complex64]
"""What each carrier of a layout shows, in deviations of the noise, [carriers]."""

_LIMIT = 3.0
_NOISE_SPAN = 121
"""Over how many carriers of like fineness the noise is averaged."""
_RESPONSE_SPAN = 121
"""Over how many sync carriers of like fineness it is averaged how much of the mark is left."""
_LEAST_RESPONSE = 0.02
_LEAST = 1e-9


def carriers(plane: Plane, layout: Layout) -> Carriers:
    """The carriers of a whitened plane whose tiles begin at its corner."""
    height, width = plane.shape
    rows, columns = -(-height // TILE), -(-width // TILE)
    padded = np.zeros((rows * TILE, columns * TILE), np.float32)
    padded[:height, :width] = plane
    tiles = padded.reshape(rows, TILE, columns, TILE)
    even = tiles[::2, :, ::2].sum((0, 2)) + tiles[1::2, :, 1::2].sum((0, 2))
    odd = tiles[::2, :, 1::2].sum((0, 2)) + tiles[1::2, :, ::2].sum((0, 2))
    at = scipy.fft.rfft2(even + odd)[layout.cells]
    # With a chessboard of signs the tiles show what lies half way between carriers: no mark.
    between = scipy.fft.rfft2(even - odd)[layout.cells]
    return limited(at * np.conj(layout.half_pixel), noise(between))


def limited(values: NDArray[np.complex64], power: NDArray[np.float32]) -> Carriers:
    """Values in deviations of a noise of this power, none larger than the limit."""
    deviation = np.sqrt(power / 2 + np.float32(_LEAST))
    size = np.abs(values) / deviation
    factor = np.minimum(1, _LIMIT / np.maximum(size, np.float32(_LEAST))) / deviation
    return (values * factor).astype(np.complex64, copy=False)


def noise(values: NDArray[np.complex64]) -> NDArray[np.float32]:
    """The power of the noise around each carrier, from samples of it sorted as carriers are."""
    return running_mean(values.real**2 + values.imag**2, _NOISE_SPAN)


def running_mean(values: NDArray[np.float32], span: int) -> NDArray[np.float32]:
    """Each value averaged with its neighbours, mirrored at the ends. `span` is odd."""
    total = np.cumsum(np.pad(values, (span // 2 + 1, span // 2), mode="reflect"), dtype=np.float64)
    return ((total[span:] - total[:-span]) / span).astype(np.float32)


def sync_z(seen: Carriers, layout: Layout) -> float:
    """How well the sync carriers fit the key, in deviations of chance."""
    sync = layout.sync
    weight = layout.weight[sync]
    told = float((weight * (seen[sync] * layout.unturn[sync]).real).sum())
    spread = np.sqrt((weight**2 * (seen[sync].real ** 2 + seen[sync].imag ** 2)).sum() / 2)
    return told / (float(spread) + _LEAST)


def soft_bits(seen: Carriers, layout: Layout) -> NDArray[np.float32]:
    """What the payload carriers say of each coded bit. Shapes: [carriers] -> [coded].

    A carrier's say is what the sync carriers of its fineness have left of the mark.
    """
    told = (seen * layout.unturn).real
    weight = response(told[layout.sync], layout)[layout.payload]
    return layout.summed(told[layout.payload] * weight)


def response(sync: NDArray[np.float32], layout: Layout) -> NDArray[np.float32]:
    """How much is left of the mark at each fineness. Shapes: [sync] -> [carriers]."""
    left = np.maximum(running_mean(sync, _RESPONSE_SPAN), _LEAST_RESPONSE)
    return np.interp(np.arange(len(layout.waves)), layout.sync, left).astype(np.float32)
