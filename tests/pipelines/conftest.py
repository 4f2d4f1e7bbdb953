"""One loaded copy of the small model for all tests of the engine, and fleets that end."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from pipelines.catalog import EMBEDDED
from pipelines.cost import StepCost
from pipelines.fleet import Fleet
from pipelines.memory import Models
from tests.pipelines.fleets import News, Start
from tests.pipelines.strokes import spec


@pytest.fixture(scope="session")
def models() -> Models:
    torch.set_num_threads(1)
    loaded = Models(torch.device("cpu"))
    # A wide knee, so that what may share a forward does share it.
    loaded.load(EMBEDDED).cost = StepCost(((16.0, 0.01), (1024.0, 0.02)))
    return loaded


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
