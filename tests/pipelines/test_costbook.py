"""Costs outlive a restart, and a damaged book is no reason not to start."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.cost import StepCost
from pipelines.costbook import CostBook, CostKey

KEY = CostKey("embedded", "UNet2DConditionModel", 1000, "float32", "a CPU", 2, "2.13")
COST = StepCost(((64.0, 0.02), (128.0, 0.03)))


def test_a_kept_cost_is_found_again_by_another_process(tmp_path: Path) -> None:
    CostBook(tmp_path / "data" / "costs.json").keep(KEY, COST)
    assert CostBook(tmp_path / "data" / "costs.json").find(KEY) == COST


@pytest.mark.parametrize(
    "changes",
    [{"threads": 4}, {"device": "another"}, {"torch": "2.14"}, {"weight_bytes": 1001}],
    ids=str,
)
def test_a_cost_measured_under_other_conditions_is_not_used(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    book = CostBook(tmp_path / "costs.json")
    book.keep(KEY, COST)
    assert book.find(replace(KEY, **changes)) is None  # type: ignore[arg-type]


def test_costs_of_several_models_stand_side_by_side(tmp_path: Path) -> None:
    book, other = CostBook(tmp_path / "costs.json"), replace(KEY, model="other")
    book.keep(KEY, COST)
    book.keep(other, StepCost(((64.0, 0.5),)))
    assert book.find(KEY) == COST
    assert book.find(other) == StepCost(((64.0, 0.5),))


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"a": []}', '{"a": [[1]]}', '{"a": [[1, -1]]}', '{"a": [["x", 1]]}'],
)
def test_a_damaged_book_is_set_aside_and_started_anew(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "costs.json"
    path.write_text(text)
    book = CostBook(path)
    assert book.find(KEY) is None
    assert "measured again" in caplog.text
    book.keep(KEY, COST)
    assert book.find(KEY) == COST


def test_without_a_path_nothing_is_remembered() -> None:
    book = CostBook(None)
    book.keep(KEY, COST)
    assert book.find(KEY) is None
