"""Workers that are killed, stopped, stuck, or never start: every request is answered."""

import os
import random
import signal
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines.errors import NotReady, PoisonRequest, WorkerLost
from pipelines.fleet import Fleet
from pipelines.messages import Progress
from tests.pipelines.fleets import ENDLESS, PATIENCE_S, News, Start, Watcher, answer, failure
from tests.pipelines.strokes import DEADLY, picture, request, spec


@pytest.mark.parametrize("seed", range(6))
def test_requests_survive_a_worker_killed_at_any_step(start: Start, news: News, seed: int) -> None:
    fleet = start()
    chance = random.Random(seed)
    wanted = [request(f"r{n}", seed=n, steps=chance.randint(20, 60)) for n in range(8)]
    fatal_word = chance.randint(1, 8 * 20)
    words = 0

    def listen(progress: Progress) -> None:
        nonlocal words
        words += 1
        if words == fatal_word:
            os.kill(fleet.pids[0], signal.SIGKILL)

    futures = [fleet.submit(one, listen) for one in wanted]

    for one, future in zip(wanted, futures, strict=True):
        assert np.array_equal(answer(future), picture(one))
    news.wait("died of SIGKILL")  # it may have drawn all before it was killed
    assert news.deaths == news.of("died of SIGKILL")
    assert len(news.deaths) == 1


def test_a_worker_killed_between_requests_is_replaced(start: Start) -> None:
    fleet = start()
    first = fleet.pids[0]

    os.kill(first, signal.SIGKILL)

    assert answer(fleet.submit(request("a"))) is not None
    assert fleet.pids[0] != first


def test_the_death_of_an_idle_worker_is_seen_at_once(start: Start, news: News) -> None:
    fleet = start()

    os.kill(fleet.pids[0], signal.SIGKILL)

    news.wait("died of SIGKILL", timeout_s=1.0)
    news.wait("is ready", times=2)


def test_two_deaths_condemn_the_guilty_request_and_nobody_else(start: Start, news: News) -> None:
    fleet = start()
    innocent = [request(f"r{n}", seed=n, steps=30) for n in range(5)]

    before = [fleet.submit(one) for one in innocent[:3]]
    guilty = fleet.submit(request("guilty", prompt=DEADLY))
    after = [fleet.submit(one) for one in innocent[3:]]

    assert isinstance(failure(guilty), PoisonRequest)
    for one, future in zip(innocent, before + after, strict=True):
        assert np.array_equal(answer(future), picture(one))
    assert len(news.deaths) == 2


@pytest.mark.parametrize("kind", ["die", "hang"])
def test_a_request_is_drawn_again_after_a_fault(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("FAKE_FAULT", f"{kind}@3:{tmp_path / 'struck'}")
    fleet = start(hang_s=3.0)
    watcher = Watcher()

    drawn = answer(fleet.submit(request("a", seed=5), watcher))

    assert np.array_equal(drawn, picture(request("a", seed=5)))
    assert watcher.steps == [1, 2, 3, *range(1, 9)]


def test_a_stopped_process_is_taken_for_dead(start: Start, news: News) -> None:
    fleet = start(hang_s=3.0)
    watcher = Watcher()
    future = fleet.submit(request("a", steps=2000), watcher)
    watcher.wait()

    os.kill(fleet.pids[0], signal.SIGSTOP)

    assert np.array_equal(answer(future), picture(request("a", steps=2000)))
    assert len(news.deaths) == 1
    assert "silent" in news.deaths[0]


def test_a_worker_without_work_may_be_silent(start: Start, news: News) -> None:
    start(hang_s=0.2)

    assert not threading.Event().wait(0.6)

    assert news.deaths == []


def test_requests_survive_a_worker_killed_while_the_fleet_closes(start: Start) -> None:
    fleet = start()
    watcher = Watcher()
    wanted = request("a", steps=2000)
    future = fleet.submit(wanted, watcher)
    watcher.wait()
    closer = threading.Thread(target=fleet.close, args=(PATIENCE_S,))
    closer.start()

    os.kill(fleet.pids[0], signal.SIGKILL)
    closer.join(PATIENCE_S)

    assert np.array_equal(future.result(0), picture(wanted))


def test_an_idle_worker_takes_a_dead_ones_request_at_once(start: Start) -> None:
    fleet = start(workers=2)
    watcher = Watcher()
    wanted = request("a", steps=3000)
    future = fleet.submit(wanted, watcher)
    watcher.wait()

    os.kill(fleet.pids[0], signal.SIGKILL)

    assert np.array_equal(answer(future), picture(wanted))


def test_missing_weights_are_final_and_named(tmp_path: Path, news: News) -> None:
    fleet = Fleet([spec(tmp_path / "nowhere")])
    fleet.start()

    with pytest.raises(NotReady, match="nowhere is missing"):
        fleet.wait_ready(PATIENCE_S)

    assert fleet.state == "failed"
    with pytest.raises(NotReady, match="nowhere is missing") as refused:
        fleet.submit(request("a"))
    assert refused.value.retry_after_s > 1
    assert len(news.deaths) == 1, "trying again would not help"
    fleet.close(0.0)


def test_a_worker_that_never_starts_is_tried_a_few_times(tmp_path: Path, news: News) -> None:
    fleet = Fleet(
        [replace(spec(tmp_path), engine="tests.pipelines.strokes:no_such_function")],
        restart_pauses_s=(0.0, 0.01),
    )
    fleet.start()

    with pytest.raises(NotReady, match="left with status 1"):
        fleet.wait_ready(PATIENCE_S)

    assert len(news.deaths) == 3
    fleet.close(0.0)


def test_requests_of_a_worker_that_cannot_come_back_are_answered(
    start: Start, tmp_path: Path
) -> None:
    fleet = start()
    watcher = Watcher()
    future = fleet.submit(request("endless", steps=ENDLESS), watcher)
    watcher.wait()
    tmp_path.rename(tmp_path.with_name("gone"))

    os.kill(fleet.pids[0], signal.SIGKILL)

    assert isinstance(failure(future), WorkerLost)
    assert fleet.state == "failed"
    assert "is missing" in fleet.reason


def test_a_dead_workers_requests_go_to_a_living_one(start: Start) -> None:
    fleet = start(workers=2)
    watchers = [Watcher(), Watcher()]
    wanted = [request(f"r{n}", seed=n, steps=3000) for n in range(2)]
    futures = [fleet.submit(one, hear) for one, hear in zip(wanted, watchers, strict=True)]
    for watcher in watchers:
        watcher.wait()

    os.kill(fleet.pids[0], signal.SIGKILL)

    assert fleet.state == "ready"
    for one, future in zip(wanted, futures, strict=True):
        assert np.array_equal(answer(future), picture(one))
