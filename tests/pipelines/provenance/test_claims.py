"""What files of ours and of others say is read, wherever it stands, and whatever is wrong is named.

What hostile files do is in `test_hostile_files`.
"""

import html
import zlib
from dataclasses import replace

import pytest

from pipelines.post.encode import Format
from pipelines.provenance.claims import AigcLabel, Claims, read_claims
from pipelines.provenance.metadata import metadata
from pipelines.provenance.recipe import Recipe
from pipelines.provenance.xmp import Statement
from pipelines.types import Size
from tests.pipelines.provenance.files import (
    FORMATS,
    LABEL,
    chunk,
    exif,
    file,
    jpeg,
    png,
    riff_chunk,
    segment,
    webp,
    xmp,
)

RECIPE = Recipe(
    "0.1.0", "seedbed", "embedded", 7, Size(512, 512), Size(256, 256), 16, 3.5, prompt="a 狐狸"
)
STATEMENT = Statement("192af6e44a817c0e", "a site", "embedded", "seedbed 0.1.0", recipe=RECIPE)
NAMESPACE = b"http://ns.adobe.com/xap/1.0/\0"
ELEMENT = f"<TC260:AIGC>{html.escape(LABEL)}</TC260:AIGC>"
ATTRIBUTE = f'TC260:AIGC="{html.escape(LABEL)}"'


def labelled(place: str) -> tuple[AigcLabel, ...]:
    return (AigcLabel(place, "1", "somebody", "id-1", "a shop", "id-2"),)


@pytest.mark.parametrize("kind", FORMATS)
def test_everything_that_we_write_is_read_back(kind: Format) -> None:
    claims = read_claims(file(kind, metadata(STATEMENT).info))
    assert claims.faults == ()
    assert (claims.format, claims.size) == (kind, Size(8, 6))
    assert claims.labels == (
        AigcLabel("xmp", "1", "a site", "192af6e44a817c0e", "a site", "192af6e44a817c0e"),
    )
    assert claims.produce_id == "192af6e44a817c0e"
    assert claims.source_types == ("trainedAlgorithmicMedia",)
    assert (claims.systems, claims.tools) == (("embedded",), ("seedbed 0.1.0",))
    assert claims.recipe == RECIPE
    assert claims.parameters is not None
    assert claims.parameters.prompt == "a 狐狸"
    assert claims.parameters.fields["Native size"] == "256x256"
    assert claims.places == ("xmp", "png-text" if kind == "png" else "exif")
    assert claims.generated


@pytest.mark.parametrize("kind", FORMATS)
def test_a_plain_picture_says_nothing(kind: Format) -> None:
    assert read_claims(file(kind)) == Claims(kind, Size(8, 6))
    assert not read_claims(file(kind)).generated


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (jpeg(segment(0xE1, NAMESPACE + xmp(ELEMENT))), "xmp"),
        (jpeg(segment(0xE1, NAMESPACE + xmp("", ATTRIBUTE))), "xmp"),
        (png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(ELEMENT))), "xmp"),
        (
            png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0en\0XMP\0" + zlib.compress(xmp(ELEMENT)))),
            "xmp",
        ),
        (webp(riff_chunk(b"XMP ", xmp("", ATTRIBUTE) + b"\0\0")), "xmp"),
        (png(chunk(b"tEXt", b"AIGC\0" + LABEL.encode())), "png-text"),
        (png(chunk(b"zTXt", b"AIGC\0\0" + zlib.compress(LABEL.encode()))), "png-text"),
        (png(chunk(b"iTXt", b"AIGC\0\0\0\0\0" + LABEL.encode())), "png-text"),
        (jpeg(segment(0xE1, exif(f'{{"AIGC":{LABEL}}}'.encode()))), "exif"),
        (jpeg(segment(0xE1, exif(f'ASCII\0\0\0{{"AIGC": {LABEL}}}'.encode(), "<"))), "exif"),
        (webp(riff_chunk(b"EXIF", exif(f'\0\0\0\0\0\0\0\0{{"AIGC":{LABEL}}}'.encode()))), "exif"),
        (
            png(chunk(b"eXIf", exif(b"UNICODE\0" + f'{{"AIGC":{LABEL}}}'.encode("utf-16-le"))[6:])),
            "exif",
        ),
        (jpeg(segment(0xEB, b"AIGC" + LABEL.encode())), "segment"),
        (jpeg(segment(0xE9, b"AIGC" + f'{{"AIGC":{LABEL}}}'.encode() + b"\0")), "segment"),
    ],
    ids=[
        "jpeg element",
        "jpeg attribute",
        "png element",
        "png compressed",
        "webp attribute",
        "tEXt",
        "zTXt",
        "iTXt",
        "jpeg comment",
        "ascii comment",
        "webp comment",
        "png utf-16",
        "bare segment",
        "segment with its name",
    ],
)
def test_the_label_is_found_wherever_others_put_it(data: bytes, place: str) -> None:
    claims = read_claims(data)
    assert claims.faults == ()
    assert claims.labels == labelled(place)
    assert claims.places == (place,)
    assert claims.generated


