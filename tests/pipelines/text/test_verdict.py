"""What counts as a verdict, and what it refuses."""

import pytest

from pipelines.text.verdict import CATEGORIES, NoVerdict, Verdict, read_verdict

NOTHING: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("written", "verdict"),
    [
        ("Safety: Safe\nCategories: None", Verdict("Safe", ())),
        ("\nSafety: Unsafe\nCategories: Violent\n", Verdict("Unsafe", ("violence",))),
        (
            "Safety: Unsafe\n\nCategories: PII, Violent",
            Verdict("Unsafe", ("personal-data", "violence")),
        ),
        ("Safety: Unsafe\nCategories: None", Verdict("Unsafe", ())),
        (
            "Safety: Controversial\nCategories: Non-violent Illegal Acts",
            Verdict("Controversial", ("illicit",)),
        ),
    ],
)
def test_two_lines_are_a_verdict(written: str, verdict: Verdict) -> None:
    assert read_verdict(written) == verdict


@pytest.mark.parametrize(
    "written",
    [
        "",
        "Safe",
        "Safety: Safe",
        "safety: safe\ncategories: none",
        "Safety: Safe\nCategories:",
        "Safety: Safe\nCategories: Violent",
        "Safety: Safe\nCategories: None, Violent",
        "Safety: Maybe\nCategories: None",
        "Safety: Unsafe\nCategories: Rudeness",
        "I think: Safety: Safe\nCategories: None",
        "Safety: Safe\nCategories: None\nSafety: Unsafe\nCategories: Violent",
    ],
)
def test_anything_else_is_none(written: str) -> None:
    with pytest.raises(NoVerdict):
        read_verdict(written)


def test_every_category_has_a_word_of_its_own() -> None:
    assert len(set(CATEGORIES.values())) == len(CATEGORIES)


def test_low_lets_controversial_things_through_and_unsafe_ones_never() -> None:
    controversial, unsafe = (
        Verdict("Controversial", ("political",)),
        Verdict("Unsafe", ("illicit",)),
    )
    assert controversial.refuses("auto", NOTHING)
    assert not controversial.refuses("low", NOTHING)
    assert unsafe.refuses("auto", NOTHING)
    assert unsafe.refuses("low", NOTHING)
    assert not Verdict("Safe", ()).refuses("auto", NOTHING)


def test_a_site_may_draw_some_categories_but_not_what_is_also_another() -> None:
    allowed = frozenset({"political", "copyright"})
    assert not Verdict("Unsafe", ("copyright", "political")).refuses("auto", allowed)
    assert Verdict("Unsafe", ("copyright", "violence")).refuses("auto", allowed)
    assert Verdict("Unsafe", ()).refuses("auto", allowed)
