"""Captions: the labels are what the words say; training never sees the evaluator's captions."""

import re

import pytest

from pipelines.embedded import lexicon as words
from pipelines.embedded.captions import (
    ATTRIBUTES,
    UNSAID,
    Caption,
    captioned,
    captions_of,
    held_out,
    nothing_said,
)
from pipelines.embedded.dataset import PICTURE_SEEDS
from pipelines.embedded.evaluate import CAPTION_SEEDS, one_subject_captions
from pipelines.embedded.world import Scene, Thing

CAPTIONS = [captioned(seed)[1] for seed in range(3000)]


def spoken(caption: Caption, english: tuple[str, ...], chinese: tuple[str, ...]) -> bool:
    said = caption.text.lower()
    return any(word in said for word in (english if caption.language == "en" else chinese))


def test_a_said_colour_is_in_the_words_and_an_unsaid_one_is_not() -> None:
    for caption in CAPTIONS:
        colour = caption.said["colour"]
        if colour != UNSAID:
            assert spoken(caption, words.COLOUR_EN[colour], words.COLOUR_ZH[colour]), caption


def test_a_said_ground_is_in_the_words() -> None:
    for caption in CAPTIONS:
        ground = caption.said["ground"]
        if ground not in {UNSAID, "plain"}:
            over = ("starry night over", "night sky over") if ground == "night" else ()
            places = tuple(word.removeprefix("在") for word in words.GROUND_ZH[ground])
            assert spoken(caption, words.GROUND_EN[ground] + over, places), caption
        if ground == "plain":
            colour = caption.said["ground_colour"]
            assert spoken(caption, (colour,), (words.COLOUR_ZH[colour][0],)), caption


def test_a_said_style_and_lens_are_in_the_words() -> None:
    for caption in CAPTIONS:
        style = caption.said["style"]
        if style != "flat":
            names = tuple(name.lower() for name in words.STYLE_EN[style])
            assert spoken(caption, names, words.STYLE_ZH[style]), caption
        if caption.said["lens"] == "fisheye":
            assert spoken(caption, words.FISHEYE_EN, words.FISHEYE_ZH), caption


@pytest.mark.parametrize(
    ("relation", "patterns"),
    [
        ("vertical", ("red circle (above|on top of|over) ", "blue square (below|under|beneath) ")),
        ("horizontal", ("red circle (to the )?left of ", "blue square (to the )?right of ")),
        ("nested", ("red circle (inside|in|within) ", "blue square (around|containing|surr)")),
    ],
)
def test_of_two_things_the_labels_name_the_upper_left_or_inner_first(
    relation: str, patterns: tuple[str, str]
) -> None:
    scene = Scene(1, (Thing("circle", "red"), Thing("square", "blue")), relation=relation)
    stream = captions_of(scene, 0)
    plain = {"crimson": "red", "scarlet": "red", "azure": "blue", "box": "square", "cube": "square",
             "ball": "circle", "disc": "circle", "round shape": "circle"}  # fmt: skip
    for caption in (next(stream) for _ in range(60)):
        assert caption.said["subject"] == "circle"
        assert caption.said["other_colour"] == "blue"
        text = caption.text.lower()
        for word, plain_word in plain.items():
            text = text.replace(word, plain_word)
        assert caption.language == "zh" or any(re.search(p, text) for p in patterns), text


def test_labels_index_the_values_of_every_attribute() -> None:
    for caption in CAPTIONS[:200]:
        values = [ATTRIBUTES[name][i] for name, i in zip(ATTRIBUTES, caption.labels, strict=True)]
        assert values == [caption.said[name] for name in ATTRIBUTES]
    assert nothing_said()["subject"] == UNSAID


def test_a_scene_is_said_the_same_way_for_the_same_seed_and_in_many_ways_for_others() -> None:
    assert captioned(7) == captioned(7)
    assert len({captioned(7, variant=variant)[1].text for variant in range(20)}) > 10


def test_both_languages_are_spoken() -> None:
    chinese = sum(caption.language == "zh" for caption in CAPTIONS) / len(CAPTIONS)
    assert 0.3 < chinese < 0.4


def test_training_never_says_what_the_evaluator_asks() -> None:
    seeds = range(PICTURE_SEEDS, PICTURE_SEEDS + 1000)
    assert not any(held_out(captioned(seed)[1].text) for seed in seeds)
    asked = one_subject_captions(CAPTION_SEEDS, 100)
    assert all(held_out(caption.text) for _, caption in asked)
    assert all(scene.relation is None and scene.count == 1 for scene, _ in asked)
