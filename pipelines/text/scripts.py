"""In which script a text is written, and what stands in quotation marks in it. Pure."""

import re
import unicodedata
from collections import Counter

_EAST_ASIAN = ("CJK", "HIRAGANA", "KATAKANA")
"""What Chinese and Japanese are written in."""
_LETTERS_OF_A_SIGN = 4
"""One of their signs says about as much as so many letters of an alphabet."""
EAST_ASIAN = "CJK"

_QUOTED = re.compile(r"\"([^\"]+)\"|“([^”]+)”|「([^」]+)」|『([^』]+)』|《([^》]+)》")


def script(text: str) -> str:
    """The script of most of a text: LATIN, CJK, CYRILLIC, ...; empty where there is no letter."""
    counted: Counter[str] = Counter()
    for char in filter(str.isalpha, text):
        name = unicodedata.name(char, "").split(" ")[0].split("-")[0]
        if name in _EAST_ASIAN:
            counted[EAST_ASIAN] += _LETTERS_OF_A_SIGN
        elif name:
            counted[name] += 1
    return max(sorted(counted), key=lambda name: counted[name], default="")


def quoted(text: str) -> tuple[str, ...]:
    """What stands between quotation marks, in order."""
    return tuple("".join(found).strip() for found in _QUOTED.findall(text))


def without_quotes(text: str) -> str:
    """A text without what stands between quotation marks."""
    return _QUOTED.sub(" ", text)
