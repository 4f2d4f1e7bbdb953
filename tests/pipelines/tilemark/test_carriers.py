"""A layout says what it should, and is the same for ever for one key."""

import hashlib

import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.tilemark.carriers import Layout, layout

KEY = bytes(range(32))
CODED = 416
TURNS = [-0.0624358, -0.0409319, 0.1464138]


@pytest.fixture(scope="module")
def carriers() -> Layout:
    return layout(KEY, CODED)


def digest(table: NDArray[np.integer]) -> str:
    return hashlib.sha256(table.astype("<i8").tobytes()).hexdigest()[:16]


@pytest.mark.parametrize(
    ("table", "expected"),
    [("waves", "f96a5ff1af06394e"), ("sync", "2d2f79e32f8093a3"), ("bit", "ca63ee208a15e87e")],
)
def test_the_tables_of_a_key_are_known(carriers: Layout, table: str, expected: str) -> None:
    assert digest(getattr(carriers, table)) == expected


def test_the_phases_of_a_key_are_known(carriers: Layout) -> None:
    turns = np.angle(carriers.turn[:3]) / (2 * np.pi)
    np.testing.assert_allclose(turns, TURNS, atol=1e-6)


def test_waves_are_one_of_each_pair_from_coarse_to_fine(carriers: Layout) -> None:
    radius = np.hypot(*carriers.waves.T)
    assert len(carriers.waves) == 2440
    assert (np.diff(radius) >= 0).all()
    assert radius[0] >= 7
    assert radius[-1] <= 40
    either = {tuple(wave) for wave in carriers.waves} | {tuple(-wave) for wave in carriers.waves}
    assert len(either) == 2 * 2440


def test_every_coded_bit_is_borne_four_or_five_times_from_coarse_to_fine(carriers: Layout) -> None:
    assert set(np.bincount(carriers.bit, minlength=CODED)) == {4, 5}
    assert len(set(carriers.bit[:CODED])) == CODED


def test_three_tenths_of_the_waves_carry_only_the_key_at_every_fineness(carriers: Layout) -> None:
    assert len(carriers.sync) == 732
    assert not set(carriers.sync) & set(carriers.payload)
    assert np.diff(carriers.sync).max() <= 7


def test_another_key_has_other_phases_and_places(carriers: Layout) -> None:
    other = layout(bytes(32), CODED)
    assert not np.array_equal(other.sync, carriers.sync)
    likeness = abs((other.turn * carriers.unturn).mean())
    assert likeness < 0.1
