"""Real worker processes behind the fleet: killed, stopped, hung, cancelled, closed."""

import logging
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.errors import (
    Cancelled,
    ModelFailure,
    NotReady,
    PoisonRequest,
    QueueFull,
    ShuttingDown,
    UnknownModel,
    WorkerLost,
)
from pipelines.fleet import Fleet
from pipelines.messages import Progress
from pipelines.types import ImageRequest, Pixels
from tests.pipelines.strokes import DEADLY, UNSTABLE, picture, request, spec

PATIENCE_S = 20.0
ENDLESS = 10**9

Start = Callable[..., Fleet]


class News(logging.Handler):
    """What the fleet logs, to be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self._messages: list[str] = []
        self._more = threading.Condition()

    def emit(self, record: logging.LogRecord) -> None:
        with self._more:
            self._messages.append(record.getMessage())
            self._more.notify_all()

    def wait(self, text: str, times: int = 1, timeout_s: float = PATIENCE_S) -> None:
        """Until that many messages with this text were logged."""
        with self._more:
            assert self._more.wait_for(lambda: len(self.of(text)) >= times, timeout_s), text

    def of(self, text: str) -> list[str]:
        return [message for message in self._messages if text in message]

    @property
    def deaths(self) -> list[str]:
        return [message for message in self._messages if message not in self.of("is ready")]


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


def answer(future: Future[Pixels]) -> Pixels:
    return future.result(PATIENCE_S)


def failure(future: Future[Pixels]) -> BaseException | None:
    return future.exception(PATIENCE_S)


class Watcher:
    """Hears a request's progress; `seen` is set at the wanted step."""

    def __init__(self, at_step: int = 1) -> None:
        self.steps: list[int] = []
        self.seen = threading.Event()
        self._at_step = at_step

    def __call__(self, progress: Progress) -> None:
        self.steps.append(progress.step)
        if progress.step == self._at_step:
            self.seen.set()

    def wait(self) -> None:
        assert self.seen.wait(PATIENCE_S)


def test_every_request_gets_its_own_picture(start: Start) -> None:
    fleet = start()
    wanted = [request(f"r{n}", seed=n, steps=3 + n % 5, side=16 * (1 + n % 4)) for n in range(40)]

    futures = [fleet.submit(one) for one in wanted]

    for one, future in zip(wanted, futures, strict=True):
        assert np.array_equal(answer(future), picture(one))
    assert fleet.backlog_s == 0.0


def test_progress_comes_step_by_step_and_before_the_picture(start: Start) -> None:
    fleet = start()
    watcher = Watcher()
    heard_before_answer: list[int] = []

    future = fleet.submit(request("a", steps=12), watcher)
    future.add_done_callback(lambda _: heard_before_answer.extend(watcher.steps))
    answer(future)

    assert heard_before_answer == list(range(1, 13))


def test_a_listener_that_fails_disturbs_nobody(start: Start) -> None:
    fleet = start()

    def fail(progress: Progress) -> None:
        raise RuntimeError("the event loop is closed")

    assert answer(fleet.submit(request("a"), fail)).shape == (64, 64, 3)
    assert answer(fleet.submit(request("b"))).shape == (64, 64, 3)


def test_a_failing_request_fails_alone(start: Start) -> None:
    fleet = start()

    bad = fleet.submit(request("bad", prompt=UNSTABLE))
    good = fleet.submit(request("good"))

    assert isinstance(failure(bad), ModelFailure)
    assert np.array_equal(answer(good), picture(request("good")))


