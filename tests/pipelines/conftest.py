"""One loaded copy of the small model for all tests of the engine, and fleets that end."""

import logging
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from pipelines.admission import ANY_SIZE
from pipelines.catalog import EMBEDDED
from pipelines.cost import StepCost
from pipelines.fleet import Fleet
from pipelines.memory import Models
from pipelines.merge import Digests
from pipelines.trial import draw_trial, learn_to_paint
from tests.pipelines.fleets import News, Start
from tests.pipelines.strokes import spec


@pytest.fixture(scope="session")
def models() -> Models:
    torch.set_num_threads(1)
    loaded = Models(torch.device("cpu"))
    # A wide knee, so that what may share a forward does share it.
    loaded.load(EMBEDDED).cost = StepCost(((16.0, 0.01), (1024.0, 0.02)))
    return loaded


@pytest.fixture(autouse=True)
def forget_what_did_not_fit(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let a test that makes memory short teach that to no other test."""
    yield
    if "models" in request.fixturenames:
        resident = request.getfixturevalue("models").get(EMBEDDED.name)
        resident.token_cap, resident.alone_cap = math.inf, ANY_SIZE


@pytest.fixture(scope="module")
def painting(models: Models) -> Iterator[Models]:
    """The small model, which has learned to paint previews."""
    resident = models.get(EMBEDDED.name)
    resident.painter = learn_to_paint(draw_trial(resident, Digests()))
    yield models
    resident.painter = None


@pytest.fixture
def news() -> Iterator[News]:
    handler, log = News(), logging.getLogger("pipelines")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    yield handler
    log.removeHandler(handler)
    log.setLevel(logging.NOTSET)


@pytest.fixture
def start(tmp_path: Path, news: News) -> Iterator[Start]:
    """Starts fleets, of one worker unless said otherwise, and ends them."""
    fleets: list[Fleet] = []

    def started(workers: int = 1, **settings: Any) -> Fleet:
        fleet = Fleet([spec(tmp_path)] * workers, **{"max_backlog_s": float("inf"), **settings})
        fleets.append(fleet)
        fleet.start()
        news.wait("is ready", times=workers)
        return fleet

    yield started
    for fleet in fleets:
        fleet.close(0.0)
