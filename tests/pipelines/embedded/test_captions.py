"""Captions: the labels are what the words say; training never sees the evaluator's captions."""

import re
from collections import Counter
from collections.abc import Iterable
from itertools import islice

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
from pipelines.embedded.world import (
    COLOURS,
    NATURAL_COLOURS,
    POSITIONS,
    SETTINGS,
    STYLES,
    SUBJECTS,
    WEATHERS,
    Scene,
    Thing,
    natural_settings,
)

Said = tuple[Scene, Caption]
CAT = Scene(7, (Thing("cat", "black"),), setting="snow", setting_colour=None, style="watercolour")
PAIR = (Thing("circle", "red"), Thing("square", "blue"))


@pytest.fixture(scope="module")
def captions() -> list[Said]:
    return [captioned(seed) for seed in range(20_000)]


def says(caption: Caption, english: Iterable[str], chinese: Iterable[str]) -> bool:
    """Whether any of these names is in the words; a {} in a name stands for a colour."""
    text = caption.text.lower()
    for name in english if caption.language == "en" else chinese:
        parts = [re.escape(part) for part in name.lower().removeprefix("在").split("{}")]
        if re.search(".*".join(parts), text):
            return True
    return False


def names_subject(caption: Caption, subject: str) -> bool:
    english, chinese = words.SUBJECT_EN[subject], words.SUBJECT_ZH[subject][1]
    if caption.said["count"] != "1":
        english = tuple(map(_stem, english))
    spread_out = [name.replace("close-up of a ", "close-up of a {}") for name in english]
    return says(caption, spread_out, chinese)


def _stem(name: str) -> str:
    """What a name and its plural begin with; words may stand between its parts."""
    beginning, _, rest = name.replace("man", "m{}n").partition(" in a {} ")
    parts = (beginning.removesuffix("tus").removesuffix("y"), rest)
    return "{}".join(parts).replace("cup of", "cup{}of")


def test_every_word_of_the_grammar_can_be_said_in_both_languages() -> None:
    assert set(words.SUBJECT_EN) == set(words.SUBJECT_ZH) == set(SUBJECTS)
    assert set(words.COLOUR_EN) == set(words.COLOUR_ZH) == set(COLOURS)
    assert set(words.SETTING_EN) == set(words.SETTING_ZH) == set(SETTINGS) - {"plain"}
    assert set(words.WEATHER_EN) == set(words.WEATHER_ZH) == set(WEATHERS) - {"clear"}
    assert set(words.POSITION_EN) == set(words.POSITION_ZH) == set(POSITIONS) - {"centre"}
    assert set(words.STYLE_EN) == set(words.STYLE_ZH) == set(STYLES)


@pytest.mark.parametrize(
    "table",
    [words.SUBJECT_EN, words.COLOUR_EN, words.SETTING_EN, words.WEATHER_EN, words.POSITION_EN,
     words.STYLE_EN],
    ids=["subjects", "colours", "settings", "weathers", "positions", "styles"],
)  # fmt: skip
def test_most_things_have_synonyms_and_all_are_used(
    table: dict[str, tuple[str, ...]], captions: list[Said]
) -> None:
    assert sum(len(set(names)) > 1 for names in table.values()) > 0.75 * len(table)
    spoken = "\n".join(caption.text.lower() for _, caption in captions)
    names = {name.lower() for names in table.values() for name in names}
    assert not [name for name in names if not re.search(name.replace("{}", "[a-z-]+"), spoken)]


def test_the_labels_say_what_the_scene_shows_or_nothing(captions: list[Said]) -> None:
    for scene, caption in captions:
        said = caption.said
        assert said["subject"] == scene.main.subject
        assert said["colour"] in {scene.main.colour, UNSAID}
        assert said["setting"] in {scene.setting, UNSAID}
        assert said["setting_colour"] in {scene.setting_colour, UNSAID}
        shown = (str(scene.count), scene.position, scene.weather, scene.style)
        assert (said["count"], said["position"], said["weather"], said["style"]) == shown


def test_the_subject_is_in_the_words(captions: list[Said]) -> None:
    for scene, caption in captions:
        assert all(names_subject(caption, thing.subject) for thing in scene.things), caption


