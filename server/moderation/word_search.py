"""Finds many words in a text at once, in scripts with spaces between words and in those without.

A word is found where it stands by itself: `ass` in `kick-ass`, not in `class`. In scripts that do
not part words, as in Chinese, it is found wherever it is written. Time grows with the length of the
text alone, whatever the words. Pure; knows no rules.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

_SEPARATORS = re.compile(r"[\s_\-\u2010-\u2015\u2212]+")
_UNPARTED = re.compile(
    # Thai to Myanmar, Hangul, Khmer, then Han, kana and all that stands between them.
    r"[\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7ff"
    r"\uf900-\ufaff\U0001f200-\U0001f2ff\U00020000-\U0003ffff]"
)
"""Scripts that write no space between words, or glue particles to them."""
_UNSEEN = re.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
"""What Unicode calls letters and marks though nobody sees them: fillers, variation selectors.
Source: Unicode's DerivedCoreProperties.txt, Default_Ignorable_Code_Point, without category Cf."""
_ANY_END = "*"

Value = TypeVar("Value")


def normalise(text: str) -> str:
    """The text as it is compared: wide, styled and capital letters plain, invisible ones gone."""
    # First of all: an invisible character between a letter and its accent keeps them apart.
    seen = text.translate(dict.fromkeys(ord(char) for char in set(text) if _invisible(char)))
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold())
    return " ".join(folded.split())


def _invisible(char: str) -> bool:
    category = unicodedata.category(char)
    control = category == "Cc" and not char.isspace()
    return control or category == "Cf" or _UNSEEN.match(char) is not None


def loosened(normalised: str) -> str:
    """The same with one space for every dash, underscore and space between words."""
    return _SEPARATORS.sub(" ", normalised).strip()


@dataclass(slots=True)
class _Node(Generic[Value]):
    after: dict[str, "_Node[Value]"] = field(default_factory=dict)
    ends: list[tuple[bool, bool, Value]] = field(default_factory=list)
    """Words that end here: whether more may stand before and behind it, and what it means."""


@dataclass(frozen=True, slots=True)
class Found(Generic[Value]):
    """One place of one word in a loosened text."""

    start: int
    end: int
    value: Value


class WordSearch(Generic[Value]):
    """A set of words, each with a value. `*` at an end of a word: more letters may stand there."""

    def __init__(self, words: Iterable[tuple[str, Value]]) -> None:
        self._root: _Node[Value] = _Node()
        for word, value in words:
            self._add(word, value)
        letters = "|".join(map(re.escape, self._root.after))
        self._beginnings = re.compile(letters) if letters else None

    def find(self, text: str) -> Iterator[Found[Value]]:
        """Every place of every word, in the order of their beginnings.

        `text` is loosened.
        """
        if self._beginnings is None:
            return
        for beginning in self._beginnings.finditer(text):
            node, end = self._root, (start := beginning.start())
            while end < len(text) and (after := node.after.get(text[end])) is not None:
                node, end = after, end + 1
                for open_start, open_end, value in node.ends:
                    if (open_start or _parted(text, start)) and (open_end or _parted(text, end)):
                        yield Found(start, end, value)

    def _add(self, word: str, value: Value) -> None:
        node = self._root
        for char in loosened(normalise(word.strip(_ANY_END))):
            node = node.after.setdefault(char, _Node())
        node.ends.append((word.startswith(_ANY_END), word.endswith(_ANY_END), value))


def _parted(text: str, place: int) -> bool:
    """Whether a word may begin or end before this character."""
    if place in (0, len(text)):
        return True
    return not (_in_word(text[place - 1]) and _in_word(text[place]))


def _in_word(char: str) -> bool:
    """Whether it is a letter, digit or mark of a script with spaces between words."""
    written = char.isalnum() or unicodedata.category(char).startswith("M")
    return written and _UNPARTED.match(char) is None
