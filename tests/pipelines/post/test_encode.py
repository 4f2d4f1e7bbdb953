"""Pixels become files that others can read, and the same pixels the same bytes."""

import hashlib
import io
import sys
import threading
import time

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pipelines.errors import TooLarge, TooSmall, UnsupportedValue
from pipelines.post.encode import EXTENSIONS, MEDIA_TYPES, Format, encode

FORMATS: list[Format] = ["png", "jpeg", "webp"]


def picture(channels: int = 3, side: int = 96) -> NDArray[np.uint8]:
    """Soft colours, a sharp square so that quality shows, alpha that falls to the right."""
    rows, columns = np.mgrid[:side, :side] / (side - 1)
    planes = [rows, columns, (rows + columns) / 2, 1 - columns]
    pixels = np.rint(255 * np.stack(planes[:channels], axis=2)).astype(np.uint8)
    pixels[30:60, 30:60, :3] = (230, 20, 20)
    return pixels


def decode(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image.copy()


@pytest.mark.parametrize("kind", FORMATS)
def test_the_file_is_what_its_name_and_type_say(kind: Format) -> None:
    with Image.open(io.BytesIO(encode(picture(), kind))) as image:
        assert image.format == kind.upper()
        assert image.size == (96, 96)
        assert MEDIA_TYPES[kind] == Image.MIME[image.format]
        assert Image.registered_extensions()["." + EXTENSIONS[kind]] == image.format


@pytest.mark.parametrize("channels", [3, 4])
def test_png_gives_the_very_pixels_back(channels: int) -> None:
    pixels = picture(channels)
    assert np.array_equal(np.asarray(decode(encode(pixels, "png"))), pixels)


@pytest.mark.parametrize("kind", ["jpeg", "webp"])
def test_a_lossy_file_looks_like_the_picture(kind: Format) -> None:
    pixels = picture()
    got = np.asarray(decode(encode(pixels, kind)).convert("RGB")).astype(int)
    assert np.abs(got - pixels).mean() < 2


def test_webp_keeps_the_alpha_channel_exactly() -> None:
    pixels = picture(4)
    image = decode(encode(pixels, "webp"))
    assert image.mode == "RGBA"
    assert np.array_equal(np.asarray(image)[..., 3], pixels[..., 3])


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("kind", FORMATS)
def test_the_same_pixels_give_the_same_bytes(kind: Format, channels: int) -> None:
    if kind == "jpeg":
        channels = 3
    pixels = picture(channels)
    strided = np.asfortranarray(pixels)
    assert encode(pixels, kind) == encode(pixels, kind) == encode(strided, kind)


@pytest.mark.parametrize("kind", ["jpeg", "webp"])
def test_lower_compression_values_give_smaller_files(kind: Format) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    sizes = [len(encode(noise, kind, compression)) for compression in (0, 30, 60, 90, 100)]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) == 5


def test_compression_100_is_jpegs_quality_95() -> None:
    expected = io.BytesIO()
    Image.fromarray(picture()).save(expected, "JPEG", quality=95, subsampling="4:4:4")
    assert encode(picture(), "jpeg", 100) == expected.getvalue()


def test_compression_does_not_touch_a_png() -> None:
    assert encode(picture(), "png", 1) == encode(picture(), "png", 100)


def test_a_png_of_even_colour_is_compressed() -> None:
    assert len(encode(np.zeros((256, 256, 3), np.uint8), "png")) < 256 * 256 * 3 / 50


@pytest.mark.parametrize("kind", FORMATS)
def test_no_metadata_is_written(kind: Format) -> None:
    info = decode(encode(picture(), kind)).info
    assert not set(info) & {
        "exif",
        "xmp",
        "icc_profile",
        "comment",
        "Software",
        "XML:com.adobe.xmp",
    }


@pytest.mark.parametrize("kind", FORMATS)
def test_other_threads_run_while_a_picture_is_encoded(kind: Format) -> None:
    """Nobody is interrupted here: another thread runs only when the encoder lets go by itself."""
    pixels = np.random.default_rng(0).integers(0, 256, (1024, 1024, 3), dtype=np.uint8)
    ran_at: list[float] = []
    done = threading.Event()

    def run() -> None:
        while not done.is_set():
            ran_at.append(time.perf_counter())
            hashlib.sha256(pixels[:64].data)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    other = threading.Thread(target=run)
    try:
        other.start()
        began = time.perf_counter()
        encode(pixels, kind)
        ended = time.perf_counter()
    finally:
        sys.setswitchinterval(before)
        done.set()
        other.join()
    assert any((began + ended) / 2 < at < ended for at in ran_at)


def test_a_transparent_jpeg_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedValue, match="ask for png or webp") as error:
        encode(picture(4), "jpeg")
    assert error.value.param == "output_format"


@pytest.mark.parametrize(("compression", "error"), [(-1, TooSmall), (101, TooLarge)])
def test_compression_beyond_its_range_is_refused(
    compression: int, error: type[TooSmall] | type[TooLarge]
) -> None:
    with pytest.raises(error, match=f"within 0..100, not {compression}") as caught:
        encode(picture(), "webp", compression)
    assert caught.value.param == "output_compression"


def test_the_largest_picture_can_be_written() -> None:
    pixels = np.zeros((4096, 4096, 3), np.uint8)
    pixels[1000:3000, 1000:3000] = (10, 200, 30)
    assert decode(encode(pixels, "png")).size == (4096, 4096)
