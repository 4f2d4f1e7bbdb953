"""A classifier at work: what it refuses, where it looks, and which folders it is not read from."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessor

from pipelines.build import build_engine
from pipelines.engine import Engine
from pipelines.errors import ContentRejected, ModelBroken
from pipelines.memory import Models
from pipelines.options import EngineOptions, Inspection
from pipelines.post.inspection import Inspector, load_inspector
from pipelines.types import Bitmap, Pixels
from tests.pipelines.drawing import SIDE, Books, drain, request

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny classifier with random weights, made so that bright and dark differ."""
    folder = tmp_path_factory.mktemp("classifier")
    torch.manual_seed(0)
    labels = {0: "normal", 1: "NSFW"}
    config = ViTConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        image_size=16,
        patch_size=8,
        id2label=labels,
        label2id={name: index for index, name in labels.items()},
    )
    model = ViTForImageClassification(config)
    with torch.no_grad():
        model.classifier.weight.normal_()
    model.save_pretrained(folder)
    ViTImageProcessor(size={"height": 16, "width": 16}).save_pretrained(folder)
    return folder


def plain(level: int, side: int = SIDE) -> Pixels:
    return np.full((side, side, 3), level, np.uint8)


def at(saved: Path, threshold: float) -> Inspector:
    return load_inspector(Inspection(saved, threshold), CPU)


def engine(models: Models, books: Books, inspector: Inspector) -> Engine:
    return Engine(models, books, inspector=inspector)


def test_it_says_what_the_stock_classifier_says(saved: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (40, 24, 3), dtype=np.uint8)
    model = ViTForImageClassification.from_pretrained(saved).eval()
    values = ViTImageProcessor.from_pretrained(saved)(pixels, return_tensors="pt")
    with torch.no_grad():
        stock = float(model(**values).logits.softmax(-1)[0, 1])
    assert at(saved, 0.5).share(pixels) == pytest.approx(stock, abs=1e-6)
    assert at(saved, 0.5).share(plain(0)) != pytest.approx(at(saved, 0.5).share(plain(255)))


def test_a_picture_is_refused_from_the_threshold_on(saved: Path) -> None:
    share = at(saved, 0.5).share(plain(90))
    at(saved, share + 1e-4).check(plain(90))
    with pytest.raises(ContentRejected) as refused:
        at(saved, share).check(plain(90))
    assert refused.value.param is None
    assert refused.value.categories == ("sexual",)


def test_a_refusal_crosses_a_pipe_whole() -> None:
    error = pickle.loads(pickle.dumps(ContentRejected("no", "image", ("sexual",))))
    assert (error.message, error.param, error.categories) == ("no", "image", ("sexual",))


@pytest.mark.parametrize("spoil", ["nan", "inf"])
def test_a_value_that_is_no_number_is_not_taken_for_harmless(saved: Path, spoil: str) -> None:
    inspector = at(saved, 0.5)
    with torch.no_grad():
        inspector._model.classifier.bias.fill_(float(spoil))
    with pytest.raises(FloatingPointError):
        inspector.check(plain(90))


def test_a_refused_picture_and_its_previews_never_leave(painting: Models, saved: Path) -> None:
    books = Books()
    drawing = engine(painting, books, at(saved, 0.0))
    drawing.submit(request("a", preview_steps=(1, 3)))
    drain(drawing)
    assert isinstance(books.errors["a"], ContentRejected)
    assert books.errors["a"].param is None
    assert (books.pictures, books.previews) == ({}, {})
    assert books.steps["a"][-1] == (4, 4)


def test_a_picture_below_the_threshold_is_the_same_as_without_one(
    painting: Models, saved: Path
) -> None:
    looked_at, plainly = Books(), Books()
    for books, drawing in (
        (looked_at, engine(painting, looked_at, at(saved, 1.0))),
        (plainly, Engine(painting, plainly)),
    ):
        drawing.submit(request("a", preview_steps=(2,)))
        drain(drawing)
        assert len(books.previews["a"]) == 1
    assert np.array_equal(looked_at.pictures["a"], plainly.pictures["a"])


def test_a_refused_mate_does_not_stop_the_others(models: Models, saved: Path) -> None:
    """The threshold lies between what two requests of one forward show."""
    shown = Books()
    drawing = Engine(models, shown)
    for name, prompt in (("dark", "a black circle at night"), ("light", "a white square")):
        drawing.submit(request(name, prompt=prompt))
    drain(drawing)
    shares = {name: at(saved, 0.5).share(pixels) for name, pixels in shown.pictures.items()}
    worse, better = sorted(shares, key=lambda name: -shares[name])
    assert shares[worse] - shares[better] > 1e-3

    books = Books()
    drawing = engine(models, books, at(saved, (shares[worse] + shares[better]) / 2))
    for name, prompt in (("dark", "a black circle at night"), ("light", "a white square")):
        drawing.submit(request(name, prompt=prompt))
    drain(drawing)
    assert isinstance(books.errors[worse], ContentRejected)
    assert list(books.pictures) == [better]


def test_a_picture_that_came_in_is_refused_before_a_step(models: Models, saved: Path) -> None:
    books = Books()
    drawing = engine(models, books, at(saved, 0.0))
    drawing.submit(request("a", references=(Bitmap.of(plain(90)),)))
    drain(drawing)
    assert isinstance(books.errors["a"], ContentRejected)
    assert books.errors["a"].param == "image"
    assert books.steps == {}


def test_an_engine_is_not_built_without_the_classifier_of_its_options(tmp_path: Path) -> None:
    options = EngineOptions("cpu", threads=1, inspection=Inspection(tmp_path))
    with pytest.raises(ModelBroken, match=r"config\.json is missing"):
        build_engine(options, Books())


def test_a_classifier_that_could_run_code_is_refused(saved: Path, tmp_path: Path) -> None:
    for file in saved.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(ModelBroken, match=r"pytorch_model\.bin could run code"):
        at(tmp_path, 0.5)


def test_a_classifier_without_the_label_is_refused(saved: Path, tmp_path: Path) -> None:
    for file in saved.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    config["id2label"] = {"0": "cat", "1": "dog"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelBroken, match="classifies as cat, dog: there is no nsfw"):
        at(tmp_path, 0.5)


def test_a_cut_off_file_of_weights_is_named(saved: Path, tmp_path: Path) -> None:
    for file in saved.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes()[:200])
    with pytest.raises(ModelBroken, match="cannot be loaded as an image classifier"):
        at(tmp_path, 0.5)
