"""Writes the XMP packet of a picture: that a machine drew it, the label of GB 45438, the recipe.

The same statement is the same bytes: no time, no padding. Reading is `xmp_reading`'s.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.provenance.recipe import Recipe

MAX_BYTES = 65_502
"""The longest packet that a JPEG holds, and the longest that we write. Units: bytes.

Source: XMP specification, part 3, 1.1.3. Other files could hold more, and need not: one rule.
"""

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
DRAWN = "trainedAlgorithmicMedia"
EDITED = "compositeWithTrainedAlgorithmicMedia"
IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
TC260 = "http://www.tc260.org.cn/ns/AIGC/1.0/"
OWN = "urn:seedbed:1.0/"
XMP = "http://ns.adobe.com/xap/1.0/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

_BEGIN = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
_END = '<?xpacket end="r"?>'
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Source: XML 1.0, production 2, Char."""
_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"},
)


@dataclass(frozen=True, slots=True)
class Statement:
    """What a file says of where its picture comes from."""

    produce_id: str
    """16 hexadecimal digits: the picture's id, everywhere the same."""
    producer: str
    """Who drew it, by name or by code."""
    model: str
    """What drew it."""
    generator: str
    """The program: seedbed and its version."""
    propagator: str = ""
    """Who hands it out; the producer where nothing is said."""
    model_version: str = ""
    edited: bool = False
    """Whether it began from other pictures."""
    recipe: Recipe | None = None
    """None where the file says nothing of how it was drawn."""


def packet(statement: Statement, with_prompt: bool = True) -> bytes:
    """Write the packet.

    `with_prompt` is about IPTC's own property; a recipe has its prompt or has not.
    """
    described = "".join(
        f"<{name}>{_text(value)}</{name}>" for name, value in _properties(statement, with_prompt)
    )
    text = (
        f'{_BEGIN}<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}">'
        f'<rdf:Description rdf:about="" xmlns:xmp="{XMP}" xmlns:Iptc4xmpExt="{IPTC}" '
        f'xmlns:TC260="{TC260}" xmlns:seedbed="{OWN}">{described}</rdf:Description></rdf:RDF>'
        f"</x:xmpmeta>{_END}"
    )
    return text.encode()


def aigc_label(statement: Statement) -> str:
    """The implicit label as GB 45438-2025, annex E, wants it: one JSON object of strings."""
    propagator = statement.propagator or statement.producer
    return json.dumps(
        {
            "Label": "1",
            "ContentProducer": statement.producer,
            "ProduceID": statement.produce_id,
            "ReservedCode1": "",
            "ContentPropagator": propagator,
            "PropagateID": statement.produce_id,
            "ReservedCode2": "",
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _properties(statement: Statement, with_prompt: bool) -> Iterator[tuple[str, str]]:
    recipe = statement.recipe
    yield "xmp:CreatorTool", statement.generator
    yield "Iptc4xmpExt:DigitalSourceType", SOURCE_TYPES + (EDITED if statement.edited else DRAWN)
    yield "Iptc4xmpExt:AISystemUsed", statement.model
    if statement.model_version:
        yield "Iptc4xmpExt:AISystemVersionUsed", statement.model_version
    if with_prompt and recipe is not None and recipe.prompt:
        yield "Iptc4xmpExt:AIPromptInformation", recipe.prompt
    yield "TC260:AIGC", aigc_label(statement)
    if recipe is not None:
        yield "seedbed:Recipe", recipe.to_json()


def _text(value: str) -> str:
    """As the text of an element. What XML has no way to write becomes the mark for it, U+FFFD."""
    return _NOT_IN_XML.sub("\ufffd", value).translate(_ESCAPES)
