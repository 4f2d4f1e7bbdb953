"""A logo stands before the text in its own colours, and what cannot be one is refused."""

import io

import numpy as np
import pytest
from PIL import Image

from pipelines.errors import InvalidImage
from pipelines.label.label import Label, draw_label
from pipelines.label.logo import read_logo
from pipelines.types import Pixels, Size
from tests.pipelines.label.grounds import changed_box, even

WHITE = even(512, 512, (255, 255, 255))
RED = (200, 30, 40)


def png(picture: Image.Image, form: str = "PNG", **how: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **how)  # type: ignore[arg-type]
    return file.getvalue()


def disc(width: int = 64, height: int = 64, border: int = 0) -> Image.Image:
    """A red ellipse on nothing; what is transparent is hidden green."""
    rows, columns = np.mgrid[:height, :width]
    inside = ((rows + 0.5) / height - 0.5) ** 2 + ((columns + 0.5) / width - 0.5) ** 2 <= 0.25
    drawn = np.zeros((height + 2 * border, width + 2 * border, 4), np.uint8)
    drawn[..., 1] = 255
    drawn[border : border + height, border : border + width][inside] = (*RED, 255)
    return Image.fromarray(drawn)


def red(pixels: Pixels) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    return (np.abs(pixels[..., :3].astype(int) - RED) < 12).all(axis=2)


def test_the_logo_stands_before_the_text_and_is_no_lower_than_the_capitals() -> None:
    plain = draw_label(WHITE, Label())
    after = draw_label(WHITE, Label(logo=read_logo(png(disc()))))
    rows, columns = np.nonzero(red(after))
    text = changed_box(WHITE, plain)
    assert columns.max() < text[1].start
    assert 0.05 * 512 <= np.ptp(rows) + 1 <= 0.08 * 512
    capitals = slice(text[0].start, text[0].start + 26)
    assert rows.min() <= capitals.start + 3
    assert rows.max() >= capitals.stop - 3
    assert (after[:, text[1]] == plain[:, text[1]]).all(), "the text stays where it is"


def test_hidden_colours_of_a_logo_do_not_shine_through() -> None:
    after = draw_label(WHITE, Label(logo=read_logo(png(disc()))))
    _, columns = np.nonzero(red(after))
    around = after[:, columns.min() - 5 : columns.max() + 5].astype(int)
    assert (around[..., 1] <= around[..., 0]).all(), "nothing greener than white and red"


def test_a_logo_is_cut_to_what_is_seen_of_it() -> None:
    cut = read_logo(png(disc(40, 20, border=30)))
    assert cut.size == Size(40, 20)
    assert cut.channels == 4


def test_a_palette_with_a_transparent_colour_is_transparency_too() -> None:
    picture = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8) % 4).convert("P")
    assert read_logo(png(picture, transparency=0)).channels == 4


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "cannot be read as a PNG"),
        (png(disc())[:200], "cannot be read as a PNG"),
        (png(disc().convert("RGB"), "JPEG"), "cannot be read as a PNG"),
        (png(disc().convert("RGB")), "has no transparency: save it as a PNG with alpha"),
        (png(Image.new("RGBA", (8, 8))), "is transparent everywhere"),
        (png(disc(90, 10)), "is 90 pixels wide and 10 high; it may be 8 times as wide as high"),
        (png(Image.new("LA", (5000, 10))), "measures 5000x10; sides up to 4096 pixels"),
        (bytes(5 << 20), "has 5242880 bytes; 4194304 are allowed"),
    ],
    ids=["empty", "cut off", "jpeg", "opaque", "invisible", "long", "large", "heavy"],
)
def test_what_cannot_be_a_logo_is_refused_by_name(data: bytes, why: str) -> None:
    with pytest.raises(InvalidImage, match=why):
        read_logo(data)
