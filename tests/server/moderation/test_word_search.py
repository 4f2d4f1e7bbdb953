"""Where words stand in a text, in scripts that part words and in those that do not."""

import pytest

from server.moderation.word_search import WordSearch, loosened, normalise


def found(text: str, *words: str) -> set[str]:
    """Which of these words the text has."""
    search = WordSearch((word, word) for word in words)
    return {place.value for place in search.find(loosened(normalise(text)))}


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("ass", "Kick-ASS, the film"),
        ("ass", "ass"),
        ("pipe bomb", "a Pipe_Bomb, please"),
        ("pipe bomb", "a pipe\n  bomb"),
        ("pipe-bomb", "a pipe bomb"),
        ("explosive*", "two explosives"),
        ("*bomb", "a photobomb"),
        ("straße", "eine STRASSE"),
        ("bomb", "ｂｏｍｂ"),
        ("bomb", "𝗯𝗼𝗺𝗯"),
        ("bomb", "bo\u200bmb"),
        ("bomb", "bo\ufe0fmb"),  # a variation selector
        ("bomb", "bo\u034fmb"),  # the joiner of graphemes
        ("bomb", "bo\u3164mb"),  # a filler that counts as a letter
        ("bomb", "bo\U000e0101mb"),
        ("bomb", "bo\x08mb"),
        ("café", "cafe\u200d\u0301"),
        ("炸弹", "炸\ufe00弹"),
        ("bomb", "画一个bomb吧"),
        ("炸弹", "画一个炸弹吧"),
        ("ナイフ", "大きなナイフを持つ"),
        ("ナイフ", "ﾅｲﾌ"),
        ("칼", "칼을 든 사람"),
        ("ระเบิด", "วาดระเบิดลูกหนึ่ง"),
    ],
)
def test_a_word_is_found_where_it_stands_by_itself(word: str, text: str) -> None:
    assert found(text, word) == {word}


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("ass", "a class in the grass"),
        ("ass", "assassin"),
        ("pipe bomb", "pipe bombing"),
        ("pipe bomb", "pipe, bomb"),
        ("explosive*", "an unexplosive thing"),
        ("cafe", "cafe\u0301"),
        ("ak47", "ak471"),
        ("情色", "红色情人节"),
        ("色情", "红色 情人节"),
        ("炸弹", "炸鸡和子弹"),
    ],
)
def test_a_part_of_another_word_is_not_that_word(word: str, text: str) -> None:
    assert found(text, word) == set()


def test_words_that_overlap_are_all_found() -> None:
    words = ("new york", "york city", "york", "纽约", "约克")
    assert found("New York City 纽约克", *words) == set(words)


def test_without_words_nothing_is_found() -> None:
    assert found("anything") == set()
