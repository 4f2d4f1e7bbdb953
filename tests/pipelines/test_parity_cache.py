"""The figures of the step cache: what is left out, how near pictures stay, what company changes."""

import pytest

from pipelines.parity import cache
from pipelines.parity.cache import STEPS, Fidelity, cells, compare_cached
from pipelines.parity.registry import CASES


@pytest.fixture(scope="module")
def fidelity() -> Fidelity:
    return compare_cached(CASES["sd3"])


def test_all_that_may_be_left_out_is_and_company_changes_nothing(fidelity: Fidelity) -> None:
    assert fidelity.calls == sum(STEPS)
    assert fidelity.company_left_out > fidelity.left_out > 0
    assert fidelity.company_uint8_max <= 1
    assert fidelity.passed


def test_what_was_left_out_is_seen_in_the_latents(fidelity: Fidelity) -> None:
    assert 0 < fidelity.latents_mean < fidelity.latents_max < 0.05 * fidelity.scale
    assert fidelity.psnr_db is not None
    assert fidelity.psnr_db > 40


def test_a_row_of_the_table_has_a_cell_under_each_heading(fidelity: Fidelity) -> None:
    assert len(cells(fidelity)) == len(cache.HEADINGS)
