"""The way from pixels to a picture."""

import numpy as np
import pytest

from pipelines.post.encode import Format
from pipelines.types import Pixels, Size
from server.finishing import Finish
from tests.server.pictures import opened, pixels

SQUARE = Size(256, 256)


def on_plain_ground() -> Pixels:
    """A dark square in the middle of a light ground, [64, 64, 3]."""
    picture = np.full((64, 64, 3), 230, np.uint8)
    picture[24:40, 24:40] = 30
    return picture


def finish(
    size: Size = SQUARE,
    form: Format = "png",
    compression: int = 100,
    label: bool = False,
    transparent: bool = False,
) -> Finish:
    return Finish(size, form, compression, label, transparent)


def test_a_picture_has_the_size_format_and_seed_that_were_planned() -> None:
    picture = finish(Size(300, 200), "webp").apply(on_plain_ground(), seed=7)
    assert (picture.size, picture.format, picture.seed) == (Size(300, 200), "webp", 7)
    assert opened(picture.data).size == (300, 200)
    assert opened(picture.data).format == "WEBP"


def test_nothing_is_done_that_was_not_planned() -> None:
    picture = finish(Size(64, 64)).apply(on_plain_ground(), seed=0)
    assert (pixels(picture.data) == on_plain_ground()).all()


@pytest.mark.parametrize("form", ["png", "webp"])
def test_the_ground_becomes_transparent_and_the_subject_does_not(form: Format) -> None:
    picture = finish(form=form, transparent=True).apply(on_plain_ground(), seed=0)
    alpha = np.asarray(opened(picture.data))[..., 3]
    assert alpha[:64].max() == 0
    assert alpha[120:136, 120:136].min() == 255


def test_the_label_stays_readable_where_the_ground_is_cut_away() -> None:
    plain = finish(transparent=True).apply(on_plain_ground(), seed=0)
    labelled = finish(transparent=True, label=True).apply(on_plain_ground(), seed=0)
    appeared = np.asarray(opened(labelled.data))[..., 3] > np.asarray(opened(plain.data))[..., 3]
    assert appeared[192:, 128:].sum() > 200
    assert not appeared[:192].any()
