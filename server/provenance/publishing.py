"""The last way of a picture: named, marked, encoded with what it says of itself, sealed.

Rule 1: the order is fixed. The id is of the finished pixels, the label among them; the mark goes
into them; the file says both; the seal comes last, for every later byte would break it.
Rule 2: but for the seal nothing depends on the clock or on chance: the same call, the same bytes.
Rule 3: what could not be done is said with the reason, and the picture goes out all the same.
Runs in a thread, off the event loop. Knows no HTTP, no database and no settings.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from pipelines.post.encode import Format, encode
from pipelines.provenance.credentials import Claim, SealingFailed, Signed, Source
from pipelines.provenance.metadata import Metadata, RecipeDetail, detailed, metadata
from pipelines.provenance.phash import perceptual_hash
from pipelines.provenance.recipe import Recipe
from pipelines.provenance.sketch import sketch
from pipelines.provenance.xmp import Statement
from pipelines.tilemark.mark import Embedded, TileMark, too_small
from pipelines.types import Picture, Pixels, Size
from server.provenance.identity import identify, written
from server.provenance.keys import MarkKey
from server.provenance.policy import LabelPolicy
from server.provenance.registry import Record

_NOBODYS_KEY = b""
"""Names pictures where there is no key: anybody can tell such an id, and it proves nothing."""
_OFF = "it is switched off here"
_NO_KEY = "there is no key here"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class House:
    """What the files of a site say of it."""

    producer: str = "seedbed"
    """A name, or the code of GB 45438."""
    propagator: str = ""
    """The producer where nothing is said."""
    detail: RecipeDetail = "full"


@dataclass(frozen=True, slots=True)
class Work:
    """What is known of one picture beside its pixels."""

    recipe: Recipe
    format: Format
    client: str
    request_id: str = "-"
    label_declined: bool = False
    """Whether the caller asked for no label."""
    sources: tuple[Source, ...] = ()
    """What it began from, where it will be sealed."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a caller is told of a picture's marks."""

    id: str
    layers: tuple[str, ...]
    """Of label, metadata, invisible, c2pa, registry: those that it has."""
    skipped: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """What it should have and has not, and why."""


@dataclass(frozen=True, slots=True)
class Published:
    """A picture as it is handed out."""

    picture: Picture
    provenance: Provenance
    record: Record | None
    """What has to be kept of it before it is handed out; None where nothing is kept."""


class Sealer(Protocol):
    """What is needed of `server.provenance.seal.Seal`."""

    def sign(self, data: bytes, format: Format, claim: Claim) -> Signed:  # noqa: A002 - the API's own word
        """Raises: SealingFailed."""
        ...


