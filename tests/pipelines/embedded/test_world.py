"""The scene grammar: a seed is a scene, and what may stay unsaid is drawn as people expect it."""

from collections import Counter

from pipelines.embedded.captions import UNSAID, captioned
from pipelines.embedded.world import (
    COLOURS,
    GROUNDS,
    LENSES,
    NATURAL_COLOURS,
    NATURAL_GROUNDS,
    RELATIONS,
    SHAPES,
    STYLES,
    SUBJECTS,
    THINGS,
    scene_from_seed,
)

SCENES = [scene_from_seed(seed) for seed in range(3000)]


def test_a_seed_is_always_the_same_scene() -> None:
    assert [scene_from_seed(seed) for seed in range(200)] == SCENES[:200]


def test_different_seeds_are_different_scenes() -> None:
    assert len(set(SCENES)) == len(SCENES)


def test_every_word_of_the_grammar_occurs() -> None:
    assert {scene.main.subject for scene in SCENES} == set(SUBJECTS)
    assert {scene.main.colour for scene in SCENES} == {*COLOURS, None}
    assert {scene.ground for scene in SCENES} == set(GROUNDS)
    assert {scene.style for scene in SCENES} == set(STYLES)
    assert {scene.lens for scene in SCENES} == set(LENSES)
    assert {scene.relation for scene in SCENES} == {*RELATIONS, None}
    assert {scene.count for scene in SCENES} == {1, 2, 3}


def test_every_coloured_subject_has_a_natural_colour() -> None:
    assert set(NATURAL_COLOURS) == {*SHAPES, *THINGS}


def test_a_subject_is_never_drawn_on_its_own_colour() -> None:
    for scene in SCENES:
        assert all(thing.colour != scene.ground_colour for thing in scene.things if thing.colour)


def test_what_a_caption_leaves_unsaid_is_natural() -> None:
    unsaid = Counter[str]()
    for seed in range(3000):
        scene, caption = captioned(seed)
        if caption.said["colour"] == UNSAID and scene.main.colour:
            unsaid["colour"] += 1
            assert scene.main.colour in NATURAL_COLOURS[scene.main.subject]
        if caption.said["ground"] == UNSAID:
            unsaid["ground"] += 1
            assert scene.ground in (*NATURAL_GROUNDS, "night")
            assert scene.ground != "night" or scene.main.subject == "city"
    assert min(unsaid.values()) > 50