@pytest.mark.parametrize("seed", range(6))
def test_requests_survive_a_worker_killed_at_any_step(start: Start, news: News, seed: int) -> None:
    fleet = start()
    chance = random.Random(seed)
    wanted = [request(f"r{n}", seed=n, steps=chance.randint(20, 60)) for n in range(8)]
    fatal_word = chance.randint(1, 200)
    words = 0

    def listen(progress: Progress) -> None:
        nonlocal words
        words += 1
        if words == fatal_word:
            os.kill(fleet.pids[0], signal.SIGKILL)

    futures = [fleet.submit(one, listen) for one in wanted]

    for one, future in zip(wanted, futures, strict=True):
        assert np.array_equal(answer(future), picture(one))
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
    fleet = start(hang_s=1.0)
    watcher = Watcher()

    drawn = answer(fleet.submit(request("a", seed=5), watcher))

    assert np.array_equal(drawn, picture(request("a", seed=5)))
    assert watcher.steps == [1, 2, 3, *range(1, 9)]


def test_a_stopped_process_is_taken_for_dead(start: Start, news: News) -> None:
    fleet = start(hang_s=1.0)
    watcher = Watcher()
    future = fleet.submit(request("a", steps=2000), watcher)
    watcher.wait()

    os.kill(fleet.pids[0], signal.SIGSTOP)

    assert np.array_equal(answer(future), picture(request("a", steps=2000)))
    assert len(news.deaths) == 1
    assert "silent" in news.deaths[0]


def test_a_worker_without_work_may_be_silent(start: Start, news: News) -> None:
    fleet = start(hang_s=0.2)
    answer(fleet.submit(request("a")))

    assert not threading.Event().wait(0.6)

    assert news.deaths == []


def test_a_request_cancelled_while_drawn_fails_once_and_the_next_is_drawn(start: Start) -> None:
    fleet = start()
    watcher = Watcher()
    future = fleet.submit(request("endless", steps=ENDLESS), watcher)
    watcher.wait()

    fleet.cancel("endless")
    fleet.cancel("endless")

    assert isinstance(failure(future), Cancelled)
    assert answer(fleet.submit(request("next"))) is not None
    assert fleet.backlog_s == 0.0


def test_cancelling_the_future_stops_the_drawing(start: Start) -> None:
    fleet = start()
    watcher = Watcher()
    future = fleet.submit(request("endless", steps=ENDLESS), watcher)
    watcher.wait()

    assert future.cancel()

    assert answer(fleet.submit(request("next"))) is not None
    assert fleet.backlog_s == 0.0


