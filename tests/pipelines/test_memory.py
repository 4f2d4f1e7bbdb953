"""Models that come and go on a device too small for all of them."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from pipelines.catalog import EMBEDDED, StandIn
from pipelines.engine import Engine
from pipelines.errors import ModelBroken, OutOfMemory, UnknownModel
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


def crowded(clock: Clock) -> Models:
    """A device with room for one and a half of the two models."""
    budget = int(bytes_on_device(EMBEDDED.folder, torch.device("cpu")) * 1.5)
    models = Models(torch.device("cpu"), Residency(budget, min_stay_s=20.0), clock)
    models.know(ONE)
    models.know(OTHER)
    return models


def test_a_model_comes_with_its_first_request() -> None:
    books, clock = Books(), Clock()
    drawing = Engine(crowded(clock), books, clock=clock)
    drawing.submit(request("a", model="other"))
    drain(drawing)
    assert list(books.pictures) == ["a"]


def test_a_free_model_leaves_for_one_that_is_wanted() -> None:
    books, clock = Books(), Clock()
    models = crowded(clock)
    drawing = Engine(models, books, clock=clock)
    for name, model in (("a", "one"), ("b", "other")):
        drawing.submit(request(name, model=model))
        drain(drawing)
    assert sorted(books.pictures) == ["a", "b"]
    with pytest.raises(UnknownModel, match="not loaded"):
        models.get("one")


def test_alternating_traffic_does_not_change_models_at_every_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", logger="pipelines.memory")
    books, clock = Books(), Clock()
    drawing = Engine(crowded(clock), books, clock=clock)
    for number in range(12):
        drawing.submit(request(f"r{number}", model=("one", "other")[number % 2], steps=2))
        drawing.step()
    drain(drawing)
    assert len(books.pictures) == 12
    assert sum(message.startswith("loaded") for message in caplog.messages) == 2


def test_requests_for_a_busy_models_place_do_not_wait_for_ever() -> None:
    books, clock = Books(), Clock()
    drawing = Engine(crowded(clock), books, clock=clock)
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


def test_a_cancelled_wish_for_another_model_stops_no_one() -> None:
    books, clock = Books(), Clock()
    drawing = Engine(crowded(clock), books, clock=clock)
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
    with pytest.raises(OutOfMemory, match="1,000 bytes"):
        models.know(ONE)


def test_a_model_that_breaks_when_it_is_loaded_fails_only_its_own_requests(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(EMBEDDED.folder, broken)
    (broken / "evil.pkl").write_bytes(b"")
    books, clock = Books(), Clock()
    models = crowded(clock)
    models.know(StandIn("broken", EMBEDDED.family, broken, EMBEDDED.licence))
    drawing = Engine(models, books, clock=clock)
    drawing.submit(request("bad", model="broken"))
    drawing.submit(request("good", model="one"))
    drain(drawing)
    assert isinstance(books.errors["bad"], ModelBroken)
    assert list(books.pictures) == ["good"]
