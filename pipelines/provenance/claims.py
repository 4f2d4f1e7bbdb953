"""Reads what a file says of where its picture comes from, and believes nothing of it.

Read are PNG, JPEG and WebP: XMP; the label of GB 45438 in all five places where it is found; the
parameters of AUTOMATIC1111's web UI; our own recipe. Whatever a hostile file does, time and memory
are bounded by its length, and what is wrong with it is named.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pipelines.post.encode import Format
from pipelines.provenance import jpeg_parts, png_parts, webp_parts
from pipelines.provenance.exif_comment import BadExif, user_comment
from pipelines.provenance.parameters import Parameters, read_parameters
from pipelines.provenance.parts import Parts
from pipelines.provenance.recipe import BadRecipe, Recipe
from pipelines.provenance.xmp import SOURCE_TYPES
from pipelines.provenance.xmp_reading import BadXmp, read_xmp
from pipelines.types import Size

_GENERATED = (
    "trainedAlgorithmicMedia",
    "compositeWithTrainedAlgorithmicMedia",
    "algorithmicMedia",
    "compositeSynthetic",
)
"""Source: IPTC NewsCodes, digital source type."""
_LABELS = frozenset({"1", "2", "3"})
"""It is generated, it may be, it is suspected to be. Source: GB 45438-2025, annex E."""
_LONGEST = 256
"""Of a value that is shown. Units: characters."""


@dataclass(frozen=True, slots=True)
class AigcLabel:
    """One label of GB 45438, as somebody wrote it."""

    place: str
    """xmp, png-text, exif or segment."""
    label: str
    producer: str
    produce_id: str
    propagator: str
    propagate_id: str


@dataclass(frozen=True, slots=True)
class Claims:
    """What a file says. Nothing in it is proved."""

    format: Format | None
    """None: it is no PNG, JPEG or WebP, and was not read."""
    size: Size | None
    labels: tuple[AigcLabel, ...] = ()
    source_types: tuple[str, ...] = ()
    """IPTC's digital source types, without their address."""
    systems: tuple[str, ...] = ()
    """What it says drew it."""
    tools: tuple[str, ...] = ()
    """What it says wrote it."""
    recipe: Recipe | None = None
    """Its prompts are as they stand there, control characters and all; so are the parameters."""
    parameters: Parameters | None = None
    places: tuple[str, ...] = ()
    """Where something was found: xmp, png-text, exif, segment."""
    faults: tuple[str, ...] = ()
    """What is wrong with the file, or was not read of it."""

    @property
    def produce_id(self) -> str | None:
        """What the first label says."""
        return self.labels[0].produce_id if self.labels else None

    @property
    def generated(self) -> bool:
        """Whether it says of itself that an AI had a hand in it."""
        return bool(
            any(label.label in _LABELS for label in self.labels)
            or any(one in _GENERATED for one in self.source_types)
            or self.recipe
            or self.parameters
        )


def read_claims(data: bytes) -> Claims:
    """Read a file of any kind; a fault in it is an entry of `faults`, never an exception."""
    view = memoryview(data)
    form, collect = _container(view)
    if form is None:
        return Claims(None, None, faults=("it is no PNG, JPEG or WebP",))
    parts = Parts()
    collect(view, parts)
    return _Reading(parts).claims(form)


def _container(data: memoryview) -> tuple[Format | None, Callable[[memoryview, Parts], None]]:
    if bytes(data[:8]) == png_parts.SIGNATURE:
        return "png", png_parts.collect
    if bytes(data[:3]) == jpeg_parts.SIGNATURE:
        return "jpeg", jpeg_parts.collect
    return ("webp" if webp_parts.is_webp(data) else None), webp_parts.collect


class _Reading:
    """Makes sense of one file's parts, one place after the other."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._labels: list[AigcLabel] = []
        self._properties: dict[str, list[str]] = {}
        self._recipe: Recipe | None = None
        self._parameters: Parameters | None = None
        self._places: list[str] = []

    def claims(self, form: Format) -> Claims:
        for packet in self._parts.xmp:
            self._read_xmp(packet)
        for keyword, text in self._parts.texts:
            self._read_text(keyword, text)
        for exif in self._parts.exif:
            self._read_exif(exif)
        for segment in self._parts.segments:
            self._read_label("segment", segment.decode("utf-8", "replace").strip("\0 :"))
        if len({label.produce_id for label in self._labels}) > 1:
            self._parts.fault("its labels name different ids")
        return Claims(
            form,
            self._parts.size,
            labels=tuple(self._labels),
            source_types=tuple(_code(said) for said in self._said("source_type")),
            systems=tuple(self._said("system")),
            tools=tuple(self._said("tool")),
            recipe=self._recipe,
            parameters=self._parameters,
            places=tuple(dict.fromkeys(self._places)),
            faults=tuple(self._parts.faults),
        )

    def _said(self, name: str) -> Iterator[str]:
        return (_shown(value) for value in self._properties.get(name, ()))

    def _read_xmp(self, packet: bytes) -> None:
        try:
            found = read_xmp(packet)
        except BadXmp as error:
            self._parts.fault(str(error))
            return
        if found:
            self._places.append("xmp")
        for name, values in found.items():
            self._properties.setdefault(name, []).extend(values)
        for text in found.get("aigc", ()):
            self._read_label("xmp", text)
        for text in found.get("recipe", ()):
            self._read_recipe(text)

    def _read_recipe(self, text: str) -> None:
        if self._recipe is not None:
            self._parts.fault("it has more than one recipe; the first counts")
            return
        try:
            self._recipe = Recipe.from_json(text)
        except BadRecipe as error:
            self._parts.fault(f"its recipe cannot be read: {error}")

    def _read_text(self, keyword: str, text: str) -> None:
        if keyword == "AIGC":
            self._read_label("png-text", text)
        else:
            self._read_parameters("png-text", text)

    def _read_exif(self, exif: bytes) -> None:
        try:
            comment = user_comment(exif)
        except BadExif as error:
            self._parts.fault(str(error))
            return
        if comment is None:
            return
        if comment.startswith("{") and '"AIGC"' in comment:
            self._read_label("exif", comment)
        else:
            self._read_parameters("exif", comment)

    def _read_parameters(self, place: str, text: str) -> None:
        found = read_parameters(text)
        if found is not None:
            self._places.append(place)
            self._parameters = self._parameters or found

    def _read_label(self, place: str, text: str) -> None:
        members = _object(text)
        if members is not None and "AIGC" in members:
            inner = members["AIGC"]
            members = _object(inner) if isinstance(inner, str) else inner
        if not isinstance(members, dict) or "Label" not in members:
            self._parts.fault(f"the AIGC label of {place} cannot be read")
            return
        self._places.append(place)
        words = ("Label", "ContentProducer", "ProduceID", "ContentPropagator", "PropagateID")
        said = (members.get(word, "") for word in words)
        values = (_shown(str(value)) if isinstance(value, str | int) else "" for value in said)
        self._labels.append(AigcLabel(place, *values))


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _shown(value: str) -> str:
    """At most a line, and nothing in it that a terminal would obey."""
    line = value.strip()[:_LONGEST]
    return "".join(each if each.isprintable() else "\ufffd" for each in line)


def _code(source_type: str) -> str:
    """Without its address, in which people write https too."""
    return source_type.replace("https://", "http://", 1).removeprefix(SOURCE_TYPES)
