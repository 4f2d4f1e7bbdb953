"""Looks into a picture's layers one after the other, and says what they tell.

Rule 1: what a file says is read without believing it; what cannot be read is an error with a name.
Rule 2: pixels and search are bounded, so that no file holds a thread for long.
Rule 3: what was not done is said: a search that ran out of time, a crop that cannot be compared.
Knows no HTTP and asks no database: the registry's rows are handed in. Blocks: call it in a thread.
"""

import hashlib
import io
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Literal, Protocol, TypeAlias

import numpy as np
from PIL import Image

from pipelines.provenance.claims import Claims, read_claims
from pipelines.provenance.phash import ALIKE, distance, perceptual_hash
from pipelines.provenance.seal_limits import seal_fault
from pipelines.provenance.sketch import resemblance
from pipelines.provenance.verdict import Credentials, Evidence, Likeness, Verdict, judge
from pipelines.tilemark.detection import NEGATIVE
from pipelines.tilemark.geometry import FRAMED, ORIENTATIONS
from pipelines.tilemark.mark import Depth, Detection, TileMark
from pipelines.types import Pixels, Size
from server.inputs.picture_rule import EVERY_FORMAT, MIB, PictureRule
from server.inputs.pictures import decode
from server.provenance.registry import Known

RULE = PictureRule(
    most=8,
    least=1,
    formats=EVERY_FORMAT,
    max_bytes=64 * MIB,
    max_aspect=64,
    max_pixels=24_000_000,
)
"""What is looked at: more than this server draws. A WebP of more pixels would need 500 MB."""
_KEEP_PIXELS = 4_194_304
"""The mark is looked for at far fewer pixels than this."""
_SEARCH_S = 15.0
"""A search that takes longer is brought to an end, and says so."""
_ALIKE = 0.55
"""Below this a picture is another one, or another part, than what was published.

`tests/pipelines/provenance/test_sketch.py` holds the figures."""
_VIEW = 256
"""Units: pixels of the long side."""
_PART = re.compile(r"cropped to 1/([0-9.]+)")

_ID = re.compile(r"[0-9a-f]{16}")

MarkStatus: TypeAlias = Literal["verified", "absent", "not_searched"]


