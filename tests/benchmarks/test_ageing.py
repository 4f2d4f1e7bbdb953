"""The ageing dial turns the way that its table says."""

import statistics

import pytest

from benchmarks.ageing import SHORT, draw_short
from pipelines.scheduler import Policy, Scheduler


def on_time(ageing: float) -> float:
    answers = draw_short(400, 3, Scheduler(Policy.SRPT, ageing))
    assert len(answers) == 400
    return statistics.mean(answer.on_time for answer in answers)


def test_ageing_costs_short_requests_their_time() -> None:
    assert on_time(0.0) > on_time(0.5) + 0.1


def test_the_kinds_of_the_short_workload_are_all_of_it() -> None:
    assert sum(kind.share for kind in SHORT) == pytest.approx(1.0)
    assert [kind.alone_s for kind in SHORT] == pytest.approx([0.18, 0.85, 3.55, 19.8])
