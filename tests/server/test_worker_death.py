"""Real HTTP before a real worker process that dies, hangs or cannot start: callers are answered."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from pipelines.catalog import EMBEDDED
from pipelines.errors import NotReady
from pipelines.fleet import Fleet
from tests.pipelines.fleets import Watcher, answer
from tests.pipelines.strokes import request, spec
from tests.server.conftest import KEY, serving

CALLERS = 16
PATIENCE_S = 30.0


@contextmanager
def house(folder: Path, weights: Path, **settings: float) -> Iterator[tuple[httpx2.Client, Fleet]]:
    """A served fleet whose worker draws strokes for the shipped model's name."""
    fleet = Fleet([spec(weights, EMBEDDED.name)], **settings)
    fleet.start()
    with (
        serving(fleet, folder) as site,
        httpx2.Client(
            base_url=site.url, headers={"authorization": f"Bearer {KEY}"}, timeout=PATIENCE_S
        ) as http,
    ):
        yield http, fleet
        fleet.close(0.0)


def ask(http: httpx2.Client, seed: int = 0) -> httpx2.Response:
    body = {"model": "seedbed", "prompt": "strokes", "size": "128x128", "seed": seed}
    return http.post("/v1/images/generations", json=body | {"response_format": "b64_json"})


def test_callers_get_their_pictures_when_the_worker_dies_while_it_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = tmp_path / "died"
    monkeypatch.setenv("FAKE_FAULT", f"die@3:{marker}")
    with house(tmp_path / "data", tmp_path) as (http, fleet):
        fleet.wait_ready(PATIENCE_S)

        with ThreadPoolExecutor(CALLERS) as callers:
            first = list(callers.map(lambda seed: ask(http, seed), range(CALLERS)))

        assert marker.exists(), "the fault must have struck"
        undisturbed = [ask(http, seed) for seed in range(CALLERS)]
        assert [reply.status_code for reply in first] == [200] * CALLERS
        assert [r.json()["data"] for r in first] == [r.json()["data"] for r in undisturbed]
        assert len({str(r.json()["data"]) for r in first}) == CALLERS


def test_the_server_answers_while_its_worker_is_being_replaced(tmp_path: Path) -> None:
    with house(tmp_path / "data", tmp_path) as (http, fleet):
        fleet.wait_ready(PATIENCE_S)
        for _ in range(5):
            os.kill(fleet.pids[0], signal.SIGKILL)

            assert http.get("/livez").status_code == 200
            assert ask(http).status_code == 200


def test_a_stuck_worker_fills_the_queue_then_the_server_says_when_to_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_FAULT", f"hang@1:{tmp_path / 'hung'}")
    with house(tmp_path / "data", tmp_path, max_backlog_s=0.001, hang_s=3.0) as (http, fleet):
        fleet.wait_ready(PATIENCE_S)
        watcher = Watcher()
        hanging = fleet.submit(request("hanging", model=EMBEDDED.name), watcher)
        watcher.wait()

        refused = ask(http)

        assert refused.status_code == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 120
        assert answer(hanging) is not None
        assert ask(http).status_code == 200


def test_a_server_whose_worker_cannot_start_lives_and_says_why(tmp_path: Path) -> None:
    with house(tmp_path / "data", tmp_path / "nowhere") as (http, fleet):
        with pytest.raises(NotReady, match="nowhere is missing"):
            fleet.wait_ready(PATIENCE_S)

        assert http.get("/livez").status_code == 200
        assert http.get("/readyz").status_code == 503
        assert "nowhere is missing" in http.get("/readyz").text
        refused = ask(http)
        assert refused.status_code == 503
        assert 1 <= int(refused.headers["retry-after"]) <= 120
