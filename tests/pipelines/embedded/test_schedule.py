"""How the learning rate and the averaging go with the work done."""

from itertools import pairwise

import pytest

from pipelines.embedded.denoiser_training import Budget
from pipelines.embedded.schedule import averaging, learning_rate


def test_the_rate_rises_holds_and_falls() -> None:
    rates = [learning_rate(n / 100, n, warmup=10, hold=0.6) for n in range(101)]
    assert rates[:10] == pytest.approx([(n + 1) / 10 for n in range(10)])
    assert set(rates[10:61]) == {1.0}
    assert all(a > b for a, b in pairwise(rates[62:]))
    assert rates[-1] == pytest.approx(0.02)
    assert learning_rate(2.0, 500, warmup=10) == pytest.approx(0.02)


def test_a_budget_holds_the_rate_for_its_share() -> None:
    budget = Budget(1000.0)
    assert budget.share_of_rate(budget.held_until_s, 500) == 1.0
    assert budget.share_of_rate(budget.held_until_s + 30, 500) < 1.0


def test_the_average_forgets_its_beginning() -> None:
    assert averaging(0, 0.997) == pytest.approx(1 / 20)
    assert averaging(10**6, 0.997) == 0.997
