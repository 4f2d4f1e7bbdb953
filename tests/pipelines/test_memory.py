"""Models that come and go on a device too small for all of them."""

import gc
import json
import logging
import shutil
import weakref
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from diffusers import DiffusionPipeline

from pipelines.catalog import EMBEDDED, StandIn
from pipelines.cost import UNMEASURED
from pipelines.costbook import CostBook
from pipelines.engine import Engine
from pipelines.errors import ModelBroken, OutOfMemory, UnknownModel, UnsupportedSetting
from pipelines.load import bytes_on_device
from pipelines.memory import Models
from pipelines.residency import Residency
from tests.pipelines.drawing import Books, drain, request


@dataclass
class Clock:
    now_s: float = 0.0

    def __call__(self) -> float:
        self.now_s += 0.001
        return self.now_s


ONE = StandIn("one", EMBEDDED.family, EMBEDDED.folder, EMBEDDED.licence)
OTHER = StandIn("other", EMBEDDED.family, EMBEDDED.folder, EMBEDDED.licence)


def budget() -> int:
    """Bytes of one and a half of the two models."""
    return int(bytes_on_device(EMBEDDED.folder, torch.device("cpu")) * 1.5)


def crowded(clock: Clock, books: Books | None = None) -> Models:
    """A device with room for one and a half of the two models."""
    residency = Residency(budget(), min_stay_s=20.0)
    models = Models(torch.device("cpu"), residency, clock, news=books)
    models.know(ONE)
    models.know(OTHER)
    return models


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> CostBook:
    """What steps cost is measured once for all these tests."""
    return CostBook(tmp_path_factory.mktemp("costs") / "costs.json")


def test_a_model_comes_with_its_first_request_and_is_measured(costs: CostBook) -> None:
    books, clock = Books(), Clock()
    models = crowded(clock, books)
    drawing = Engine(models, books, clock=clock, costs=costs)
    drawing.submit(request("a", model="other"))
    drain(drawing)
    assert list(books.pictures) == ["a"]
    assert books.models == ["other is loading", "other is here"]
    assert models.get("other").cost is not UNMEASURED


def test_only_models_that_fit_beside_each_other_are_loaded_at_the_start() -> None:
    books, clock = Books(), Clock()
    drawing = Engine(crowded(clock, books), books, clock=clock)
    assert drawing.load(ONE)
    assert not drawing.load(OTHER)
    assert drawing.load(ONE), "it is here already"
    assert books.models == ["one is loading"]
    assert drawing.load_s("other") > 0


def test_loading_a_model_is_predicted_as_long_as_it_took_the_last_time(costs: CostBook) -> None:
    books, clock = Books(), Clock()
    models = crowded(clock, books)
    drawing = Engine(models, books, clock=clock, costs=costs)
    by_size_s = drawing.load_s("one")
    drawing.load(ONE)
    assert drawing.load_s("one") == pytest.approx(models.get("one").load_took_s)
    assert drawing.load_s("other") == pytest.approx(drawing.load_s("one")), "at the same pace"
    assert drawing.load_s("one") != by_size_s


def test_a_model_that_leaves_is_freed_although_the_worker_froze_its_memory() -> None:
    clock, books = Clock(), Books()
    models = crowded(clock, books)
    models.load(ONE)
    unet = weakref.ref(models.get("one").pipe.unet)
    gc.freeze()
    try:
        models.load(OTHER)
        assert unet() is None
    finally:
        gc.unfreeze()
    assert books.models == ["one is loading", "one has left", "other is loading"]


@pytest.fixture
def crooked(tmp_path: Path) -> StandIn:
    """A model that loads, but cannot draw."""
    crooked = tmp_path / "crooked"
    shutil.copytree(EMBEDDED.folder, crooked)
    config = json.loads((crooked / "scheduler" / "scheduler_config.json").read_text())
    config["prediction_type"] = "unheard of"
    (crooked / "scheduler" / "scheduler_config.json").write_text(json.dumps(config))
    return StandIn("crooked", EMBEDDED.family, crooked, EMBEDDED.licence)


def test_a_model_that_loads_but_cannot_draw_fails_its_request_and_leaves(crooked: StandIn) -> None:
    books = Books()
    models = Models(torch.device("cpu"), news=books)
    models.know(crooked)
    drawing = Engine(models, books)
    drawing.submit(request("a", model="crooked"))
    drain(drawing)
    assert isinstance(books.errors["a"], ModelBroken)
    assert "crooked was loaded, but cannot draw" in str(books.errors["a"])
    assert books.models[-1] == "crooked has left"


def test_a_broken_model_is_not_loaded_anew_until_its_files_change(
    crooked: StandIn, costs: CostBook
) -> None:
    books = Books()
    models = Models(torch.device("cpu"), news=books)
    models.know(crooked)
    drawing = Engine(models, books, costs=costs)
    drawing.submit(request("a", model="crooked"))
    drain(drawing)
    heard = list(books.models)
    assert heard == ["crooked is loading", "crooked has left"]
    with pytest.raises(ModelBroken) as caught:
        drawing.submit(request("b", model="crooked"))
    assert str(caught.value) == str(books.errors["a"])
    assert drawing.idle
    assert books.models == heard
    config = crooked.folder / "scheduler" / "scheduler_config.json"
    config.write_text(config.read_text().replace("unheard of", "v_prediction"))
    drawing.submit(request("c", model="crooked"))
    drain(drawing)
    assert list(books.pictures) == ["c"]


