"""Real worker processes behind the fleet: asked, cancelled, overloaded, closed."""

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines.errors import (
    Cancelled,
    ModelFailure,
    NotReady,
    QueueFull,
    ShuttingDown,
    UnknownModel,
)
from pipelines.fleet import Fleet
from pipelines.messages import News, Preview, Progress
from pipelines.types import Bitmap, ImageRequest
from tests.pipelines.fleets import (
    ENDLESS,
    PATIENCE_S,
    Start,
    Watcher,
    answer,
    failure,
    open_descriptors,
)
from tests.pipelines.strokes import COST, UNSTABLE, picture, preview, request, spec


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


def test_previews_come_between_the_steps_they_were_asked_for(start: Start) -> None:
    watcher, wanted = Watcher(), request("a", seed=5, steps=4, preview_steps=(2, 3))

    answer(start().submit(wanted, watcher))

    assert [(type(heard), heard.step) for heard in watcher.news] == [
        (Progress, 1),
        (Progress, 2),
        (Preview, 2),
        (Progress, 3),
        (Preview, 3),
        (Progress, 4),
    ]
    assert watcher.news[2] == preview(wanted, 2)
    assert watcher.news[4] == preview(wanted, 3)


def test_a_listener_that_fails_disturbs_nobody(start: Start) -> None:
    fleet = start()

    def fail(news: News) -> None:
        raise RuntimeError("the event loop is closed")

    assert answer(fleet.submit(request("a"), fail)).shape == (64, 64, 3)
    assert answer(fleet.submit(request("b"))).shape == (64, 64, 3)


def test_a_failing_request_fails_alone(start: Start) -> None:
    fleet = start()

    bad = fleet.submit(request("bad", prompt=UNSTABLE))
    good = fleet.submit(request("good"))

    assert isinstance(failure(bad), ModelFailure)
    assert np.array_equal(answer(good), picture(request("good")))


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
    fleet = start(hang_s=3.0)
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


def test_background_work_fills_the_queue_for_its_own_kind_only(start: Start) -> None:
    fleet = start(max_backlog_s=5.0)
    watcher = Watcher()
    sweep = replace(request("sweep", steps=ENDLESS), priority_s=-3600.0)
    running = fleet.submit(sweep, watcher)
    watcher.wait()

    with pytest.raises(QueueFull):
        fleet.submit(replace(sweep, id="more of it"))
    assert answer(fleet.submit(request("now"))) is not None

    fleet.cancel("sweep")
    failure(running)


def test_the_backlog_shrinks_with_every_step(start: Start) -> None:
    fleet = start()
    backlogs: list[float] = []

    answer(fleet.submit(request("a", steps=10), lambda _: backlogs.append(fleet.backlog_s)))

    assert backlogs == pytest.approx([left * backlogs[0] / 9 for left in range(9, -1, -1)])
    assert backlogs[0] > 0


def test_references_are_work_too(tmp_path: Path) -> None:
    usual = spec(tmp_path)
    editor = replace(usual.stand_ins[0], family="flux2_klein")
    fleet = Fleet([replace(usual, stand_ins=(editor,))], max_backlog_s=float("inf"))
    fleet.start()
    try:
        fleet.wait_ready(60.0)
        words = request("words", steps=ENDLESS)
        reference = Bitmap.of(np.zeros((64, 64, 3), np.uint8))
        backlogs = []
        for wanted in (words, replace(words, id="edit", references=(reference,) * 4)):
            running = fleet.submit(wanted)
            backlogs.append(fleet.backlog_s)
            fleet.cancel(wanted.id)
            failure(running)
        tokens, of_all = words.size.tokens, 5 * words.size.tokens
        expected = COST.draw_s(of_all, 1) / COST.draw_s(tokens, 1)
        assert backlogs[1] / backlogs[0] == pytest.approx(expected, rel=0.2)
    finally:
        fleet.close(0.0)


def test_requests_go_to_the_worker_with_the_least_work(start: Start) -> None:
    fleet = start(workers=2)
    long = [fleet.submit(request(f"long{n}", steps=ENDLESS)) for n in range(2)]
    assert fleet.backlog_s > 1.0, "each worker has one of them"

    fleet.cancel("long1")
    failure(long[1])

    assert fleet.backlog_s == 0.0
    short = [fleet.submit(request(f"short{n}")) for n in range(4)]
    assert all(answer(future) is not None for future in short)


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
