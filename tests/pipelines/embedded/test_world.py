"""The scene grammar: how rich it is, that a seed is a scene, and what may be left unsaid of one."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace
from math import comb

import pytest

from pipelines.embedded.subjects import THINGS as DRAWN_THINGS
from pipelines.embedded.vistas import VISTAS as DRAWN_VISTAS
from pipelines.embedded.world import (
    ANIMALS,
    BUILDINGS,
    COLOURS,
    FOOD,
    HOUSEHOLD,
    MOST_COUNTED,
    NATURAL_COLOURS,
    OPEN_AIR,
    PEOPLE,
    PLANTS,
    POSITIONS,
    RELATIONS,
    SETTINGS,
    SHAPES,
    STYLES,
    SUBJECTS,
    THINGS,
    VEHICLES,
    VISTAS,
    WEATHERS,
    Scene,
    natural_settings,
    scene_from_seed,
)

WANTED_SCENES = 2_000_000


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return [scene_from_seed(seed) for seed in range(40_000)]


def spread(values: Iterable[Hashable]) -> float:
    """How many equally likely values would meet as often as two of these do."""
    counts = Counter(values)
    meetings = sum(comb(count, 2) for count in counts.values())
    return comb(counts.total(), 2) / max(1, meetings)


def test_forty_subjects_and_more_are_of_all_eight_groups() -> None:
    groups = (ANIMALS, PEOPLE, PLANTS, BUILDINGS, VEHICLES, FOOD, HOUSEHOLD, SHAPES)
    assert len(SUBJECTS) == len(set(SUBJECTS)) >= 40
    assert {*SUBJECTS} == {subject for group in (*groups, VISTAS) for subject in group}
    assert all(len(group) >= 3 for group in groups)
    assert {"chair", "sofa", "lamp"} <= set(HOUSEHOLD), "furniture"


def test_every_subject_can_be_drawn() -> None:
    assert set(DRAWN_THINGS) == {*SHAPES, *THINGS}
    assert set(DRAWN_VISTAS) == set(VISTAS)


def test_colours_settings_and_styles_are_as_many_as_promised() -> None:
    assert len(set(COLOURS)) >= 12
    assert len(set(SETTINGS)) >= 15
    assert {"sunset", "night", "snow", "autumn"} <= set(SETTINGS), "times of day and year"
    assert set(STYLES) >= {
        "flat", "watercolour", "pencil", "pixel", "neon", "ink", "impasto", "photo", "fisheye",
    }  # fmt: skip


def test_a_seed_is_always_the_same_scene(scenes: list[Scene]) -> None:
    assert [scene_from_seed(seed) for seed in range(500)] == scenes[:500]


@pytest.mark.parametrize(
    ("values", "of"),
    [
        (SUBJECTS, lambda scene: scene.main.subject),
        ((*COLOURS, None), lambda scene: scene.main.colour),
        (SETTINGS, lambda scene: scene.setting),
        ((*COLOURS, None), lambda scene: scene.setting_colour),
        (WEATHERS, lambda scene: scene.weather),
        (STYLES, lambda scene: scene.style),
        ((*RELATIONS, None), lambda scene: scene.relation),
        (POSITIONS, lambda scene: scene.position),
        (range(1, MOST_COUNTED + 1), lambda scene: scene.count),
    ],
    ids=[
        "subject", "colour", "setting", "ground", "weather", "style", "relation", "place", "count",
    ],
)  # fmt: skip
def test_every_word_of_the_grammar_occurs_and_no_other(
    values: Iterable[Hashable], of: Callable[[Scene], Hashable], scenes: list[Scene]
) -> None:
    drawn = Counter(map(of, scenes))
    assert set(drawn) == set(values)
    assert min(drawn.values()) > len(scenes) / 1000, drawn


def test_every_coloured_subject_comes_in_every_colour(scenes: list[Scene]) -> None:
    seen = {(scene.main.subject, scene.main.colour) for scene in scenes}
    missing = {(s, c) for s in (*SHAPES, *THINGS) for c in COLOURS} - seen
    assert not missing


def test_so_many_seeds_without_a_repetition_show_more_than_two_million_scenes(
    scenes: list[Scene],
) -> None:
    """Of two million, about 400 would have come twice."""
    assert len(set(scenes)) == len(scenes)
    few = [replace(scene, seed=scene.seed % 4) for scene in scenes]
    assert len(scenes) - len(set(few)) > 400, "the argument finds no small grammar out"


def test_what_two_things_show_is_of_more_than_two_million_kinds(scenes: list[Scene]) -> None:
    """Not counting where exactly they stand and how they are lit: the parts combine freely, but
    for a colour that is the ground's already, which takes less than a fifth."""
    pairs = [scene for scene in scenes if scene.relation and scene.main.subject in THINGS]
    first = [scene.things[0] for scene in pairs]
    second = [scene.things[1] for scene in pairs]
    around = [(s.relation, s.setting, s.setting_colour, s.style) for s in pairs]
    assert len({*first}) * len({*second}) * len({*around}) * 0.8 > WANTED_SCENES
    free = spread(first) * spread(second)
    assert spread(zip(first, second, strict=True)) > 0.5 * free
    assert spread(zip(first, around, strict=True)) > 0.5 * spread(first) * spread(around)
    assert spread(zip(first, first, strict=True)) < 0.1 * free, "bound parts look free"


def test_nothing_is_drawn_on_its_own_colour(scenes: list[Scene]) -> None:
    for scene in scenes:
        assert scene.setting_colour not in {thing.colour for thing in scene.things if thing.colour}


def test_only_a_plain_ground_has_a_colour(scenes: list[Scene]) -> None:
    assert all((s.setting == "plain") == (s.setting_colour is not None) for s in scenes)


def test_weather_is_in_the_open_air_only(scenes: list[Scene]) -> None:
    assert all(scene.setting in OPEN_AIR for scene in scenes if scene.weather != "clear")


def test_only_one_kind_of_thing_is_counted_and_only_one_thing_stands_aside(
    scenes: list[Scene],
) -> None:
    for scene in scenes:
        assert len(scene.things) == (2 if scene.relation else 1)
        assert scene.count == 1 or (scene.relation is None and scene.position == "centre")


def test_what_people_expect_of_a_thing_is_known_and_can_be_drawn() -> None:
    assert set(NATURAL_COLOURS) == {*SHAPES, *THINGS}
    assert {colour for natural in NATURAL_COLOURS.values() for colour in natural} <= set(COLOURS)
    assert all(set(natural_settings(subject)) <= set(SETTINGS) for subject in SUBJECTS)


def test_things_are_often_where_people_expect_them(scenes: list[Scene]) -> None:
    fish = Counter(s.setting for s in scenes if s.main.subject == "fish" and s.style != "neon")
    assert fish["underwater"] > 2 * fish["desert"] > 0