@pytest.mark.parametrize(
    "said",
    [
        "<Iptc4xmpExt:DigitalSourceType>{}</Iptc4xmpExt:DigitalSourceType>",
        '<Iptc4xmpExt:DigitalSourceType rdf:resource="{}"/>',
        "<Iptc4xmpExt:DigitalSourceType><rdf:Bag><rdf:li>{}</rdf:li></rdf:Bag>"
        "</Iptc4xmpExt:DigitalSourceType>",
    ],
    ids=["text", "resource", "list"],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_source_type_is_read_in_every_form(said: str, scheme: str) -> None:
    address = f"{scheme}://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"
    claims = read_claims(webp(riff_chunk(b"XMP ", xmp(said.format(address)))))
    assert claims.source_types == ("algorithmicMedia",)
    assert claims.generated


def test_a_photograph_that_says_so_claims_no_ai() -> None:
    said = (
        'Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/'
        'digitalCapture"'
    )
    claims = read_claims(webp(riff_chunk(b"XMP ", xmp("", said))))
    assert (claims.source_types, claims.generated) == (("digitalCapture",), False)


def test_parameters_of_the_web_ui_are_read_from_a_comment() -> None:
    text = "a fox\nNegative prompt: grey\nSteps: 20, Sampler: Euler a, Seed: 5, Size: 64x64"
    for comment in (
        b"UNICODE\0" + text.encode("utf-16-be"),
        b"UNICODE\0" + text.encode("utf-16-le"),
        b"ASCII\0\0\0" + text.encode(),
    ):
        claims = read_claims(jpeg(segment(0xE1, exif(comment))))
        assert claims.parameters is not None
        assert (claims.parameters.prompt, claims.parameters.negative_prompt) == ("a fox", "grey")
        assert claims.parameters.fields["Sampler"] == "Euler a"


@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt", b"iTXt"])
def test_texts_of_other_names_are_not_read(kind: bytes) -> None:
    text = b"a fox\nSteps: 20, Seed: 5, Size: 64x64"
    behind = {b"tEXt": text, b"zTXt": b"\0" + zlib.compress(text), b"iTXt": b"\0\0\0\0" + text}
    assert read_claims(png(chunk(kind, b"parameters\0" + behind[kind]))).parameters is not None
    assert read_claims(png(chunk(kind, b"Comment\0" + behind[kind]))) == read_claims(file("png"))


def test_nothing_that_a_terminal_obeys_is_passed_on() -> None:
    hostile = LABEL.replace("id-1", "\\u001b[2J" + "x" * 400)
    claims = read_claims(png(chunk(b"tEXt", b"AIGC\0" + hostile.encode())))
    assert claims.produce_id == "\ufffd[2J" + "x" * 252
    said = "<Iptc4xmpExt:AISystemUsed>a\x85b\u202ec</Iptc4xmpExt:AISystemUsed>"
    claims = read_claims(webp(riff_chunk(b"XMP ", xmp(said))))
    assert claims.systems == ("a\ufffdb\ufffdc",)


def test_labels_that_contradict_each_other_are_both_told() -> None:
    other = LABEL.replace("id-1", "id-9")
    claims = read_claims(
        png(
            chunk(b"tEXt", b"AIGC\0" + other.encode()),
            chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(ELEMENT)),
        )
    )
    assert [label.produce_id for label in claims.labels] == ["id-1", "id-9"]
    assert claims.faults == ("its labels name different ids",)


def test_of_two_recipes_the_first_counts() -> None:
    first, second = (
        f"<seedbed:Recipe>{html.escape(one.to_json())}</seedbed:Recipe>"
        for one in (RECIPE, replace(RECIPE, seed=8))
    )
    claims = read_claims(webp(riff_chunk(b"XMP ", xmp(first + second))))
    assert claims.recipe == RECIPE
    assert claims.faults == ("it has more than one recipe; the first counts",)


def test_a_recipe_of_another_version_is_named_and_the_rest_is_read() -> None:
    text = html.escape(RECIPE.to_json().replace('"v":1', '"v":2'))
    data = webp(riff_chunk(b"XMP ", xmp(f"<seedbed:Recipe>{text}</seedbed:Recipe>{ELEMENT}")))
    claims = read_claims(data)
    assert claims.recipe is None
    assert claims.labels == labelled("xmp")
    assert claims.faults == (
        "its recipe cannot be read: it is not of version 1: another seedbed wrote it",
    )


@pytest.mark.parametrize("data", [b"", b"\x89PNG", b"GIF89a" + bytes(90), b"RIFF" + bytes(90)])
def test_what_is_of_no_format_is_said_to_be_of_none(data: bytes) -> None:
    assert read_claims(data) == Claims(None, None, faults=("it is no PNG, JPEG or WebP",))
