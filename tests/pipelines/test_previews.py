"""Previews show where a picture is going, cost its steps nothing, and come in order."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from pipelines.errors import Cancelled
from pipelines.memory import Models
from pipelines.merge import Digests, run
from pipelines.painter import Layout, to_cells
from pipelines.previews import Previews
from pipelines.session import Session
from pipelines.trial import draw_trial, learn_to_paint
from pipelines.types import Bitmap, Pixels, Size
from tests.pipelines.drawing import Books, drain, engine, request
from tests.pipelines.residents import resident

NATIVE = Size(256, 256)


def alike(preview: Bitmap, picture: Pixels) -> float:
    """Correlation of all values of a preview with those of the picture at its size."""
    size = preview.size.width, preview.size.height
    small = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX))
    return correlation(small, preview.pixels)


def correlation(a: NDArray[Any], b: NDArray[Any]) -> float:
    return float(np.corrcoef(a.astype(float).ravel(), b.astype(float).ravel())[0, 1])


def test_a_preview_at_half_time_resembles_the_picture_and_no_other(painting: Models) -> None:
    books = Books()
    drawing = engine(painting, books)
    prompts = {"cat": "a cat in the snow at night", "house": "a house by the sea"}
    for name, prompt in prompts.items():
        drawing.submit(
            request(name, prompt=prompt, size=NATIVE, steps=8, guidance=2.5, preview_steps=(4,))
        )
    drain(drawing)
    for name, other in (("cat", "house"), ("house", "cat")):
        [(step, steps, preview)] = books.previews[name]
        assert (step, steps) == (4, 8)
        assert preview.size == Size(128, 128)
        assert alike(preview, books.pictures[name]) > 0.9
        assert alike(preview, books.pictures[other]) < 0.6
        blue_first = replace(preview, data=preview.pixels[..., ::-1].tobytes())
        assert alike(blue_first, books.pictures[name]) < 0.85


def test_previews_come_after_their_steps_and_before_the_picture(painting: Models) -> None:
    books = Books()
    drawing = engine(painting, books)
    drawing.submit(request("a", steps=4, preview_steps=(1, 4, 9)))
    drawing.submit(request("b", steps=3))
    drain(drawing)
    assert [told[:2] for told in books.previews["a"]] == [(1, 4), (4, 4)]
    assert "b" not in books.previews


class Copy:
    """A copy that is complete when the test says so, or when somebody waits for it."""

    def __init__(self) -> None:
        self.complete = False

    def query(self) -> bool:
        return self.complete

    def synchronize(self) -> None:
        self.complete = True


def test_nobody_waits_for_a_preview_before_the_pictures_end(painting: Models) -> None:
    copies: list[Copy] = []
    told: list[tuple[str, int]] = []

    def slowly(painted: torch.Tensor) -> tuple[torch.Tensor, Copy]:
        copies.append(Copy())
        return painted, copies[-1]

    previews = Previews(lambda name, step, steps, bitmap: told.append((name, step)), slowly)
    painter, latents = painting.get("embedded").painter, torch.zeros(1, 32, 16, 16)
    assert painter is not None
    for name, step in (("a", 1), ("a", 2), ("b", 1), ("c", 1)):
        previews.start(name, painter, latents, NATIVE, (step, 4))
    previews.deliver()
    assert told == []
    copies[1].complete = copies[2].complete = True
    previews.deliver()
    assert told == [("b", 1)], "those of one request come in order"
    previews.finish("a")
    assert told == [("b", 1), ("a", 1), ("a", 2)]
    previews.forget("c")
    copies[3].complete = True
    previews.deliver()
    assert len(told) == 3


def test_a_picture_is_the_same_with_and_without_previews(painting: Models) -> None:
    pictures = []
    for asked in ((), (1, 2, 3, 4)):
        books = Books()
        drawing = engine(painting, books)
        drawing.submit(request("a", preview_steps=asked))
        drain(drawing)
        pictures.append(books.pictures["a"])
    assert np.array_equal(*pictures)


def test_no_preview_is_worked_for_that_nobody_asked_for(painting: Models) -> None:
    parked = Session(
        wanted := request("a", steps=2),
        painting.get("embedded").pipe,
        painting.get("embedded").family.arguments(wanted),
        Digests(),
    )
    with torch.no_grad():
        parked.start()
        while parked.pending:
            parked.feed(run(parked.pending))
    assert parked.sketches == []


def test_a_request_that_is_cancelled_shows_nothing_more(painting: Models) -> None:
    books = Books()
    drawing = engine(painting, books)
    drawing.submit(request("a", preview_steps=(1, 2, 3, 4)))
    while not books.previews:
        drawing.step()
    drawing.cancel("a")
    drain(drawing)
    assert isinstance(books.errors["a"], Cancelled)
    assert len(books.previews["a"]) == 1


@pytest.mark.parametrize("channels_first", [True, False])
def test_what_is_packed_into_cells_is_unpacked_in_its_place(channels_first: bool) -> None:
    decoded = torch.arange(5 * 4 * 6).reshape(5, 4, 6)
    layout = Layout(2, channels_first)
    cells = layout.pack(decoded)
    assert cells.shape == (2, 3, 20)
    assert torch.equal(layout.unpack(cells), decoded.permute(1, 2, 0))
    assert not torch.equal(layout.pack(decoded), Layout(2, not channels_first).pack(decoded))


IN_THE_CATALOGUE = ("sdxl", "flux", "flux2_klein", "qwen_image", "z_image", "longcat")


@pytest.mark.parametrize("family", IN_THE_CATALOGUE)
def test_it_is_found_out_how_a_pipeline_keeps_its_latents(family: str) -> None:
    model = resident(family)
    painter = learn_to_paint(draw_trial(model, Digests()))
    assert painter is not None
    other = draw_trial(model, Digests(), seed=1)
    assert other.latents is not None
    assert other.pixels is not None
    height, width, _ = other.pixels.shape
    cells = to_cells(other.latents, Size(width, height))
    given = other.decoded[-1].positional[0]
    expected = given.reshape(-1, *given.shape[-2:]).permute(1, 2, 0)
    assert cells is not None
    found = painter.layout.unpack(cells * painter.scale + painter.shift)
    assert torch.allclose(found, expected, atol=1e-4)
    assert not torch.allclose(found, expected.roll(1, 0), atol=1e-4), "then all would do"
    painted = painter.paint(other.latents, Size(width, height))
    assert painted is not None
    assert painted.shape == (height, width, 3)


def test_a_pipeline_whose_latents_nobody_can_read_draws_without_previews(
    caplog: pytest.LogCaptureFixture,
) -> None:
    model = resident("kandinsky5")
    assert learn_to_paint(draw_trial(model, Digests())) is None
    assert "kandinsky5 draws without previews" in caplog.text
    books, models = Books(), Models(torch.device("cpu"))
    models.add(model.stand_in, model.family, model.pipe)
    drawing = engine(models, books)
    drawing.submit(request("a", model="kandinsky5", steps=2, preview_steps=(1,)))
    drain(drawing)
    assert "a" in books.pictures
    assert not books.previews