class Publishing:
    """Publishes for one site. Any number of threads may use it at once."""

    def __init__(
        self,
        house: House | None = None,
        keys: Sequence[MarkKey] = (),
        *,
        marks: bool = True,
        seal: Sealer | None = None,
        keeping: LabelPolicy | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """The first of the keys names pictures, and marks them if `marks` says so.

        `keeping` is how long rows are kept; without it there are none.
        """
        self._house = house or House()
        self._key = keys[0] if keys else None
        self._why_not = "" if keys and marks else _OFF if not marks else _NO_KEY
        self._mark = TileMark(keys[0].secret) if keys and marks else None
        self._seal = seal
        self._keeping = keeping
        self._now = now

    @property
    def wants_sources(self) -> bool:
        """Whether the files that an edit began from are needed."""
        return self._seal is not None

    def planned(self, size: Size, labelled: bool) -> str:
        """Say in a header, before there is a picture, what it shall bear."""
        why = self._why_not or too_small(size)
        layers = _layers(
            label=labelled,
            metadata=True,
            invisible=not why,
            c2pa=self._seal is not None,
            registry=self._keeping is not None,
        )
        skipped = {} if not why else {"invisible": why}
        return "; ".join(["planned=" + "+".join(layers), *_skipped(skipped)])

    def preview(self, pixels: Pixels, work: Work) -> Picture:
        """Encode a picture on its way: it says what it is, and nothing is kept of it.

        It must not be late, so its id is of the call alone.
        """
        said = self._said(self._id(pixels[:0], work), work)
        return _picture(encode(pixels, work.format, work.recipe.compression, said.info), work)

    def publish(self, pixels: Pixels, work: Work) -> Published:
        """Make what is handed out of finished pixels.

        Shapes: pixels [height, width, 3], or [height, width, 4] where the format has alpha.
        """
        ident = self._id(pixels, work)
        embedded = self._marked(pixels, ident)
        said = self._said(ident, work)
        data = encode(embedded.pixels, work.format, work.recipe.compression, said.info)
        skipped = {} if embedded.carried else {"invisible": embedded.why}
        skipped |= dict.fromkeys(said.left_out, "it is too long for a file")
        if self._keeping is None:
            skipped["registry"] = "nothing is kept here"
        sealed = None
        if self._seal is not None:
            claim = self._claim(ident, work, embedded.carried)
            try:
                sealed = self._seal.sign(data, work.format, claim)
            except SealingFailed as error:
                _log.error("%s: %s", work.request_id, error)
                skipped["c2pa"] = "it could not be sealed"
        layers = _layers(
            label=work.recipe.label,
            metadata=True,
            invisible=embedded.carried,
            c2pa=sealed is not None,
            registry=self._keeping is not None,
        )
        picture = _picture(data if sealed is None else sealed.data, work)
        record = self._record(ident, work, picture, embedded, sealed)
        return Published(picture, Provenance(written(ident), layers, skipped), record)

    def _id(self, pixels: Pixels, work: Work) -> int:
        said = f"{work.format}\n{work.recipe.to_json()}"
        secret = self._key.secret if self._key else _NOBODYS_KEY
        return identify(secret, work.client, said, pixels)

    def _marked(self, pixels: Pixels, ident: int) -> Embedded:
        if self._mark is None:
            return Embedded(pixels, 0.0, carried=False, why=self._why_not)
        return self._mark.embed(pixels, ident)

    def _said(self, ident: int, work: Work) -> Metadata:
        recipe, house = work.recipe, self._house
        return metadata(
            Statement(
                produce_id=written(ident),
                producer=house.producer,
                propagator=house.propagator,
                model=recipe.drawn_by,
                model_version=recipe.weights if house.detail != "none" else "",
                generator=f"seedbed {recipe.seedbed}",
                edited=recipe.edited,
                recipe=detailed(recipe, house.detail),
            )
        )

    def _claim(self, ident: int, work: Work, marked: bool) -> Claim:
        return Claim(
            id=written(ident),
            model=work.recipe.drawn_by,
            version=work.recipe.seedbed,
            marked=marked,
            sources=work.sources,
        )

    def _record(
        self,
        ident: int,
        work: Work,
        picture: Picture,
        embedded: Embedded,
        sealed: Signed | None,
    ) -> Record | None:
        """What is kept. Its hash and its sketch are of what is seen, the mark among it."""
        policy, recipe = self._keeping, work.recipe
        if policy is None:
            return None
        if work.label_declined and policy.logs:
            _log.info(
                "%s of %s: the picture %s has no label, as it was asked for",
                work.request_id,
                work.client,
                written(ident),
            )
        now = int(self._now())
        return Record(
            id=ident,
            created_at=now,
            client=work.client,
            request_id=work.request_id,
            model=recipe.model,
            sha256=hashlib.sha256(picture.data).hexdigest(),
            perceptual_hash=perceptual_hash(embedded.pixels),
            sketch=sketch(embedded.pixels),
            manifest=None if sealed is None else sealed.manifest,
            expires_at=now + policy.keep_s(recipe.label),
            drawn_by=recipe.drawn_by,
            size=recipe.size,
            format=work.format,
            labelled=recipe.label,
            label_declined=work.label_declined,
            mark_key=self._key.name if self._key and embedded.carried else None,
            mark_strength=embedded.strength if embedded.carried else None,
        )


def told(provenances: Sequence[Provenance]) -> str:
    """Say it in a header: ids of pictures with the same layers together, groups by commas."""
    groups: dict[str, list[str]] = {}
    for one in provenances:
        words = "; ".join(["layers=" + "+".join(one.layers), *_skipped(one.skipped)])
        groups.setdefault(words, []).append(one.id)
    return ", ".join(f"{' '.join(ids)}; {words}" for words, ids in groups.items())


def _layers(**there: bool) -> tuple[str, ...]:
    return tuple(name for name, is_there in there.items() if is_there)


def _skipped(skipped: Mapping[str, str]) -> list[str]:
    return [f"skipped={name}; why={why.replace(',', '')}" for name, why in skipped.items()]


def _picture(data: bytes, work: Work) -> Picture:
    return Picture(data, work.format, work.recipe.size, work.recipe.seed)