def test_requests_that_came_before_the_breakage_fail_without_another_loading(
    tmp_path: Path, costs: CostBook
) -> None:
    """Nor does a model that is free leave for the broken one a second time."""
    broken = tmp_path / "broken"
    shutil.copytree(EMBEDDED.folder, broken)
    (broken / "evil.pkl").write_bytes(b"")
    books, clock = Books(), Clock()
    models = crowded(clock, books)
    models.know(StandIn("broken", EMBEDDED.family, broken, EMBEDDED.licence))
    drawing = Engine(models, books, clock=clock, costs=costs)
    for name in ("a", "b", "c"):
        drawing.submit(request(name, model="broken"))
    drain(drawing)
    assert {str(error) for error in books.errors.values()} == {str(books.errors["a"])}
    assert books.models == ["broken is loading", "broken has left"]
    (broken / "evil.pkl").unlink()
    drawing.submit(request("d", model="broken"))
    drain(drawing)
    assert list(books.pictures) == ["d"]


def test_a_model_that_cannot_draw_is_freed_although_the_worker_froze_its_memory(
    crooked: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Pytest keeps what was logged, the error that is told of included.
    monkeypatch.setattr(logging.getLogger("pipelines.engine"), "disabled", True)
    drawing = Engine(Models(torch.device("cpu")), Books())
    drawing.load(crooked)
    unet = weakref.ref(drawing.models.get("crooked").pipe.unet)
    gc.freeze()
    try:
        with pytest.raises(ModelBroken):
            drawing.warm_up("crooked")
        assert unet() is None
    finally:
        gc.unfreeze()


def test_a_model_that_finds_less_room_than_was_counted_fails_its_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full_device(pipe: DiffusionPipeline, device: torch.device) -> DiffusionPipeline:
        raise torch.OutOfMemoryError("others use this device too")

    monkeypatch.setattr(DiffusionPipeline, "to", full_device)
    books, models = Books(), Models(torch.device("cpu"))
    models.know(ONE)
    drawing = Engine(models, books)
    drawing.submit(request("a", model="one"))
    drain(drawing)
    assert isinstance(books.errors["a"], OutOfMemory)


def test_a_model_whose_folder_is_gone_fails_its_request_and_names_it(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    shutil.copytree(EMBEDDED.folder, folder)
    books = Books()
    models = Models(torch.device("cpu"), news=books)
    models.know(StandIn("gone", EMBEDDED.family, folder, EMBEDDED.licence))
    shutil.rmtree(folder)
    drawing = Engine(models, books)
    drawing.submit(request("a", model="gone"))
    drain(drawing)
    assert isinstance(books.errors["a"], ModelBroken)
    assert str(folder) in str(books.errors["a"])
    assert books.models == ["gone has left"]


def test_a_free_model_leaves_for_one_that_is_wanted(costs: CostBook) -> None:
    books, clock = Books(), Clock()
    models = crowded(clock)
    drawing = Engine(models, books, clock=clock, costs=costs)
    for name, model in (("a", "one"), ("b", "other")):
        drawing.submit(request(name, model=model))
        drain(drawing)
    assert sorted(books.pictures) == ["a", "b"]
    with pytest.raises(UnknownModel, match="not loaded"):
        models.get("one")


def test_alternating_traffic_does_not_change_models_at_every_request(
    caplog: pytest.LogCaptureFixture, costs: CostBook
) -> None:
    caplog.set_level("INFO", logger="pipelines.memory")
    books, clock = Books(), Clock()
    drawing = Engine(crowded(clock), books, clock=clock, costs=costs)
    for number in range(12):
        drawing.submit(request(f"r{number}", model=("one", "other")[number % 2], steps=2))
        drawing.step()
    drain(drawing)
    assert len(books.pictures) == 12
    assert sum(message.startswith("loaded") for message in caplog.messages) == 2


def test_requests_for_a_busy_models_place_do_not_wait_for_ever(costs: CostBook) -> None:
    books, clock = Books(), Clock()
    drawing = Engine(crowded(clock), books, clock=clock, costs=costs)
    drawing.submit(request("first", model="one"))
    drawing.step()
    drawing.submit(request("waits", model="other"))
    for number in range(30):  # the busy model never runs dry of requests
        drawing.submit(request(f"r{number}", model="one", steps=1))
        for _ in range(5):
            drawing.step()
        clock.now_s += 2.0
        if "waits" in books.pictures:
            break
    assert "waits" in books.pictures
    drain(drawing)
    assert not books.errors


def test_a_cancelled_wish_for_another_model_stops_no_one(costs: CostBook) -> None:
    books, clock = Books(), Clock()
    drawing = Engine(crowded(clock), books, clock=clock, costs=costs)
    drawing.submit(request("first", model="one"))
    drawing.step()
    clock.now_s += 100.0
    drawing.submit(request("leaves", model="other"))
    drawing.step()
    drawing.cancel("leaves")
    drawing.submit(request("second", model="one"))
    drain(drawing)
    assert sorted(books.pictures) == ["first", "second"]


def test_a_model_beyond_the_budget_is_refused_before_it_is_read() -> None:
    models = Models(torch.device("cpu"), Residency(budget_bytes=1000))
    with pytest.raises(UnsupportedSetting, match="1,000 bytes: set a larger memory_gib"):
        models.know(ONE)


def test_a_model_that_breaks_when_it_is_loaded_fails_only_its_own_requests(
    tmp_path: Path, costs: CostBook
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(EMBEDDED.folder, broken)
    (broken / "evil.pkl").write_bytes(b"")
    books, clock = Books(), Clock()
    models = crowded(clock, books)
    models.know(StandIn("broken", EMBEDDED.family, broken, EMBEDDED.licence))
    drawing = Engine(models, books, clock=clock, costs=costs)
    drawing.submit(request("bad", model="broken"))
    drawing.submit(request("good", model="one"))
    drain(drawing)
    assert isinstance(books.errors["bad"], ModelBroken)
    assert list(books.pictures) == ["good"]
    assert books.models[:2] == ["broken is loading", "broken has left"]
