"""Decides where to look for a mark, in which order and how long, and counts what it tried.

Knows planes, sub-keys and payloads, no pixels and no files.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from pipelines.tilemark import reading
from pipelines.tilemark.canonical import Plane, canonical, whitened
from pipelines.tilemark.carriers import Layout, SubKey
from pipelines.tilemark.geometry import Round
from pipelines.tilemark.payload import Payload
from pipelines.tilemark.reading import Carriers
from pipelines.tilemark.search import Search
from pipelines.tilemark.spectrum import Spectrum

_UPRIGHT = "as it is"
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
    sub: int
    seen: Carriers


class Detector:
    """Looks for marks of one master key's sub-keys."""

    def __init__(self, layout: Layout, subs: Sequence[SubKey], payload: Payload) -> None:
        self._layout = layout
        self._subs = subs
        self._payload = payload

    def find(self, picture: Image.Image, rounds: Iterable[Round], seconds: float) -> Found:
        """Look at the picture as it is, turned and mirrored, then through the rounds in turn.

        No round begins and none of its places is read after so many seconds.
        """
        end = time.monotonic() + seconds
        decodes, best = 0, _Candidate(0.0, _UPRIGHT, 0, np.empty(0, np.complex64))
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
        yield self._best({_UPRIGHT: plane})
        yield self._best(_oriented(plane))
        spectrum_zoom, search = 0.0, None
        for around in rounds:
            yield None
            if search is None or around.zoom != spectrum_zoom:
                zoomed = plane if around.zoom == 1 else whitened(canonical(picture, around.zoom))
                search = Search(Spectrum(zoomed), self._layout, self._subs)
                spectrum_zoom, scale = around.zoom, zoomed.shape[1] / plane.shape[1]
            for place in search.best(around, scale):
                name = place.name if place.z > 0 else place.name + NEGATIVE
                yield _Candidate(place.z, name, place.sub, search.carriers(place))
                yield None

    def _best(self, planes: dict[str, Plane]) -> _Candidate:
        """The orientation and the sub-key that fit best."""
        found = []
        for name, plane in planes.items():
            seen = reading.carriers(plane, self._layout)
            for index, sub in enumerate(self._subs):
                z = reading.sync_z(seen, self._layout, sub)
                found.append(_Candidate(z, name, index, seen))
        best = max(found, key=lambda tried: abs(tried.z))
        if best.z < 0:
            return _Candidate(best.z, best.name + NEGATIVE, best.sub, -best.seen)
        return best

    def _read(self, candidate: _Candidate) -> int | None:
        sub = self._subs[candidate.sub]
        return self._payload.ident(reading.soft_bits(candidate.seen, self._layout, sub), sub)


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
