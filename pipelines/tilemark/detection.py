"""Decides where to look for a mark, in which order and how long, and counts what it tried.

Knows planes, layouts and payloads, no pixels and no files.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from pipelines.tilemark import reading
from pipelines.tilemark.canonical import Plane, canonical, whitened
from pipelines.tilemark.carriers import Layout
from pipelines.tilemark.geometry import Round
from pipelines.tilemark.payload import Payload
from pipelines.tilemark.reading import Carriers
from pipelines.tilemark.search import Search
from pipelines.tilemark.spectrum import Spectrum

UPRIGHT = "as it is"
NEGATIVE = ", as a negative"


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to."""

    ident: int | None
    z: float
    """How well the sync carriers fitted, where an id was found or else at best."""
    geometry: str
    decodes: int
    complete: bool
    """Whether an id was found, or everything looked at that should be."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    z: float
    name: str
    seen: Carriers


class Detector:
    """Looks for marks of one key."""

    def __init__(self, layout: Layout, payload: Payload) -> None:
        self._layout = layout
        self._payload = payload

    def find(self, picture: Image.Image, rounds: Iterable[Round], seconds: float) -> Found:
        """Look at the picture as it is, turned and mirrored, then through the rounds in turn.

        No round begins and none of its places is read after so many seconds.
        """
        end = time.monotonic() + seconds
        decodes, best = 0, _Candidate(0.0, UPRIGHT, np.empty(0, np.complex64))
        plane = whitened(canonical(picture))
        for candidate in self._candidates(picture, plane, rounds):
            if candidate is None:
                if time.monotonic() < end:
                    continue
                return Found(None, best.z, best.name, decodes, complete=False)
            decodes += 1
            ident = self._read(candidate)
            if ident is not None:
                return Found(ident, candidate.z, candidate.name, decodes, complete=True)
            best = max(best, candidate, key=lambda tried: abs(tried.z))
        return Found(None, best.z, best.name, decodes, complete=True)

    def _candidates(
        self, picture: Image.Image, plane: Plane, rounds: Iterable[Round]
    ) -> Iterator[_Candidate | None]:
        """What is worth reading, and None wherever the search may end."""
        upright = self._lying(UPRIGHT, plane)
        if upright.z < 0:
            yield _negative(upright)
        # Even then, because somebody may have taken the sync carriers away, which are all alike.
        yield upright
        others = [self._lying(name, turned) for name, turned in _oriented(plane).items()]
        likeliest = max(others, key=lambda other: abs(other.z))
        yield likeliest if likeliest.z > 0 else _negative(likeliest)
        spectrum_zoom, search = 0.0, None
        for around in rounds:
            yield None
            if search is None or around.zoom != spectrum_zoom:
                zoomed = plane if around.zoom == 1 else whitened(canonical(picture, around.zoom))
                search = Search(Spectrum(zoomed), self._layout)
                spectrum_zoom, scale = around.zoom, zoomed.shape[1] / plane.shape[1]
            for place in search.best(around, scale):
                name = around.told(place.matrix * scale) + (NEGATIVE if place.z < 0 else "")
                yield _Candidate(place.z, name, search.carriers(place))
                yield None

    def _lying(self, name: str, plane: Plane) -> _Candidate:
        seen = reading.carriers(plane, self._layout)
        return _Candidate(reading.sync_z(seen, self._layout), name, seen)

    def _read(self, candidate: _Candidate) -> int | None:
        return self._payload.ident(reading.soft_bits(candidate.seen, self._layout))


def _negative(candidate: _Candidate) -> _Candidate:
    return replace(candidate, name=candidate.name + NEGATIVE, seen=-candidate.seen)


def _oriented(plane: Plane) -> dict[str, Plane]:
    """A plane brought back from every other way to lie."""
    turned = {
        "turned by 90 degrees": np.rot90(plane, 3),
        "turned by 180 degrees": np.rot90(plane, 2),
        "turned by 270 degrees": np.rot90(plane),
    }
    mirrored = {
        "mirrored": plane[:, ::-1],
        "upside down": plane[::-1],
        "transposed": plane.T,
        "transposed backwards": np.rot90(plane, 2).T,
    }
    return turned | mirrored
