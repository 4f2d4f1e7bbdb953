"""The spectrum of a whitened picture, to be read anywhere: each geometry is a place to read it at.

One padded Fourier transform answers every scale, rotation and stretch. Knows planes and
frequencies, nothing of keys.
"""

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from pipelines.tilemark.canonical import Plane

Frequencies = NDArray[np.float32]
"""Cycles per pixel, (vertical, horizontal), [..., 2]."""

_PADDING = 2.0
_RINGS = 64
"""Of like fineness, in which the noise is taken to be the same."""
_SAMPLING = 3
"""Every so many rows and columns tell the noise."""
_LOG_BIAS = np.float32(np.exp(np.euler_gamma))
"""A power's mean over the exponential of its mean logarithm. The logarithm, because the few strong
lines of text or a chessboard are no noise."""
_LEAST = 1e-9


class Spectrum:
    """The Fourier transform of a plane around its centre."""

    def __init__(self, plane: Plane) -> None:
        height, width = plane.shape
        rows, columns = (scipy.fft.next_fast_len(int(side * _PADDING)) for side in plane.shape)
        padded = np.zeros((rows, columns), np.float32)
        padded[:height, :width] = plane
        centred = np.roll(padded, (-(height // 2), -(width // 2)), (0, 1))
        half = scipy.fft.rfft2(centred)
        # Sorted by frequency, one row more, so that reading needs no wrapping around.
        shifted = np.concatenate([half[rows // 2 :], half[: rows // 2 + 1]])
        self._rows, self._columns = rows, columns
        self._origin = rows - rows // 2
        self._stride = half.shape[1]
        self._values = np.ascontiguousarray(shifted).ravel()
        self._noise = _noise_rings(half, rows, columns)

    def at(self, where: Frequencies) -> NDArray[np.complex64]:
        """The values at these frequencies, blended from the four around each."""
        back = where[..., 1] < 0
        sign = np.where(back, np.float32(-1), np.float32(1))
        down = where[..., 0] * sign * self._rows + self._origin
        along = where[..., 1] * sign * self._columns
        row, column = down.astype(np.int32), along.astype(np.int32)
        down -= row
        along -= column
        first = row * self._stride + column
        values, stride = self._values, self._stride
        upper = values[first] * (1 - along) + values[first + 1] * along
        first += stride
        lower = values[first] * (1 - along) + values[first + 1] * along
        blended: NDArray[np.complex64] = upper * (1 - down) + lower * down
        np.multiply(blended.imag, sign, out=blended.imag)
        return blended

    def noise(self, where: Frequencies) -> NDArray[np.float32]:
        """The power of the noise at these frequencies."""
        ring = np.hypot(where[..., 0], where[..., 1]) * (2 * _RINGS)
        return self._noise[np.minimum(ring.astype(np.int32), _RINGS - 1)]


def _noise_rings(half: NDArray[np.complex64], rows: int, columns: int) -> NDArray[np.float32]:
    sample = half[::_SAMPLING, ::_SAMPLING]
    vertical = scipy.fft.fftfreq(rows)[::_SAMPLING, None]
    horizontal = np.arange(half.shape[1])[::_SAMPLING] / columns
    ring = (np.hypot(vertical, horizontal) * (2 * _RINGS)).astype(np.int32)
    inside = ring < _RINGS
    power = np.log(sample.real**2 + sample.imag**2 + np.float32(_LEAST))
    counts = np.bincount(ring[inside], minlength=_RINGS)
    mean = np.bincount(ring[inside], power[inside], _RINGS) / np.maximum(counts, 1)
    return (np.exp(mean) * _LOG_BIAS).astype(np.float32)
