"""Files from outside become upright sRGB pixels, or are refused for what they are."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from pipelines.errors import InvalidImage
from pipelines.types import Size
from server.errors import ImageTooLarge, UnknownImageFormat
from server.inputs.picture_rule import PictureRule
from server.inputs.pictures import InputPicture, decode

RULE = PictureRule(most=1)
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def file_of(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def decoded(data: bytes, rule: PictureRule = RULE, keep_pixels: int = 10**6) -> InputPicture:
    return decode(io.BytesIO(data), rule, "image", keep_pixels=keep_pixels)


def corners(picture: InputPicture) -> list[list[int]]:
    """The colours of the corners, left to right and top to bottom, to the nearest 0 or 255."""
    pixels = picture.rgb.pixels[[1, 1, -2, -2], [1, -2, 1, -2]]
    return (np.round(pixels / 255) * 255).astype(int).tolist()


def quartered(width: int = 40, height: int = 20) -> Image.Image:
    """Red, green, blue and white quarters, so that every turn shows."""
    image = Image.new("RGB", (width, height))
    halves = ((0, width // 2), (width // 2, width))
    rows = ((0, height // 2), (height // 2, height))
    for colour, (x, y) in zip(
        (RED, GREEN, BLUE, WHITE), [(x, y) for y in rows for x in halves], strict=True
    ):
        image.paste(colour, (x[0], y[0], x[1], y[1]))
    return image


UPRIGHT = [list(RED), list(GREEN), list(BLUE), list(WHITE)]


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF"])
def test_every_named_format_is_read(form: str) -> None:
    picture = decoded(file_of(quartered(), form))
    assert picture.format == form.lower()
    assert picture.size == picture.rgb.size == Size(40, 20)
    assert picture.alpha is None
    assert corners(picture) == UPRIGHT


@pytest.mark.parametrize("form", ["JPEG", "TIFF", "WEBP", "PNG"])
@pytest.mark.parametrize(
    ("orientation", "turned_by_camera"),
    [
        (1, None),
        (2, Image.Transpose.FLIP_LEFT_RIGHT),
        (3, Image.Transpose.ROTATE_180),
        (5, Image.Transpose.TRANSPOSE),
        (6, Image.Transpose.ROTATE_90),
        (8, Image.Transpose.ROTATE_270),
    ],
)
def test_a_turned_picture_is_put_upright(
    form: str, orientation: int, turned_by_camera: Image.Transpose | None
) -> None:
    stored = quartered() if turned_by_camera is None else quartered().transpose(turned_by_camera)
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = decoded(file_of(stored, form, exif=exif))
    assert picture.size == picture.rgb.size == Size(40, 20)
    assert corners(picture) == UPRIGHT


def test_of_several_pictures_in_one_file_the_first_is_taken() -> None:
    first, second = quartered(), Image.new("RGB", (40, 20), BLUE)
    for form in ("GIF", "WEBP", "PNG", "TIFF", "MPO"):
        data = file_of(first, form, save_all=True, append_images=[second])
        assert corners(decoded(data)) == UPRIGHT, form


def test_a_camera_s_multi_picture_file_is_a_jpeg() -> None:
    data = file_of(quartered(), "MPO", save_all=True, append_images=[quartered()])
    assert Image.open(io.BytesIO(data)).format == "MPO"
    assert decoded(data, PictureRule(formats=("jpeg",))).format == "jpeg"


def test_transparent_parts_are_white_and_known() -> None:
    image = quartered().convert("RGBA")
    image.putpixel((1, 1), (0, 0, 0, 0))
    picture = decoded(file_of(image))
    assert corners(picture)[0] == list(WHITE)
    assert picture.alpha is not None
    assert picture.alpha.size == Size(40, 20)
    assert picture.alpha.pixels[1, 1, 0] == 0
    assert picture.alpha.pixels[5, 5, 0] == 255


def test_an_alpha_channel_that_hides_nothing_is_none() -> None:
    assert decoded(file_of(quartered().convert("RGBA"))).alpha is None


def test_a_palette_with_a_transparent_colour() -> None:
    image = Image.new("P", (20, 20), 1)
    image.putpalette([*BLUE, *RED])
    image.putpixel((0, 0), 0)
    picture = decoded(file_of(image, transparency=0))
    assert picture.rgb.pixels[5, 5].tolist() == list(RED)
    assert picture.rgb.pixels[0, 0].tolist() == list(WHITE)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "YCbCr"])
def test_every_mode_of_colour_becomes_rgb(mode: str) -> None:
    form = {"CMYK": "JPEG", "YCbCr": "JPEG"}.get(mode, "PNG")
    grey = Image.new("RGB", (20, 20), (0, 0, 0))
    grey.paste(WHITE, (10, 0, 20, 20))
    pixels = decoded(file_of(grey.convert(mode), form)).rgb.pixels
    assert pixels.shape == (20, 20, 3)
    assert pixels[10, 2].max() < 40
    assert pixels[10, 17].min() > 215


def test_sixteen_bits_of_grey_keep_their_shades() -> None:
    ramp = np.tile(np.linspace(0, 65535, 64, dtype=np.uint16), (20, 1))
    pixels = decoded(file_of(Image.fromarray(ramp))).rgb.pixels.astype(int)
    assert pixels[0, 0, 0] == 0
    assert pixels[0, 32, 0] == pytest.approx(129, abs=2)
    assert pixels[0, 63, 0] == 255


def swapped_profile() -> bytes:
    """A profile by which red light is called blue, and blue red."""
    plain = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return plain.replace(b"rXYZ", b"?XYZ").replace(b"bXYZ", b"rXYZ").replace(b"?XYZ", b"bXYZ")


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_colours_are_read_as_their_profile_means_them(mode: str) -> None:
    image = Image.new("RGB", (20, 20), RED).convert(mode)
    pixels = decoded(file_of(image, icc_profile=swapped_profile())).rgb.pixels
    assert pixels[0, 0].tolist() == pytest.approx(list(BLUE), abs=3)


def test_a_profile_that_does_not_fit_is_not_followed() -> None:
    image = Image.new("RGB", (20, 20), RED)
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB", 5000)).tobytes()
    for profile in (lab, b"nonsense", swapped_profile()[:200]):
        pixels = decoded(file_of(image, icc_profile=profile)).rgb.pixels
        assert pixels[0, 0].tolist() == list(RED)


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_no_more_is_kept_than_was_asked_for(form: str) -> None:
    picture = decoded(file_of(quartered(800, 400), form), keep_pixels=20_000)
    assert picture.size == Size(800, 400)
    assert picture.rgb.size == Size(200, 100)
    assert corners(picture) == UPRIGHT


@pytest.mark.parametrize(
    ("size", "fault"),
    [((14, 40), "at least 15"), ((15, 241), "1:16"), ((20_000, 2000), "at most 36000000")],
)
def test_a_picture_out_of_bounds_is_refused(size: tuple[int, int], fault: str) -> None:
    with pytest.raises(InvalidImage, match=fault) as caught:
        decoded(file_of(Image.new("1", size)))
    assert caught.value.param == "image"


def test_a_rule_may_ask_for_a_square() -> None:
    with pytest.raises(InvalidImage, match="must be square"):
        decoded(file_of(quartered()), PictureRule(square=True))


def test_too_many_bytes_are_refused() -> None:
    with pytest.raises(ImageTooLarge, match="at most 100 bytes"):
        decoded(file_of(quartered()) + bytes(100), PictureRule(max_bytes=100))


def test_a_format_of_another_model_is_refused_by_what_it_is() -> None:
    with pytest.raises(UnknownImageFormat) as caught:
        decoded(file_of(quartered(), "GIF"), PictureRule(formats=("jpeg", "png", "webp")))
    assert str(caught.value) == (
        "unsupported mimetype ('image/gif'). "
        "Supported file formats are 'image/jpeg', 'image/png', and 'image/webp'."
    )


def heic() -> bytes:
    return struct.pack(">I", 24) + b"ftypheic" + bytes(4) + b"mif1heic" + bytes(200)


@pytest.mark.parametrize(
    "data",
    [b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7\n", heic(), bytes(2000)],
    ids=["text", "svg", "pdf", "heic", "zeros"],
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(UnknownImageFormat, match="unsupported mimetype"):
        decoded(data)


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(InvalidImage, match="empty"):
        decoded(b"")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"])
def test_a_file_cut_off_is_refused(form: str) -> None:
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8))
    data = file_of(noise, form)
    with pytest.raises(InvalidImage, match=r"damaged or cut off|unsupported mimetype"):
        decoded(data[: len(data) // 2])


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises more than any memory holds, in a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    body = zlib.compress(bytes(1_000_000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


def webp_header(side: int) -> bytes:
    """An animated WebP whose canvas is enormous and whose one frame is not."""
    frame = file_of(Image.new("RGB", (16, 16)), "WEBP")[12:]
    extent = (side - 1).to_bytes(3, "little")
    canvas = b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + extent + extent
    animation = b"ANIM" + struct.pack("<I", 6) + bytes(6)
    place = bytes(6) + (15).to_bytes(3, "little") * 2 + bytes(4)
    moving = b"ANMF" + struct.pack("<I", len(place) + len(frame)) + place + frame
    chunks = b"WEBP" + canvas + animation + moving
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


@pytest.mark.parametrize(
    "data",
    [png_header(9000, 9000), png_header(2**31 - 1, 2**31 - 1), webp_header(16383)],
    ids=["png", "endless png", "webp"],
)
def test_a_bomb_is_refused_by_its_header(data: bytes) -> None:
    with pytest.raises(InvalidImage, match=r"at most 36000000|damaged"):
        decoded(data)


def test_a_jpeg_of_a_thousand_passes_is_refused() -> None:
    data = file_of(quartered(), "JPEG", progressive=True)
    end = data.rindex(b"\xff\xd9")
    scan = data[data.rindex(b"\xff\xda") : end]
    assert decoded(data).format == "jpeg"
    with pytest.raises(InvalidImage, match="too many scans"):
        decoded(data[:end] + scan * 1000 + data[end:])


@given(data=st.data(), form=st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_damaged_file_is_read_or_refused_but_breaks_nothing(
    data: st.DataObject, form: str
) -> None:
    content = bytearray(file_of(quartered(), form))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        picture = decoded(bytes(content))
    except InvalidImage:
        return
    assert picture.rgb.channels == 3
