"""The cost curve: predictions, monotony and the knee."""

import pytest

from pipelines.cost import KNEE_TOLERANCE, StepCost

# Published seconds per step of one DiT on one GPU at 512 x 512 (1024 tokens), 1 to 16 rows.
SMALL = [(1, 0.167), (2, 0.183), (3, 0.186), (4, 0.240), (8, 0.425), (16, 0.832)]
# The same model at 1024 x 1024 (4096 tokens), 1 to 3 rows.
LARGE = [(1, 0.243), (2, 0.474), (3, 0.711)]


def curve(rows: list[tuple[int, float]], tokens: int) -> StepCost:
    return StepCost.measured([(count * tokens, seconds) for count, seconds in rows])


def test_the_knee_is_where_more_rows_stop_to_pay() -> None:
    assert curve(SMALL, 1024).knee == 3 * 1024


def test_a_model_that_one_row_saturates_has_its_knee_at_one_row() -> None:
    assert curve(LARGE, 4096).knee == 4096


def test_measured_points_are_predicted_as_measured() -> None:
    cost = curve(SMALL, 1024)
    for rows, seconds in SMALL:
        assert cost.step_s(rows * 1024) == pytest.approx(seconds)


def test_between_points_the_prediction_lies_between_them() -> None:
    assert 0.240 < curve(SMALL, 1024).step_s(6 * 1024) < 0.425


def test_below_the_first_point_the_floor_holds_and_beyond_the_last_it_grows_in_proportion() -> None:
    cost = curve(SMALL, 1024)
    assert cost.step_s(10) == 0.167
    assert cost.step_s(32 * 1024) == pytest.approx(2 * 0.832)


def test_noise_never_makes_more_work_cheaper() -> None:
    cost = StepCost.measured([(64, 0.030), (128, 0.025), (256, 0.060)])
    predictions = [cost.step_s(tokens) for tokens in range(1, 600)]
    assert predictions == sorted(predictions)
    assert cost.step_s(64) == 0.025


def test_the_saturated_rate_is_the_cheapest_one_measured() -> None:
    cost = curve(SMALL, 1024)
    assert cost.s_per_token == pytest.approx(0.832 / (16 * 1024))
    assert cost.step_s(cost.knee) / cost.knee <= cost.s_per_token * KNEE_TOLERANCE


@pytest.mark.parametrize("samples", [[], [(0, 1.0)], [(64, 0.0)]], ids=["none", "empty", "instant"])
def test_what_is_no_measurement_is_refused(samples: list[tuple[float, float]]) -> None:
    with pytest.raises(ValueError, match=r"sample|measurement"):
        StepCost.measured(samples)
