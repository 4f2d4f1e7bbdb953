"""Reads out of an XMP packet of anybody's what it says of where a picture comes from.

Nothing is fetched, nothing is expanded: a packet with a document type, where entities would be
defined, is refused as a whole. Bounded by the length of the packet.
"""

from collections.abc import Mapping
from xml.parsers import expat

from pipelines.provenance.xmp import IPTC, OWN, RDF, TC260, XMP

_LABELS = TC260.removesuffix("1.0/")
"""What every version of the label's namespace begins with."""
_RESOURCE = f"{RDF} resource"
_WANTED = {
    f"{XMP} CreatorTool": "tool",
    f"{IPTC} DigitalSourceType": "source_type",
    f"{IPTC} AISystemUsed": "system",
    f"{IPTC} AISystemVersionUsed": "system_version",
    f"{IPTC} AIPromptInformation": "prompt",
    f"{OWN} Recipe": "recipe",
}
_MOST_VALUES = 8
"""Of each property."""


class BadXmp(ValueError):
    """What is wrong with a packet."""


def read_xmp(packet: bytes) -> Mapping[str, list[str]]:
    """The properties that are known here, each with all its values: aigc, source_type, recipe, ...

    Raises: BadXmp.
    """
    reader = _Reader()
    # The encoding is said, so that none that the packet names is looked up.
    parser = expat.ParserCreate("utf-8", " ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(packet.strip(b"\0 \n\r\t"), True)
    except expat.ExpatError as error:
        raise BadXmp(f"XMP is not XML: {expat.ErrorString(error.code)}") from None
    return reader.found


def _refuse(*_: object) -> None:
    raise BadXmp("XMP has a document type, which it may not have")


class _Reader:
    """Follows the parser; a property is an element, or an attribute of one."""

    def __init__(self) -> None:
        self.found: dict[str, list[str]] = {}
        self._inside: str | None = None
        self._depth = 0
        self._text: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self._inside is not None:
            self._depth += 1
        elif (wanted := _wanted(name)) is not None:
            self._inside = wanted
            if _RESOURCE in attributes:
                self._add(wanted, attributes[_RESOURCE])
        for attribute, value in attributes.items():
            if (said := _wanted(attribute)) is not None:
                self._add(said, value)

    def text(self, piece: str) -> None:
        if self._inside is not None:
            self._text.append(piece)

    def end(self, _: str) -> None:
        """The members of a list are values of their own."""
        if self._inside is None:
            return
        self._add(self._inside, "".join(self._text))
        self._text.clear()
        if self._depth == 0:
            self._inside = None
        else:
            self._depth -= 1

    def _add(self, name: str, value: str) -> None:
        values = self.found.setdefault(name, [])
        if value.strip() and len(values) < _MOST_VALUES:
            values.append(value)


def _wanted(name: str) -> str | None:
    if name.startswith(_LABELS) and name.endswith(" AIGC"):
        return "aigc"
    return _WANTED.get(name)