class Seal(Protocol):
    """What the content credentials of a file say."""

    @property
    def status(self) -> Credentials: ...

    @property
    def issuer(self) -> str | None: ...

    @property
    def source_types(self) -> Sequence[str]: ...

    @property
    def soft_bindings(self) -> Sequence[str]: ...

    @property
    def failures(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Unsealed:
    """No credentials, or none that were looked into; then `failures` says why not."""

    failures: tuple[str, ...] = ()
    status: Credentials = "absent"
    issuer: str | None = None
    source_types: tuple[str, ...] = ()
    soft_bindings: tuple[str, ...] = ()


ReadSeal: TypeAlias = Callable[[bytes, str], Seal]
"""Reads the credentials of a file of a format (png, jpeg or webp), knowing this server's roots."""
_SEALED = frozenset({"png", "jpeg", "webp"})


@dataclass(frozen=True, slots=True)
class MarkFound:
    """What the search for the invisible mark gave, over all keys."""

    status: MarkStatus
    id: int | None = None
    key: str | None = None
    """The name of the key whose tag fits."""
    sync_z: float | None = None
    """How well the best place fits the best key, in deviations of chance. It decides nothing."""
    geometry: str | None = None
    """Where the mark was found: as it is, turned, in a crop."""
    decodes: int = 0
    false_positive_bound: float = 0.0
    """The chance that a picture without our mark is called verified by a search like this one."""
    depth: Depth = "fast"
    complete: bool = True
    """Whether every key was tried at this depth."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Findings:
    """What a file says, and what was found in its pixels."""

    format: str
    size: Size
    bytes: int
    sha256: str
    claims: Claims
    credentials: Seal
    mark: MarkFound
    views: tuple[Pixels, ...] = field(repr=False)
    """The picture as it is, then in its other turns and reflections, small."""

    @property
    def said(self) -> frozenset[int]:
        """The ids that the metadata says, of the form that ours have."""
        return frozenset(_numbers(label.produce_id for label in self.claims.labels))

    @property
    def bound(self) -> frozenset[int]:
        """The ids that the credentials bind."""
        return frozenset(_numbers(self.credentials.soft_bindings))

    @property
    def ids(self) -> frozenset[int]:
        """Every id that any layer names."""
        found = frozenset[int]() if self.mark.id is None else frozenset({self.mark.id})
        return found | self.said | self.bound


@dataclass(frozen=True, slots=True)
class Likened:
    """How a picture compares with the one that was published under an id."""

    likeness: Likeness
    bits: int | None = None
    """How many of 64 bits of the perceptual hash differ. A cut picture has another hash."""
    resemblance: float | None = None
    """How well it fits the sketch of what was published, or a part of it: 1 the same, 0 nothing."""


@dataclass(frozen=True, slots=True)
class Verification:
    """All that is known of one file."""

    findings: Findings
    verdict: Verdict
    known: Known | None
    """What the registry knows of the id that the verdict is about."""
    likened: Likened

    @property
    def same_file(self) -> bool:
        """Whether it is byte for byte what was published."""
        return self.known is not None and self.known.sha256 == self.findings.sha256


class Examiner:
    """Looks into pictures with the keys and the roots of one server."""

    def __init__(
        self,
        keys: Mapping[str, TileMark],
        read_seal: ReadSeal,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`keys` by their names, the newest first."""
        self._keys = keys
        self._read_seal = read_seal
        self._clock = clock

    def examine(self, data: bytes, depth: Depth, param: str) -> Findings:
        """Look into one file. Raises: InvalidImage: what is wrong with it, naming the parameter."""
        picture = decode(io.BytesIO(data), RULE, param, keep_pixels=_KEEP_PIXELS)
        pixels = picture.rgb.pixels
        return Findings(
            format=picture.format,
            size=picture.size,
            bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            claims=read_claims(data),
            credentials=self._seal(data, picture.format),
            mark=self._search(pixels, depth),
            views=tuple(_views(pixels)),
        )

    def _seal(self, data: bytes, form: str) -> Seal:
        if form not in _SEALED:
            return Unsealed()
        fault = seal_fault(data)
        return Unsealed((fault,)) if fault else self._read_seal(data, form)

    def _search(self, pixels: Pixels, depth: Depth) -> MarkFound:
        """Try every key at the picture as it is before any key anywhere else."""
        if not self._keys:
            return MarkFound("not_searched", depth=depth)
        began = self._clock()
        passes: tuple[Depth, ...] = (depth,) if len(self._keys) == 1 else ("fast", depth)
        tried: list[Detection] = []
        for one, (name, mark) in product(dict.fromkeys(passes), self._keys.items()):
            left = _SEARCH_S - (self._clock() - began)
            tried.append(mark.detect(pixels, one, max(left, 0.0)))
            if tried[-1].ident is not None:
                return _mark_found(tried, name, one, self._clock() - began)
        return _mark_found(tried, None, depth, self._clock() - began)


def conclude(findings: Findings, known: Iterable[Known]) -> Verification:
    """Weigh what was found against what the registry knows of the ids in it, the newest first.

    Equal calls have equal ids: of several rows that of this very file counts, else the newest.
    """
    rows = sorted(known, key=lambda one: one.sha256 != findings.sha256)
    published = next((one.id for one in rows if one.sha256 == findings.sha256), None)
    by_id = {one.id: one for one in reversed(rows)}
    mark = findings.mark.id
    likened = _likened(findings, by_id.get(min(findings.ids, default=-1) if mark is None else mark))
    verdict = judge(
        Evidence(
            mark=mark,
            credentials=findings.credentials.status,
            bound=findings.bound,
            said=findings.said,
            claimed=findings.claims.generated or bool(findings.credentials.source_types),
            published=published,
            likeness=likened.likeness,
        )
    )
    row = None if verdict.id is None else by_id.get(verdict.id)
    return Verification(findings, verdict, row, likened)


def _likened(findings: Findings, known: Known | None) -> Likened:
    """Compare the picture, as its mark says that it lies, with the one that was published."""
    if known is None:
        return Likened("unknown")
    geometry = findings.mark.geometry or ""
    turned = not geometry or geometry.startswith(tuple(ORIENTATIONS))
    views = findings.views if turned else findings.views[:1]
    if geometry.endswith(NEGATIVE):
        views = tuple(255 - view for view in views)
    part = _PART.search(geometry)
    scale = float(part[1]) if part else 1.0
    bits = min(distance(known.perceptual_hash, perceptual_hash(view)) for view in views)
    fit = None
    if known.sketch is not None:
        fit = max(resemblance(known.sketch, view, scale) for view in views)
    if bits <= ALIKE or (fit is not None and fit >= _ALIKE):
        return Likened("same", bits, fit)
    # Without a mark nobody knows how the picture was cut, and a cut has another hash; of a
    # screenshot the mark does not tell where in it the picture is.
    comparable = bool(geometry) and not (fit is None and part) and not geometry.startswith(FRAMED)
    return Likened("unlike" if comparable else "unknown", bits, fit)


def _mark_found(tried: list[Detection], key: str | None, depth: Depth, seconds: float) -> MarkFound:
    """Sum up all searches; what they tried counts together."""
    best = tried[-1] if key else max(tried, key=lambda one: abs(one.sync_z))
    return MarkFound(
        status="verified" if key else "absent",
        id=best.ident,
        key=key,
        sync_z=best.sync_z,
        geometry=best.geometry if key else None,
        decodes=sum(one.decodes for one in tried),
        false_positive_bound=sum(one.false_positive_bound for one in tried),
        depth=depth,
        complete=all(one.complete for one in tried),
        seconds=seconds,
    )


def _views(pixels: Pixels) -> Iterator[Pixels]:
    image = Image.fromarray(pixels)
    image.thumbnail((_VIEW, _VIEW), Image.Resampling.BOX)
    small = np.asarray(image)
    for quarters in range(4):
        turned = np.rot90(small, quarters)
        yield turned
        yield turned[:, ::-1]


def _numbers(texts: Iterable[str]) -> Iterator[int]:
    """The ids among texts: 16 hexadecimal digits. Others' labels have ids of other forms."""
    return (int(text, 16) for text in texts if _ID.fullmatch(text))