def test_another_subject_is_not_in_the_words(captions: list[Said]) -> None:
    horses = [c for s, c in captions if s.main.subject == "horse" and not s.relation]
    assert len(horses) > 100
    others = ("bus", "owl", "penguin", "castle", "girl", "cup", "cactus", "cat_head")
    assert not [c for c in horses for other in others if names_subject(c, other)]


def test_a_said_colour_is_in_the_words(captions: list[Said]) -> None:
    for _, caption in captions:
        for name in ("colour", "other_colour"):
            colour = caption.said[name]
            if colour != UNSAID:
                assert says(caption, words.COLOUR_EN[colour], words.COLOUR_ZH[colour]), caption


def test_a_colour_that_is_not_said_is_not_in_the_words(captions: list[Said]) -> None:
    """But for grounds whose own names hold a colour."""
    coloured = {"plain", "meadow", "forest"}
    quiet = [c for s, c in captions if c.said["colour"] == UNSAID and s.setting not in coloured]
    assert len(quiet) > 500
    for caption in quiet:
        colours = [name for row in words.COLOUR_EN.values() for name in row]
        spoken = set(re.findall(r"[a-z-]+", caption.text.lower()))
        assert not spoken & set(colours), caption
        assert not re.search("[红橙黄绿蓝青紫粉棕褐黑白灰]色", caption.text), caption


def test_a_said_setting_is_in_the_words(captions: list[Said]) -> None:
    for _, caption in captions:
        setting, ground = caption.said["setting"], caption.said["setting_colour"]
        if setting == "plain":
            assert says(caption, [f"{ground} background", f"on {ground}"],
                        [f"{words.COLOUR_ZH[ground][0]}背景"]), caption  # fmt: skip
        elif setting != UNSAID:
            over = ["starry night over", "night sky over"] if setting == "night" else []
            places = [*words.SETTING_EN[setting], *over]
            assert says(caption, places, words.SETTING_ZH[setting]), caption


def test_weather_place_and_style_are_in_the_words(captions: list[Said]) -> None:
    for scene, caption in captions:
        if scene.weather != "clear":
            weather = words.WEATHER_EN[scene.weather], words.WEATHER_ZH[scene.weather]
            assert says(caption, *weather), caption
        if scene.position != "centre":
            place = words.POSITION_EN[scene.position], words.POSITION_ZH[scene.position]
            assert says(caption, *place), caption
        if scene.style != "flat":
            style = words.STYLE_EN[scene.style], words.STYLE_ZH[scene.style]
            assert says(caption, *style), caption


def test_how_many_there_are_is_in_the_words(captions: list[Said]) -> None:
    for scene, caption in captions:
        for count, number in words.NUMBERS_EN.items():
            chinese = words.NUMBERS_ZH[count] + words.SUBJECT_ZH[scene.main.subject][0]
            counted = bool(re.search(rf"\b{number}\b|{chinese}", caption.text.lower()))
            assert counted == (scene.count == count), caption


@pytest.mark.parametrize(
    ("subject", "one", "many"),
    [
        ("cat", "cat", "cats"),
        ("cactus", "cactus(?! plant)", "cacti"),
        ("butterfly", "butterfly", "butterflies"),
        ("horse", "pony", "ponies"),
        ("bus", "bus", "buses"),
        ("boy", "child", "children"),
        ("girl", "woman in a red dress", "women in red dresses"),
        ("cup", "cup of tea", "cups of tea"),
        ("fish", "goldfishes", "goldfish"),
    ],
)
def test_plurals_are_those_of_english(subject: str, one: str, many: str) -> None:
    spoken = islice(captions_of(Scene(1, (Thing(subject, "red"),), count=3), 0), 600)
    texts = [caption.text.lower() for caption in spoken if caption.language == "en"]
    reds = "(red|crimson|scarlet)"
    assert any(re.search(rf"\bthree\b.* {many.replace('red', reds)}\b", text) for text in texts)
    assert not any(re.search(rf"\bthree\b.* {one.replace('red', reds)}\b", t) for t in texts)


