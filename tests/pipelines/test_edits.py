"""Pictures that begin from pictures, with the real small model: they resemble, obey and share."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from pipelines.errors import Cancelled, ModelBroken, ModelFailure, OutOfMemory
from pipelines.families.embedded import FAMILY
from pipelines.lanes import Lane
from pipelines.memory import Models
from pipelines.merge import Call, forward, merge, run, split
from pipelines.types import Bitmap, Fidelity, ImageRequest, Pixels, Size
from pipelines.variants import build_variant
from tests.pipelines.drawing import Books, Watched, difference, drain, engine, request, stock

NATIVE, SMALL = Size(256, 256), Size(128, 128)
WITHIN = (slice(16, 224), slice(16, 240))


def drawn(models: Models, *wanted: ImageRequest, runner: Any = run) -> list[Pixels]:
    books = Books()
    drawing = engine(models, books, runner)
    for one in wanted:
        drawing.submit(one)
    drain(drawing)
    assert books.errors == {}
    return [books.pictures[one.id] for one in wanted]


def wanted(name: str, prompt: str, **changes: Any) -> ImageRequest:
    fields: dict[str, Any] = {"size": NATIVE, "steps": 8, "guidance": 2.5, "seed": 5}
    return request(name, prompt=prompt, **fields | changes)


@pytest.fixture(scope="module")
def house(models: Models) -> Bitmap:
    [pixels] = drawn(models, wanted("house", "a red house by the sea", seed=3))
    return Bitmap.of(pixels)


@pytest.fixture(scope="module")
def small(house: Bitmap) -> Bitmap:
    """For tests that look at no picture."""
    return Bitmap.of(house.pixels[::2, ::2])


def distance(a: Pixels, b: Pixels) -> float:
    """Mean difference of a byte."""
    return float(np.abs(a.astype(int) - b).mean())


def test_an_edit_resembles_its_picture_the_more_the_higher_the_fidelity(
    models: Models, house: Bitmap
) -> None:
    prompt = "an oil painting of a red house by the sea"
    levels: tuple[Fidelity, ...] = ("high", "low")
    edits = [wanted(level, prompt, references=(house,), fidelity=level) for level in levels]
    close, free, unlike = drawn(models, *edits, wanted("unlike", prompt))
    assert 3 < distance(close, house.pixels) < distance(free, house.pixels)
    assert distance(free, house.pixels) < 0.95 * distance(unlike, house.pixels)


def test_a_mask_lets_only_its_inside_change(models: Models, house: Bitmap) -> None:
    mask = np.zeros((256, 256), np.uint8)
    mask[WITHIN] = 255
    tree = wanted("tree", "a green tree by the sea", references=(house,), mask=Bitmap.of(mask))
    [edited] = drawn(models, tree)
    changed = np.abs(edited.astype(int) - house.pixels)
    assert changed[mask == 0].mean() < 6, "what is kept comes back through the autoencoder alone"
    assert changed[mask == 255].mean() > 25
    assert greenness(edited) > greenness(house.pixels) + 20, (
        "there is a green tree, and no red house"
    )


@pytest.mark.parametrize("rows", [slice(33, 35), slice(46, 50)], ids=["within a latent", "of two"])
def test_a_mask_thinner_than_a_latent_is_drawn_all_the_same(
    models: Models, small: Bitmap, rows: slice
) -> None:
    mask = np.zeros((128, 128), np.uint8)
    mask[rows] = 255
    thin = wanted("thin", "a boat", references=(small,), mask=Bitmap.of(mask), size=SMALL)
    nothing = replace(thin, id="nothing", mask=Bitmap.of(np.zeros_like(mask)))
    drawn_thin, untouched = drawn(models, thin, nothing)
    assert distance(drawn_thin[rows], untouched[rows]) > 3
    assert distance(drawn_thin[96:], untouched[96:]) < 1, "far from it nothing changes"


def greenness(picture: Pixels) -> float:
    """How much more green than red there is in the middle."""
    red, green, _ = picture[96:160, 96:160].mean((0, 1))
    return float(green - red)


def company(small: Bitmap) -> list[ImageRequest]:
    """One of words, one of a picture, one within a mask; all to be drawn with unlike steps."""
    mask = Bitmap.of(np.pad(np.full((64, 128), 255, np.uint8), ((64, 0), (0, 0))))
    shown: dict[str, Any] = {"references": (small,), "size": SMALL}
    return [
        wanted("words", "a cat", steps=4, size=SMALL),
        wanted("whole", "a house at night", steps=3, **shown),
        wanted("within", "a boat", steps=5, guidance=4.0, mask=mask, **shown),
    ]


def test_rows_of_words_pictures_and_masks_share_forwards_and_come_out_as_alone(
    models: Models, small: Bitmap
) -> None:
    watched, together = Watched(), company(small)
    pictures = drawn(models, *together, runner=watched)
    assert watched.shared == [3, 3, 3, 2, 1]
    for one, picture in zip(together, pictures, strict=True):
        assert difference(picture, stock(models, one)) <= 1


def test_frames_whose_latents_are_odd_share_forwards_too(models: Models, house: Bitmap) -> None:
    """Of 21 x 13 latents: they halve to no whole number on the way through the denoiser."""
    size = Size(336, 208)
    shown = Bitmap.of(house.pixels[:208].repeat(2, axis=1)[:, :336])
    mask = np.zeros((208, 336), np.uint8)
    mask[:, 160:] = 255
    whole = wanted("whole", "a boat", steps=2, size=size, references=(shown,))
    odd = [
        wanted("words", "a cat", steps=2, size=size),
        whole,
        replace(whole, id="within", mask=Bitmap.of(mask)),
    ]
    watched = Watched()
    pictures = drawn(models, *odd, runner=watched)
    assert watched.shared == [3, 3]
    for one, picture in zip(odd, pictures, strict=True):
        assert picture.shape == (208, 336, 3)
        assert difference(picture, stock(models, one)) <= 1


def test_rows_that_get_anothers_time_do_not_come_out_as_alone(
    models: Models, small: Bitmap
) -> None:
    """The negative control of the test above."""

    def swapped(calls: Sequence[Call]) -> list[Any]:
        if len(calls) == 1:
            return run(calls)
        arguments = merge(calls)
        arguments["timestep"] = arguments["timestep"].roll(calls[0].rows, 0)
        return split(forward(calls, arguments), calls)

    together = company(small)
    pictures = drawn(models, *together, runner=swapped)
    pairs = zip(together, pictures, strict=True)
    assert all(difference(picture, stock(models, one)) > 20 for one, picture in pairs)


def test_an_edits_progress_counts_its_own_steps_from_the_first_on(
    models: Models, small: Bitmap
) -> None:
    books = Books()
    drawing = engine(models, books)
    for one in company(small):
        drawing.submit(one)
    drawing.step()
    predicted = {parked.id: parked.isolated_s for parked in drawing.parked()}
    assert predicted["whole"] < predicted["words"] < predicted["within"]
    drain(drawing)
    for one in company(small):
        assert books.steps[one.id] == [(step, one.steps) for step in range(1, one.steps + 1)]


def test_an_edit_copies_no_weights_and_is_made_once(models: Models, small: Bitmap) -> None:
    resident = models.get("embedded")
    edit = wanted("edit", "a tree", references=(small,), size=SMALL)
    variant = resident.pipe_for(edit)
    assert variant is resident.pipe_for(replace(edit, id="other", seed=1))
    assert variant.unet is resident.pipe.unet
    assert variant.vae is resident.pipe.vae
    assert resident.pipe_for(wanted("words", "a tree")) is resident.pipe


def test_a_model_that_lacks_what_an_edit_needs_says_so(models: Models) -> None:
    with pytest.raises(ModelBroken, match=r"StableDiffusionPipeline cannot draw as Flux.*missing"):
        build_variant(models.get("embedded").pipe, "FluxPipeline")


def test_an_edit_that_cannot_be_begun_is_answered(models: Models, small: Bitmap) -> None:
    class Misled:
        def __getattr__(self, name: str) -> Any:
            return getattr(FAMILY, name)

        def pipeline(self, request: ImageRequest) -> str:
            return "FluxPipeline"

    resident, books = models.get("embedded"), Books()
    misled = Models(torch.device("cpu"))
    misled.add(resident.stand_in, Misled(), resident.pipe)
    drawing = engine(misled, books)
    drawing.submit(wanted("edit", "a tree", references=(small,), size=SMALL))
    drain(drawing)
    assert isinstance(books.errors["edit"], ModelBroken)
    assert drawing.idle


@pytest.mark.parametrize("before_its_first_step", [True, False])
def test_a_cancelled_edit_takes_no_further_step(
    models: Models, small: Bitmap, before_its_first_step: bool
) -> None:
    books, watched = Books(), Watched()
    drawing = engine(models, books, watched)
    drawing.submit(wanted("edit", "a tree", references=(small,), size=SMALL, preview_steps=(1, 2)))
    while not (before_its_first_step or books.steps):
        drawing.step()
    drawing.step()
    steps = len(watched.shared)
    drawing.cancel("edit")
    drain(drawing)
    assert isinstance(books.errors["edit"], Cancelled)
    assert len(watched.shared) == steps


def test_a_picture_that_cannot_be_encoded_fails_its_request_alone(
    models: Models, small: Bitmap
) -> None:
    vae = models.get("embedded").pipe.vae

    def full(calls: Sequence[Call]) -> list[Any]:
        if calls[0].lane is Lane.ENCODE and getattr(calls[0].module, "__self__", None) is vae:
            raise torch.OutOfMemoryError("no room for a picture")
        return run(calls)

    books = Books()
    drawing = engine(models, books, full)
    drawing.submit(wanted("edit", "a tree", references=(small,), size=SMALL))
    drawing.submit(wanted("words", "a tree", steps=2, size=SMALL))
    drain(drawing)
    assert isinstance(books.errors["edit"], OutOfMemory)
    assert list(books.pictures) == ["words"]


def test_an_edit_that_gives_no_numbers_is_tried_alone_and_then_fails(
    models: Models, small: Bitmap
) -> None:
    def broken(calls: Sequence[Call]) -> list[Any]:
        outputs = run(calls)
        if calls[0].lane is Lane.DENOISE:
            outputs = [(output[0] * float("nan"),) for output in outputs]
        return outputs

    books, watched = Books(), Watched(broken)
    drawing = engine(models, books, watched)
    edit = wanted("edit", "a tree", steps=2, references=(small,), size=SMALL, preview_steps=(1, 2))
    drawing.submit(edit)
    drawing.submit(replace(edit, id="other"))
    drain(drawing)
    assert {type(error) for error in books.errors.values()} == {ModelFailure}
    assert watched.shared == [2, 2, 1, 1, 1, 1]
