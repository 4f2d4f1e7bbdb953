"""The evaluation's arithmetic: shares, their uncertainty, and which reader decides a goal."""

from typing import Any

import numpy as np
import pytest

from pipelines.embedded.figures import (
    FIGURES,
    GOALS,
    PIXEL_FIGURES,
    Gap,
    Share,
    Verdicts,
    adherence,
    everything_of,
    fall,
    figures,
    goals,
    share,
)

ALL = np.ones(4, bool)


def verdicts(**some: list[Any]) -> Verdicts:
    """Four pictures of which nothing was said but this; `_` stands for a space."""
    names = [n for table in (FIGURES, PIXEL_FIGURES) for pooled in table.values() for n in pooled]
    said = {name.replace("_", " "): values for name, values in some.items()}
    return {name: np.array(said.get(name, [np.nan] * 4), float) for name in names}


def test_a_share_has_wilsons_interval() -> None:
    low, high = Share(8, 10).interval
    assert (round(low, 4), round(high, 4)) == (0.4902, 0.9433)
    assert Share(10, 10).interval[0] == pytest.approx(0.7225, abs=1e-4)
    assert np.isnan(Share(0, 0).value)


def test_a_gap_has_newcombes_interval() -> None:
    """The example of Newcombe's paper: 56 of 70 and 48 of 80."""
    low, high = Gap(Share(56, 70), Share(48, 80)).interval
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)


def test_things_that_were_not_said_count_for_nothing() -> None:
    found = verdicts(subject=[1, 0, np.nan, 1], second_subject=[np.nan, 1, np.nan, np.nan])
    assert share(found, FIGURES["subject"], ALL) == Share(3, 4)
    assert adherence(found, ALL) == Share(3, 4)
    assert everything_of(found)["all"].tolist() == [1, 0, 1, 1]


def test_the_reader_that_knows_true_renders_better_decides_a_goal() -> None:
    drawn = verdicts(colour=[1, 1, 1, 1], colour_in_pixels=[1, 0, 0, 0])
    for better, met in (("colour", True), ("colour in pixels", False)):
        true = verdicts(colour=[1, 1, 0, 0], colour_in_pixels=[1, 1, 0, 0])
        true[better] = np.ones(4)
        decided = {goal.name: goal for goal in goals(figures(drawn, true, {"all": ALL}))}
        assert list(decided) == list(GOALS)
        assert decided["colour"].met is met


def test_groups_are_counted_apart() -> None:
    found = verdicts(style=[1, 1, 0, 0])
    groups = {"all": ALL, "English": np.array([True, True, False, False])}
    style = next(f for f in figures(found, found, groups) if f.name == "style")
    assert (style.share, style.groups["English"]) == (Share(2, 4), Share(2, 2))


def test_a_fall_and_its_error_come_from_the_same_pictures() -> None:
    before, after = verdicts(colour=[1, 1, 1, 0]), verdicts(colour=[1, 0, 1, 0])
    fallen, error = fall(before, after)
    assert fallen == 0.25
    assert error == pytest.approx(np.sqrt(0.75) / 4)
    assert fall(before, before) == (0.0, 0.0)
    assert fall(after, before)[0] == -0.25