def test_attributes_come_in_any_order() -> None:
    spoken = list(islice(captions_of(CAT, 0), 600))
    for language, cat, snow, style in (
        ("en", "cat|kitten|kitty", "snow|winter", "watercolo"),
        ("zh", "猫", "雪|冬", "水彩"),
    ):
        orders = set()
        for text in (c.text.lower() for c in spoken if c.language == language):
            found = {name: re.search(name, text) for name in (cat, snow, style)}
            places = {name: match.start() for name, match in found.items() if match}
            orders.add(tuple(sorted(places, key=lambda name: places[name])))
        orders = {order for order in orders if len(order) == 3}
        assert len(orders) >= 4, orders


@pytest.mark.parametrize(
    ("relation", "english", "chinese"),
    [
        (
            "above",
            "R (above|on top of|over) .*B|B (below|under|beneath) .*R",
            "R在.*B的?上面|B在.*R的?下面",
        ),
        (
            "beside",
            "R (to the )?left of .*B|B (to the )?right of .*R|R on the left and .*B on the right",
            "R在.*B的?左边|B在.*R的?右边|左边是.*R，右边是.*B",
        ),
    ],
)
def test_of_two_things_the_labels_name_the_upper_or_left_one_first(
    relation: str, english: str, chinese: str
) -> None:
    round_names = "round shape|circle|ball|disc|圆形|圆圈|圆|球"
    square_names = "square|box|cube|正方形|方块|方形"
    for caption in islice(captions_of(Scene(1, PAIR, relation=relation), 0), 200):
        assert (caption.said["subject"], caption.said["other_subject"]) == ("circle", "square")
        assert (caption.said["colour"], caption.said["other_colour"]) == ("red", "blue")
        text = re.sub(square_names, "B", re.sub(round_names, "R", caption.text.lower()))
        assert re.search(english if caption.language == "en" else chinese, text), text


def test_what_a_caption_leaves_unsaid_is_as_people_expect_it(captions: list[Said]) -> None:
    unsaid = Counter[str]()
    for scene, caption in captions:
        if caption.said["colour"] == UNSAID and scene.main.colour:
            unsaid["colour"] += 1
            assert scene.main.colour in NATURAL_COLOURS[scene.main.subject]
        if caption.said["setting"] == UNSAID:
            unsaid["setting"] += 1
            expected = natural_settings(scene.main.subject)
            at_night = scene.main.subject == "city" and scene.setting == "night"
            assert scene.setting in expected or at_night
            assert scene.setting_colour in {None, "white"}
    assert min(unsaid.values()) > 500


def test_labels_index_the_values_of_every_attribute(captions: list[Said]) -> None:
    for _, caption in captions[:500]:
        values = [ATTRIBUTES[name][i] for name, i in zip(ATTRIBUTES, caption.labels, strict=True)]
        assert values == [caption.said[name] for name in ATTRIBUTES]


def test_the_empty_caption_says_one_thing_in_the_plain_way() -> None:
    said = nothing_said()
    assert set(said) == set(ATTRIBUTES)
    assert (said["subject"], said["colour"], said["setting"]) == (UNSAID, UNSAID, UNSAID)
    assert (said["count"], said["style"], said["weather"]) == ("1", "flat", "clear")
    assert {said["position"]} == {"centre"}


def test_a_scene_is_said_the_same_way_for_the_same_seed_and_in_many_ways_for_others() -> None:
    for seed in range(100):
        assert captioned(seed) == captioned(seed)
    assert len({captioned(7, variant=variant)[1].text for variant in range(50)}) > 40


def test_both_languages_are_spoken_and_never_mixed(captions: list[Said]) -> None:
    chinese = [caption.text for _, caption in captions if caption.language == "zh"]
    english = [caption.text for _, caption in captions if caption.language == "en"]
    assert 0.38 < len(chinese) / len(captions) < 0.42
    assert all(text.isascii() for text in english)
    assert not any(re.search("[a-zA-Z]", text) for text in chinese)


def test_training_never_says_what_the_evaluator_asks(captions: list[Said]) -> None:
    trained = {caption.text for _, caption in captions}
    asked = {captioned(seed, for_evaluation=True)[1].text for seed in range(4000)}
    assert not trained & asked
    assert not any(map(held_out, trained))
    assert all(map(held_out, asked))


def test_about_a_sixteenth_of_what_can_be_said_is_held_out() -> None:
    names = [name for row in words.SUBJECT_EN.values() for name in row]
    texts = {f"{n} {name}" for n in range(50) for name in names}
    assert 0.05 < sum(map(held_out, texts)) / len(texts) < 0.075
