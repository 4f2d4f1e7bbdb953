"""A silent worker is stuck only when it owes something."""

import pytest

from pipelines.cost import StepCost
from pipelines.errors import Cancelled
from pipelines.messages import (
    Arrived,
    Cancel,
    Done,
    Failed,
    FromWorker,
    Heartbeat,
    Loading,
    Progress,
    Ready,
    Submit,
)
from pipelines.types import ImageRequest, Size
from pipelines.watchdog import Watchdog
from tests.pipelines.strokes import request

FAST = StepCost.measured([(16.0, 0.01)])
SLOW = StepCost.measured([(16.0, 9.0)])


def own_tokens(wanted: ImageRequest) -> float:
    return wanted.size.tokens


def ready_watchdog(cost: StepCost = FAST) -> Watchdog:
    watchdog = Watchdog(own_tokens, hang_s=60.0, load_s=900.0, now_s=0.0)
    watchdog.heard(Ready("cpu", (("strokes", cost),)), now_s=0.0)
    return watchdog


def test_loading_has_its_own_patience_renewed_by_each_model() -> None:
    watchdog = Watchdog(own_tokens, hang_s=60.0, load_s=900.0, now_s=0.0)
    assert watchdog.patience_s(100.0) == 800.0

    watchdog.heard(Loading("second"), now_s=500.0)

    assert watchdog.patience_s(600.0) == 800.0


def test_a_model_that_comes_with_its_first_request_has_the_patience_of_loading() -> None:
    watchdog = ready_watchdog()
    watchdog.said(Submit(request("a", model="large")), now_s=0.0)
    watchdog.heard(Loading("large", 0, 2**35), now_s=1.0)
    assert watchdog.patience_s(101.0) == 800.0
    watchdog.heard(Loading("large", 2**34, 2**35, 100.0), now_s=101.0)
    assert watchdog.patience_s(201.0) == 800.0

    watchdog.heard(Arrived("large", SLOW), now_s=201.0)
    assert watchdog.patience_s(211.0) == 50.0

    watchdog.said(Submit(request("b", model="large", side=64)), now_s=211.0)
    assert watchdog.patience_s(211.0) == pytest.approx(81.0), "its steps take nine seconds"


def test_an_idle_worker_may_be_silent_for_ever() -> None:
    assert ready_watchdog().patience_s(1e6) is None


def test_work_starts_the_clock_and_every_word_restarts_it() -> None:
    watchdog = ready_watchdog()
    watchdog.said(Submit(request("a", side=64)), now_s=1000.0)
    assert watchdog.patience_s(1010.0) == 50.0

    watchdog.heard(Heartbeat(), now_s=1020.0)

    assert watchdog.patience_s(1030.0) == 50.0


def test_giving_a_stuck_worker_more_work_buys_it_no_time() -> None:
    watchdog = ready_watchdog()
    watchdog.said(Submit(request("a")), now_s=0.0)

    watchdog.said(Submit(request("b")), now_s=59.0)
    watchdog.said(Cancel("a"), now_s=59.0)

    assert watchdog.patience_s(60.0) == 0.0


@pytest.mark.parametrize(
    "answer", [Done("a", Size(64, 64)), Failed("a", Cancelled("left"))], ids=["done", "failed"]
)
def test_a_worker_that_answered_everything_owes_nothing(answer: FromWorker) -> None:
    watchdog = ready_watchdog()
    watchdog.said(Submit(request("a")), now_s=0.0)
    watchdog.heard(Progress("a", 1, 8, 1.0), now_s=1.0)
    assert watchdog.patience_s(2.0) is not None

    watchdog.heard(answer, now_s=3.0)

    assert watchdog.patience_s(1000.0) is None


def test_slow_steps_are_waited_for() -> None:
    watchdog = ready_watchdog(SLOW)

    watchdog.said(Submit(request("a", side=64)), now_s=0.0)
    assert watchdog.patience_s(0.0) == 90.0

    watchdog.said(Submit(request("b", side=64)), now_s=0.0)
    assert watchdog.patience_s(0.0) == 180.0
