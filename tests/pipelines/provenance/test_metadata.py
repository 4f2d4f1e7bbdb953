"""What files say of their pictures: as other programs read it, and never too long for a file."""

import io
import json
import zlib
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from pipelines.post.encode import MAX_PARAMETERS, FileInfo, Format, encode
from pipelines.provenance.metadata import detailed, metadata
from pipelines.provenance.parameters import read_parameters, to_parameters
from pipelines.provenance.recipe import Recipe
from pipelines.provenance.xmp import IPTC, MAX_BYTES, OWN, SOURCE_TYPES, TC260, Statement, packet
from pipelines.types import Size

FORMATS: list[Format] = ["png", "jpeg", "webp"]
RECIPE = Recipe(
    seedbed="0.1.0",
    model="seedbed",
    drawn_by="embedded",
    seed=7,
    size=Size(512, 512),
    native=Size(256, 256),
    steps=16,
    guidance=3.5,
    weights="0123456789abcdef" * 4,
    sampler="DPMSolverMultistepScheduler",
    prompt='a "red" <fox> & 狐狸\x07\r\nin snow',
    negative_prompt="blurred, grey",
)
STATEMENT = Statement(
    produce_id="192af6e44a817c0e",
    producer="a <site> & co",
    model="embedded",
    generator="seedbed 0.1.0",
    model_version="0123456789ab",
    recipe=RECIPE,
)
PIXELS = np.random.default_rng(5).integers(0, 256, (24, 32, 4), dtype=np.uint8)
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def properties(xmp: bytes) -> dict[str, str]:
    described = ElementTree.fromstring(xmp)[0][0]
    return {child.tag: child.text or "" for child in described}


def opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image.copy()


def file(kind: Format, info: FileInfo) -> bytes:
    return encode(PIXELS[..., :3] if kind == "jpeg" else PIXELS, kind, info=info)


def comment(image: Image.Image) -> str:
    said = image.getexif().get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment]
    assert said[:8] == b"UNICODE\0"
    return str(said[8:], "utf-16-be")


def test_the_packet_is_xml_with_every_statement_once() -> None:
    said = properties(packet(STATEMENT))
    label = json.loads(said[f"{{{TC260}}}AIGC"])
    assert label == {
        "Label": "1",
        "ContentProducer": "a <site> & co",
        "ProduceID": "192af6e44a817c0e",
        "ReservedCode1": "",
        "ContentPropagator": "a <site> & co",
        "PropagateID": "192af6e44a817c0e",
        "ReservedCode2": "",
    }
    assert said[f"{{{IPTC}}}DigitalSourceType"] == f"{SOURCE_TYPES}trainedAlgorithmicMedia"
    assert said[f"{{{IPTC}}}AISystemUsed"] == "embedded"
    assert said[f"{{{IPTC}}}AISystemVersionUsed"] == "0123456789ab"
    assert said[f"{{{IPTC}}}AIPromptInformation"] == 'a "red" <fox> & 狐狸\ufffd\r\nin snow'
    assert Recipe.from_json(said[f"{{{OWN}}}Recipe"]) == RECIPE
    assert packet(STATEMENT).count(b"AIGC&quot;") == 0, "one copy of the label per file"


def test_an_edit_and_its_propagator_are_said() -> None:
    said = properties(packet(replace(STATEMENT, edited=True, propagator="a shop")))
    assert said[f"{{{IPTC}}}DigitalSourceType"].endswith("compositeWithTrainedAlgorithmicMedia")
    assert json.loads(said[f"{{{TC260}}}AIGC"])["ContentPropagator"] == "a shop"


@pytest.mark.parametrize("kind", FORMATS)
def test_any_format_holds_packet_parameters_and_profile_beside_its_pixels(kind: Format) -> None:
    written = metadata(STATEMENT, PROFILE)
    assert written.left_out == ()
    data = file(kind, written.info)
    assert data == file(kind, written.info)
    assert data.count(b"<TC260:AIGC>") == 1
    image = opened(data)
    assert image.info["xmp"] == written.info.xmp
    assert image.info["icc_profile"] == PROFILE
    said = image.info["parameters"] if kind == "png" else comment(image)
    assert said == to_parameters(RECIPE)
    assert kind == "png" or image.getexif().endian == ">", "its readers expect UTF-16 of this order"
    bare = opened(file(kind, FileInfo()))
    assert image.mode == bare.mode
    assert np.array_equal(np.asarray(image), np.asarray(bare))


