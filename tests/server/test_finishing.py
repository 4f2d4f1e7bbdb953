"""The way from drawn pixels to finished ones."""

import numpy as np

from pipelines.label.label import Label
from pipelines.types import Pixels, Size
from server.finishing import Finish
from server.sizing import Resample, SizePlan

SQUARE = Size(256, 256)


def on_plain_ground() -> Pixels:
    """A dark square in the middle of a light ground, [64, 64, 3]."""
    picture = np.full((64, 64, 3), 230, np.uint8)
    picture[24:40, 24:40] = 30
    return picture


def finish(
    size: Size = SQUARE,
    label: bool = False,
    transparent: bool = False,
) -> Finish:
    plan = SizePlan(Size(64, 64), size, "lanczos")
    return Finish(plan, "png", 100, transparent, Label() if label else None)


def test_a_picture_has_the_size_that_was_planned() -> None:
    assert finish(Size(300, 200)).apply(on_plain_ground()).shape == (200, 300, 3)


def test_nothing_is_done_that_was_not_planned() -> None:
    assert (finish(Size(64, 64)).apply(on_plain_ground()) == on_plain_ground()).all()


def test_the_ground_becomes_transparent_and_the_subject_does_not() -> None:
    alpha = finish(transparent=True).apply(on_plain_ground())[..., 3]
    assert alpha[:64].max() == 0
    assert alpha[120:136, 120:136].min() == 255


def test_the_label_stays_readable_where_the_ground_is_cut_away() -> None:
    plain = finish(transparent=True).apply(on_plain_ground())
    labelled = finish(transparent=True, label=True).apply(on_plain_ground())
    appeared = labelled[..., 3] > plain[..., 3]
    assert appeared[192:, 128:].sum() > 200
    assert not appeared[:192].any()


def test_a_picture_that_cannot_be_written_on_is_labelled_too() -> None:
    drawn = noise(64, 64)
    kept = drawn.copy()
    drawn.flags.writeable = False
    labelled = finish(Size(64, 64), label=True).apply(drawn)
    assert (labelled != kept).any()
    assert (drawn == kept).all()


def test_a_network_s_matte_is_taken_and_no_other_made() -> None:
    opacity = np.zeros((64, 64, 1), np.uint8)
    opacity[:, :32] = 255
    cut = np.concatenate([on_plain_ground(), opacity], axis=2)
    made = finish(Size(64, 64), transparent=True).apply(cut)
    assert (made == cut).all()


def test_half_transparent_edges_lose_the_colour_of_the_ground() -> None:
    share = np.clip((np.arange(256) - 124) / 8, 0, 1)[None, :, None] * np.ones((256, 1, 1))
    mixed = np.rint(30 * share + 230 * (1 - share)).astype(np.uint8)
    cut = np.concatenate([mixed, mixed, mixed, np.rint(255 * share).astype(np.uint8)], axis=2)
    made = finish(Size(256, 256), transparent=True).apply(cut)
    half = (made[..., 3] > 60) & (made[..., 3] < 255)
    assert cut[half][:, :3].mean() > 80
    assert made[half][:, :3].mean() < 45, "the subject is 30, the ground 230"


def resampled(drawn: Pixels, size: Size, resample: Resample) -> Pixels:
    native = Size(drawn.shape[1], drawn.shape[0])
    plan = SizePlan(native, size, resample)
    return Finish(plan, "png", 100, False).apply(drawn)


def noise(width: int, height: int) -> Pixels:
    return np.random.default_rng(5).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_what_the_grid_added_is_cut_off_and_nothing_is_resampled() -> None:
    drawn = noise(96, 64)
    assert (resampled(drawn, Size(90, 61), "crop") == drawn[1:62, 3:93]).all()


def test_a_preview_smaller_than_what_is_drawn_fills_the_picture_too() -> None:
    plan = SizePlan(Size(96, 64), Size(90, 61), "crop")
    shown = Finish(plan, "png", 100, False).apply(noise(24, 16))
    assert shown.shape == (61, 90, 3)


def test_a_smaller_picture_is_the_mean_of_what_is_drawn() -> None:
    drawn = noise(128, 128)
    means = drawn.reshape(32, 4, 32, 4, 3).mean(axis=(1, 3))
    assert np.abs(resampled(drawn, Size(32, 32), "area") - means).max() <= 1
