"""The file of rules: what it says, what is wrong with it, and which prompts meet it."""

import time
from pathlib import Path

import pytest

from server.moderation.word_rules import Level, Rule, RulesError, WordRules, read_rules

EXAMPLE = Path(__file__).parents[3] / "moderation.example.toml"
LONGEST_PROMPT = 32_000
"""Units: characters."""


def met(rules: WordRules, text: str, level: Level = "auto") -> list[str]:
    return [rule.id for rule in rules.met_by(text, level)]


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("a red fox in the snow", []),
        ("a PIPE-BOMB on a table", ["weapons"]),
        ("the explosive growth of a city", []),
        ("explosive growth and explosives", ["weapons"]),
        ("一个炸弹", ["weapons"]),
        ("炸弹人游戏", []),
        ("红色情人节的玫瑰", []),
        ("红色情人节和色情", ["nudity"]),
        ("visible with the naked eye", []),
        ("a car with licence plate AB-1234", ["licence-plates"]),
        ("a naked man with a pipe bomb", ["weapons", "nudity"]),
    ],
)
def test_the_example_means_what_it_says(text: str, rules: list[str]) -> None:
    assert met(read_rules(EXAMPLE), text) == rules


def test_a_rule_of_the_level_auto_is_left_out_at_low() -> None:
    rules = read_rules(EXAMPLE)
    assert rules.know_levels
    assert met(rules, "a naked man with a pipe bomb", "low") == ["weapons"]


def test_rules_for_both_levels_make_no_difference_between_them() -> None:
    assert not WordRules([Rule(id="a", category="a", words=("a",))]).know_levels


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("rules = ", "is not a TOML file"),
        ("", "rules: Field required"),
        ("rules = []", "there are no rules"),
        ('[[rules]]\nid = "a"\ncategory = "a"\n', "rules.1: a rule needs words or patterns"),
        ('[[rules]]\nid = "a"\nwords = ["a"]\n', "rules.1.category: Field required"),
        ('[[rules]]\nid = "A b"\ncategory = "a"\nwords = ["a"]\n', "rules.1.id: String should"),
        ('[[rules]]\nid = "a"\ncategory = "a"\nword = ["a"]\n', "rules.1.word: Extra inputs"),
        ('[[rules]]\nid = "a"\ncategory = "a"\nwords = ["a", "*"]\n', "rules.1.words.2: a word"),
        ('[[rules]]\nid = "a"\ncategory = "a"\nwords = ["a*b"]\n', "* may stand at the ends"),
        (f'[[rules]]\nid = "a"\ncategory = "a"\nwords = ["{"a" * 61}"]\n', "at most 60"),
        ('[[rules]]\nid = "a"\ncategory = "a"\npatterns = ["(a"]\n', "missing ): (a"),
        ('[[rules]]\nid = "a"\ncategory = "a"\npatterns = [""]\n', "rules.1.patterns.1"),
        ('[[rules]]\nid = "a"\ncategory = "a"\npatterns = ["gun|"]\n', "must ask for a character"),
        (
            '[[rules]]\nid = "a"\ncategory = "a"\npatterns = ["(gun)*"]\n',
            "must ask for a character",
        ),
        ('[[rules]]\nid = "a"\ncategory = "a"\nwords = ["a"]\nlevels = ["high"]\n', "levels.1"),
        ('[[rules]]\nid = "a"\ncategory = "a"\nwords = ["a"]\nlevels = []\n', "needs a level"),
        (2 * '[[rules]]\nid = "a"\ncategory = "a"\nwords = ["a"]\n', "rule is called a"),
    ],
)
def test_a_fault_of_the_file_is_named(tmp_path: Path, text: str, fault: str) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(text)
    with pytest.raises(RulesError, match=r"rules\.toml") as raised:
        read_rules(file)
    assert fault in str(raised.value)
    assert "\n" not in str(raised.value), "one fault, one line"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match=r"rules\.toml cannot be read: No such file"):
        read_rules(tmp_path / "rules.toml")


@pytest.mark.parametrize(
    "text",
    ["a" * LONGEST_PROMPT, "炸" * LONGEST_PROMPT, "a b " * (LONGEST_PROMPT // 4)],
)
def test_the_longest_prompt_takes_no_time_whatever_the_rules(text: str) -> None:
    """A pattern that takes Python's own engine for ever, and two thousand words."""
    words = tuple(f"{'a' * (number % 20)}b{number}" for number in range(1000))
    words += tuple(f"炸{chr(0x4E00 + number)}" for number in range(1000))
    rules = WordRules([Rule(id="a", category="a", words=words, patterns=("(a+)+$x", "(a|a)*c"))])
    began_s = time.monotonic()
    assert met(rules, text) == []
    assert time.monotonic() - began_s < 2
