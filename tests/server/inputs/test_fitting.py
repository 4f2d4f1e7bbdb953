"""Pictures that came in are where they must be in what is drawn."""

import numpy as np
import pytest

from pipelines.families import family
from pipelines.post.resize import centre
from pipelines.types import Bitmap, Size
from server.inputs.fitting import Named, fit
from server.inputs.pictures import InputPicture


@pytest.fixture
def picture() -> Named:
    pixels = np.random.default_rng(2).integers(0, 256, (1009, 1001, 3), dtype=np.uint8)
    return Named("image", InputPicture(Size(1001, 1009), Bitmap.of(pixels), None, "png"))


def test_what_will_be_cut_off_lies_around_the_picture_and_its_mask(picture: Named) -> None:
    rgb = picture.picture.rgb
    mask = Bitmap.of(np.full((1009, 1001), 255, np.uint8))
    fitted = fit([picture], mask, family("sdxl"), rgb.size)
    (base,) = fitted.references
    native = family("sdxl").native_size(rgb.size)
    assert base.size == native != rgb.size
    assert (centre(base.pixels, rgb.size) == rgb.pixels).all()
    assert fitted.mask is not None
    assert fitted.mask.size == native
    assert fitted.mask.pixels.min() == 255


def test_a_picture_for_a_larger_drawing_fills_it(picture: Named) -> None:
    fitted = fit([picture], None, family("sdxl"), Size(2048, 2048))
    (base,) = fitted.references
    assert base.size == family("sdxl").native_size(Size(2048, 2048))