def test_a_png_holds_its_texts_before_the_pixels_and_plain_ones_as_plain_text() -> None:
    plain = replace(STATEMENT, recipe=replace(RECIPE, prompt="a fox"))
    chunks = png_chunks(file("png", metadata(plain, PROFILE).info))
    assert [kind for kind, _ in chunks] == [b"IHDR", b"iCCP", b"iTXt", b"tEXt", b"IDAT", b"IEND"]
    assert chunks[2][1].startswith(b"XML:com.adobe.xmp\0\0\0\0\0<?xpacket")
    assert chunks[3][1].startswith(b"parameters\0a fox\nNegative prompt: blurred, grey\nSteps: 16,")
    chunks = png_chunks(file("png", metadata(STATEMENT).info))
    assert [kind for kind, _ in chunks] == [b"IHDR", b"iTXt", b"iTXt", b"IDAT", b"IEND"]


def png_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 8
    while at < len(data):
        length = int.from_bytes(data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert int.from_bytes(data[at + 8 + length : at + 12 + length]) == zlib.crc32(kind + body)
        found.append((kind, body))
        at += 12 + length
    return found


def test_a_site_decides_how_much_of_a_recipe_is_written() -> None:
    assert detailed(RECIPE, "full") == RECIPE
    assert detailed(RECIPE, "minimal") == RECIPE.without_prompt()
    assert detailed(RECIPE, "none") is None


def test_without_a_recipe_only_the_label_stays() -> None:
    written = metadata(replace(STATEMENT, recipe=None))
    assert written.info.parameters is None
    assert written.info.xmp is not None
    assert set(properties(written.info.xmp)) & {f"{{{TC260}}}AIGC", f"{{{OWN}}}Recipe"} == {
        f"{{{TC260}}}AIGC"
    }


def test_no_word_of_the_prompt_is_written_where_the_recipe_has_none() -> None:
    for kind in FORMATS:
        data = file(kind, metadata(replace(STATEMENT, recipe=RECIPE.without_prompt())).info)
        for word in ("fox", "狐狸", "blurred"):
            for encoding in ("utf-8", "utf-16-be"):
                assert word.encode(encoding) not in data


@pytest.mark.parametrize(
    ("prompt", "left_out"),
    [
        ("p" * 20_000, ()),
        ("p" * 33_000, ("prompt_information", "parameters")),
        ("狐" * 21_000, ("prompt_information",)),
        ("狐" * 32_000, ("prompt_information", "prompt")),
    ],
    ids=["fits", "too long for a comment", "fits once", "fits nowhere"],
)
def test_what_is_too_long_for_a_file_is_left_out_and_named(
    prompt: str, left_out: tuple[str, ...]
) -> None:
    recipe = replace(RECIPE, prompt=prompt)
    written = metadata(replace(STATEMENT, recipe=recipe))
    assert written.left_out == left_out
    assert written.info.xmp is not None
    assert len(written.info.xmp) <= MAX_BYTES
    parameters = written.info.parameters or ""
    assert len(parameters.encode("utf-16-be")) <= MAX_PARAMETERS
    assert (prompt in parameters) == (not {"prompt", "parameters"} & set(left_out))
    kept = Recipe.from_json(properties(written.info.xmp)[f"{{{OWN}}}Recipe"])
    assert kept == (recipe.without_prompt() if "prompt" in left_out else recipe)
    for kind in FORMATS:
        assert opened(file(kind, written.info)).info["xmp"] == written.info.xmp


def test_the_longest_texts_fit_into_a_jpeg() -> None:
    info = FileInfo(b"x" * MAX_BYTES, "p" * (MAX_PARAMETERS // 2))
    image = opened(file("jpeg", info))
    assert image.info["xmp"] == info.xmp
    assert comment(image) == info.parameters


def test_parameters_are_in_the_words_of_the_web_ui() -> None:
    recipe = replace(RECIPE, prompt="a fox\nin snow", drawn_by="a, model: b")
    assert to_parameters(recipe) == (
        "a fox\nin snow\n"
        "Negative prompt: blurred, grey\n"
        "Steps: 16, Sampler: DPMSolverMultistepScheduler, CFG scale: 3.5, Seed: 7, "
        'Size: 512x512, Model hash: 0123456789, Model: "a, model: b", Native size: 256x256, '
        "Version: seedbed 0.1.0"
    )
    read = read_parameters(to_parameters(recipe))
    assert read is not None
    assert (read.prompt, read.negative_prompt) == ("a fox\nin snow", "blurred, grey")
    assert read.fields["Model"] == "a, model: b"
    assert (read.fields["Seed"], read.fields["Native size"]) == ("7", "256x256")


@pytest.mark.parametrize("text", ["", "a fox", "a fox\nSteps: 3", "\0" * 9, ":" * 70_000])
def test_a_text_without_a_line_of_fields_is_none(text: str) -> None:
    assert read_parameters(text) is None
