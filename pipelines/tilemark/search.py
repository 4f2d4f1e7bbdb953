"""Finds the place of a mark in a picture whose shape was changed.

Every hypothesis is scored by the sync carriers over all shifts at once; the best few are refined
and handed out to be read. Knows spectra and layouts, not what a mark says.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from pipelines.tilemark import reading
from pipelines.tilemark.carriers import TILE, Layout
from pipelines.tilemark.geometry import Matrix, Round
from pipelines.tilemark.reading import Carriers
from pipelines.tilemark.spectrum import Frequencies, Spectrum

_BATCH = 32
_STEPS = ((0.0012, 1 / 256), (0.0005, 1 / 512))
"""Of the climb: relative change of the matrix, and of the shift in tiles."""
_CLIMBS = 3
_CHANGES = np.array(
    [
        [[1, 0], [0, 1]],
        [[-1, 0], [0, -1]],
        [[1, 0], [0, 0]],
        [[-1, 0], [0, 0]],
        [[0, 1], [-1, 0]],
        [[0, -1], [1, 0]],
    ],
    np.float64,
)
"""Larger, smaller, higher, lower, turned either way."""
_MOVES = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]], np.float64)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mark may lie."""

    z: float
    """How well the sync carriers fit there, in deviations of chance; negative in a negative."""
    matrix: Matrix
    shift: NDArray[np.float64]
    """In tiles."""


class Search:
    """Places of a mark in one spectrum."""

    def __init__(self, spectrum: Spectrum, layout: Layout) -> None:
        self._spectrum = spectrum
        self._layout = layout
        self._waves = layout.waves.astype(np.float32)
        self._sync = self._waves[layout.sync]
        self._weight = layout.weight[layout.sync]
        self._unturn = layout.unturn[layout.sync] * self._weight

    def best(self, around: Round, scale: float) -> Iterator[Place]:
        """The best places of a round, refined. `scale` is that of the spectrum's plane."""
        matrices = around.matrices / scale
        found = [
            place
            for first in range(0, len(matrices), _BATCH)
            for place in self._scored(matrices[first : first + _BATCH])
        ]
        found.sort(key=lambda place: -abs(place.z))
        for place in found[: around.decodes]:
            yield self._refined(place)

    def carriers(self, place: Place) -> Carriers:
        """The carriers of a mark at this place."""
        where = self._waves @ place.matrix.astype(np.float32)
        seen = reading.limited(self._spectrum.at(where), self._spectrum.noise(where))
        turn = np.exp(2j * np.pi * (self._layout.waves @ place.shift)).astype(np.complex64)
        turned: Carriers = seen * turn
        return turned if place.z > 0 else -turned

    def _scored(self, matrices: Matrix) -> Iterator[Place]:
        seen = self._sync_carriers(matrices)
        rows, columns = (axis[self._layout.sync] for axis in self._layout.cells)
        # The transform adds the other wave of each pair, but those of column 0 are their own pairs.
        pair = np.where(columns == 0, np.float32(1), np.float32(0.5))
        field = np.zeros((len(matrices), TILE, TILE // 2 + 1), np.complex64)
        field[:, rows, columns] = seen * (self._unturn * pair)
        fits = scipy.fft.irfft2(field, (TILE, TILE), norm="forward").reshape(len(matrices), -1)
        highs, lows = fits.argmax(1), fits.argmin(1)
        spread = self._spread(seen)
        for index, (high, low) in enumerate(zip(highs, lows, strict=True)):
            at = int(high if fits[index, high] > -fits[index, low] else low)
            shift = np.array(divmod(at, TILE)) / TILE
            yield Place(float(fits[index, at] / spread[index]), matrices[index], shift)

    def _refined(self, place: Place) -> Place:
        """Climb to where the sync carriers fit best."""
        for change, move in _STEPS:
            for _ in range(_CLIMBS):
                better = self._climbed(place, change, move)
                if better is place:
                    break
                place = better
        return place

    def _climbed(self, place: Place, change: float, move: float) -> Place:
        matrices = np.eye(2) + change * np.concatenate([np.zeros((1, 2, 2)), _CHANGES])
        matrices = place.matrix @ matrices
        shifts = place.shift + move * np.concatenate([np.zeros((1, 2)), _MOVES])
        seen = self._sync_carriers(matrices)
        told = seen * self._unturn
        turns = np.exp(2j * np.pi * (self._layout.waves[self._layout.sync] @ shifts.T))
        fits = (told @ turns.astype(np.complex64)).real / self._spread(seen)[:, None]
        fits *= np.sign(place.z)
        at, to = divmod(int(fits.argmax()), len(shifts))
        if at == to == 0:
            return place
        z = float(fits[at, to] * np.sign(place.z))
        return replace(place, z=z, matrix=matrices[at], shift=shifts[to])

    def _sync_carriers(self, matrices: Matrix) -> NDArray[np.complex64]:
        """Shapes: [hypotheses, 2, 2] -> [hypotheses, sync]."""
        where: Frequencies = self._sync @ matrices.astype(np.float32)
        return reading.limited(self._spectrum.at(where), self._spectrum.noise(where))

    def _spread(self, seen: NDArray[np.complex64]) -> NDArray[np.float32]:
        power = (seen.real**2 + seen.imag**2) @ (self._weight**2)
        return np.sqrt(power / 2) + np.float32(1e-9)
