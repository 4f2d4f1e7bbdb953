"""Lays out a mark: which waves it is made of, and what each of them says.

A carrier is a plane wave with a whole number of cycles over a tile. Some carry nothing but the key
(sync), the others bear the coded bits, each of them four or five times between coarse and fine.
Knows no pictures.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipelines.tilemark import expansion

TILE = 128
"""The period of a mark, in pixels of the canonical picture."""
_FINEST, _COARSEST = 40, 7
"""Cycles over a tile. Coarser waves drown in what pictures show, finer ones in JPEG."""
_SYNC_SHARE = 0.3
_TILT = 0.5
"""A wave of twice as many cycles gets this power of two less amplitude."""


@dataclass(frozen=True)
class Layout:
    """The carriers of a key, sorted from coarse to fine."""

    waves: NDArray[np.int64]
    """Cycles over a tile, (vertical, horizontal), [carriers, 2]; one of each pair (k, -k), the one
    that a real Fourier transform keeps."""
    weight: NDArray[np.float32]
    """What amplitude a carrier gets, and how much it says."""
    turn: NDArray[np.complex64]
    """The phase of each carrier, of modulus one."""
    sync: NDArray[np.intp]
    """The carriers that carry only the key."""
    payload: NDArray[np.intp]
    """The carriers that bear coded bits."""
    bit: NDArray[np.intp]
    """Which coded bit each of `payload` bears."""
    coded: int
    """How many coded bits there are."""

    @cached_property
    def unturn(self) -> NDArray[np.complex64]:
        """The phases turned back."""
        return np.conj(self.turn)

    @cached_property
    def cells(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the Fourier transform of a tile has the carriers."""
        return self.waves[:, 0] % TILE, self.waves[:, 1]

    @cached_property
    def half_pixel(self) -> NDArray[np.complex64]:
        """The turn of each carrier from a tile's corner to the middle of its first pixel."""
        turn: NDArray[np.complex64] = np.exp(1j * np.pi / TILE * self.waves.sum(1)).astype("c8")
        return turn

    def summed(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Add up what the carriers of each coded bit say. Shapes: [payload] -> [coded]."""
        return np.bincount(self.bit, values, self.coded).astype(np.float32)

    def spread(self, signs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give every carrier the sign that it bears; sync is +1. Shapes: [coded] -> [carriers]."""
        borne = np.ones(len(self.waves), np.float32)
        borne[self.payload] = signs[self.bit]
        return borne


def layout(key: bytes, coded: int) -> Layout:
    """Lay out the carriers of a key for so many coded bits."""
    waves = _in_order(key)
    radius = np.hypot(waves[:, 0], waves[:, 1])
    strata = np.array_split(np.arange(len(waves)), int(len(waves) * _SYNC_SHARE))
    picks = expansion.uniform(key, b"tilemark/v1/sync", len(strata))
    sync = np.array([s[int(p * len(s))] for s, p in zip(strata, picks, strict=True)])
    payload = np.setdiff1d(np.arange(len(waves)), sync)
    bands = -(-len(payload) // coded)
    bit = [expansion.shuffled(key, b"tilemark/v1/bits/%d" % band, coded) for band in range(bands)]
    phases = expansion.uniform(key, b"tilemark/v1/phases", len(waves))
    return Layout(
        waves=waves,
        turn=np.exp(2j * np.pi * phases).astype(np.complex64),
        weight=((radius / _FINEST) ** -_TILT).astype(np.float32),
        sync=sync,
        payload=payload,
        bit=np.concatenate(bit)[: len(payload)],
        coded=coded,
    )


def _in_order(key: bytes) -> NDArray[np.int64]:
    """All waves of the half plane from coarse to fine, those of equal length shuffled."""
    span = np.arange(-_FINEST, _FINEST + 1)
    vertical, horizontal = (axis.ravel() for axis in np.meshgrid(span, span, indexing="ij"))
    square = vertical**2 + horizontal**2
    half = (horizontal > 0) | ((horizontal == 0) & (vertical > 0))
    inside = half & (square >= _COARSEST**2) & (square <= _FINEST**2)
    waves = np.stack([vertical[inside], horizontal[inside]], 1)
    chance = expansion.numbers(key, b"tilemark/v1/order", len(waves))
    return waves[np.lexsort((chance, square[inside]))]