def test_a_request_cancelled_before_it_ran_never_runs(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_FAULT", f"hang@1:{tmp_path / 'struck'}")
    fleet = start(hang_s=1.0)
    first, second = Watcher(), Watcher()
    hanging = fleet.submit(request("hanging"), first)
    first.wait()
    waiting = fleet.submit(request("waiting", steps=ENDLESS), second)

    fleet.cancel("waiting")

    assert isinstance(failure(waiting), Cancelled)
    assert answer(hanging) is not None
    assert second.steps == []


def test_cancelling_what_is_over_or_unknown_does_nothing(start: Start) -> None:
    fleet = start()
    future = fleet.submit(request("a"))
    answer(future)

    fleet.cancel("a")
    fleet.cancel("never heard of")

    assert answer(future) is not None


def test_closing_finishes_what_was_accepted_and_refuses_the_rest(start: Start) -> None:
    fleet = start()
    watcher = Watcher()
    futures = [fleet.submit(request(f"r{n}", steps=200), watcher) for n in range(4)]
    watcher.wait()
    pids = fleet.pids

    closer = threading.Thread(target=fleet.close, args=(PATIENCE_S,))
    closer.start()
    closer.join(PATIENCE_S)

    assert all(future.done() and not future.exception() for future in futures)
    with pytest.raises(ShuttingDown):
        fleet.submit(request("late"))
    assert (fleet.ready, fleet.state) == (False, "closing")
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_what_is_not_drawn_in_time_fails_when_the_fleet_closes(start: Start) -> None:
    fleet = start()
    watcher = Watcher()
    future = fleet.submit(request("endless", steps=ENDLESS), watcher)
    watcher.wait()

    fleet.close(0.0)

    assert isinstance(future.exception(0), ShuttingDown)


def test_a_second_close_overtakes_a_patient_first_one(start: Start) -> None:
    fleet = start()
    watcher = Watcher()
    future = fleet.submit(request("endless", steps=ENDLESS), watcher)
    watcher.wait()
    patient = threading.Thread(target=fleet.close, args=(1000.0,))
    patient.start()

    fleet.close(0.0)
    patient.join(PATIENCE_S)

    assert not patient.is_alive()
    assert isinstance(future.exception(0), ShuttingDown)


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


def test_a_fleet_may_be_closed_before_it_is_ready_or_even_started(tmp_path: Path) -> None:
    Fleet([spec(tmp_path)]).close(1.0)

    starting = Fleet([spec(tmp_path)])
    starting.start()
    starting.close(1.0)
    starting.close(1.0)

    assert starting.state == "closing"


def test_nothing_is_accepted_before_a_worker_is_ready(tmp_path: Path) -> None:
    fleet = Fleet([spec(tmp_path)])

    with pytest.raises(NotReady, match="is loading its models"):
        fleet.submit(request("a"))

    assert (fleet.state, fleet.ready) == ("starting", False)
    fleet.close(0.0)


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


def test_a_full_queue_says_when_to_come_back(start: Start) -> None:
    fleet = start(max_backlog_s=5.0)
    watcher = Watcher()
    running = fleet.submit(request("long", steps=ENDLESS), watcher)
    watcher.wait()

    with pytest.raises(QueueFull) as refused:
        fleet.submit(request("one too many"))

    assert refused.value.retry_after_s == pytest.approx(fleet.backlog_s, rel=0.1)
    fleet.cancel("long")
    failure(running)
    assert answer(fleet.submit(request("now"))) is not None


def test_requests_go_to_the_worker_with_the_least_work(start: Start) -> None:
    fleet = start(workers=2)
    long = [fleet.submit(request(f"long{n}", steps=ENDLESS)) for n in range(2)]
    assert fleet.backlog_s > 1.0, "each worker has one of them"

    fleet.cancel("long1")
    failure(long[1])

    assert fleet.backlog_s == 0.0
    short = [fleet.submit(request(f"short{n}")) for n in range(4)]
    assert all(answer(future) is not None for future in short)


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


def test_a_request_goes_to_a_worker_that_holds_its_model(tmp_path: Path) -> None:
    fleet = Fleet([spec(tmp_path), spec(tmp_path, "other")])
    fleet.start()
    try:
        fleet.wait_ready(PATIENCE_S)
        wanted: list[ImageRequest] = [request(f"r{n}", seed=n, model="other") for n in range(3)]
        for one in wanted:
            assert np.array_equal(answer(fleet.submit(one)), picture(one))
        with pytest.raises(UnknownModel, match="'a third'"):
            fleet.submit(request("x", model="a third"))
    finally:
        fleet.close(0.0)


def test_a_name_under_way_cannot_be_used_again(start: Start) -> None:
    fleet = start()
    watcher = Watcher()
    fleet.submit(request("a", steps=ENDLESS), watcher)

    with pytest.raises(ValueError, match="already under way"):
        fleet.submit(request("a"))


def test_two_hundred_pictures_leave_no_descriptor_behind(tmp_path: Path) -> None:
    before = open_descriptors()
    fleet = Fleet([spec(tmp_path)])
    fleet.start()
    fleet.wait_ready(PATIENCE_S)
    answer(fleet.submit(request("first")))
    running = open_descriptors()

    kept = [answer(fleet.submit(request(f"r{n}", steps=1))) for n in range(200)]

    assert len(kept) == 200
    assert open_descriptors() == running
    os.kill(fleet.pids[0], signal.SIGKILL)
    answer(fleet.submit(request("after a death")))
    assert open_descriptors() == running
    fleet.close(PATIENCE_S)
    assert open_descriptors() == before


def test_the_fleets_process_imports_no_torch() -> None:
    code = "import sys, pipelines.fleet; sys.exit(not {'torch', 'diffusers'} & set(sys.modules))"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 1


def open_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))
