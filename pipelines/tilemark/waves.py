"""The waves of one id: their field, and what is left of them in a picture.

Knows canonical planes and carriers; how strong which wave should be is decided in `embedding`.
"""

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from pipelines.tilemark import reading
from pipelines.tilemark.canonical import Plane, whitened
from pipelines.tilemark.carriers import TILE, Layout

_LEAST = 1e-9


class Waves:
    """One id, as signs of carriers."""

    def __init__(self, layout: Layout, signs: NDArray[np.float32]) -> None:
        self.layout = layout
        self._signs = layout.spread(signs)

    def field(self, amplitudes: NDArray[np.float32], shape: tuple[int, ...]) -> Plane:
        """The sum of all waves with a mean square of one, repeated over a plane of this shape."""
        spectrum = np.zeros((TILE, TILE), np.complex64)
        turned = self.layout.turn * self.layout.half_pixel
        spectrum[self.layout.cells] = amplitudes * self._signs * turned
        period = scipy.fft.ifft2(spectrum).real
        period /= np.sqrt((period**2).mean())
        rows, columns = -(-shape[0] // TILE), -(-shape[1] // TILE)
        return np.tile(period, (rows, columns))[: shape[0], : shape[1]]

    def told(self, plane: Plane) -> NDArray[np.float32]:
        """How much each carrier of a canonical plane speaks for the id. Shapes: [carriers]."""
        seen = reading.carriers(whitened(plane), self.layout)
        return (seen * self.layout.unturn).real * self._signs

    def response(self, told: NDArray[np.float32]) -> NDArray[np.float32]:
        """How much is left of the mark at each fineness, as a reader will find it."""
        return reading.response(told[self.layout.sync], self.layout)

    def bits(self, told: NDArray[np.float32]) -> NDArray[np.float32]:
        """By how many deviations of its noise each coded bit is right. Shapes: [coded]."""
        payload = self.layout.payload
        weight = self.response(told)[payload]
        spread = np.sqrt(self.layout.summed(weight**2)) + np.float32(_LEAST)
        return self.layout.summed(told[payload] * weight) / spread

    def margin(self, told: NDArray[np.float32]) -> float:
        """By how many of their own deviations the coded bits are right. At about 0.8 the code
        begins to fail."""
        payload = self.layout.payload
        soft = self.layout.summed(told[payload] * self.response(told)[payload])
        return float(soft.mean() / (soft.std() + _LEAST))
