"""How many pictures a prompt asks for, when a call leaves that to the prompt. Pure.

The vendor's model decides this by understanding; here it is read from plain words, in English and
Chinese: a number of pictures ("three pictures of", "4张"), the last of listed ones ("第三张"), or a
word for a group without a number ("a series of", "一组"). Everything else is one picture.
"""

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

LARGEST_GROUP = 15
"""References and drawn pictures together, as published."""
_UNSAID = 4
"""How many a group has when neither its prompt nor its call says a number."""

_ENGLISH_WORDS = (
    *("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen"),
)
_ENGLISH: Mapping[str, int] = MappingProxyType(
    {word: number for number, word in enumerate(_ENGLISH_WORDS, start=1)}
    | {"a single": 1, "a couple of": 2, "a pair of": 2, "a dozen": 12}
)
_CHINESE: Mapping[str, int] = MappingProxyType(
    {digit: number for number, digit in enumerate("一二三四五六七八九", start=1)} | {"两": 2}
)
_PICTURE = r"(?:picture|image|photo|photograph|illustration|drawing|painting)"
_PICTURES = (
    r"(?:pictures|images|photos|photographs|illustrations|drawings|paintings|pics|variations|"
    r"versions|scenes|shots)"
)
_WORDS = r"(?:[\w-]{1,20} ){0,2}?"
"""Between a number and what it counts; bounded, because callers write the text."""
_ENGLISH_NUMBER = rf"\b(\d{{1,3}}|{'|'.join(sorted(_ENGLISH, key=len, reverse=True))})"
_COUNTED = re.compile(rf"{_ENGLISH_NUMBER}(?:[ -]{_WORDS}{_PICTURES}|-{_PICTURE})\b", re.ASCII)
_ONE = re.compile(
    rf"\b(?:one|1|a single) {_WORDS}{_PICTURE}\b|\bcollage\b|\bmontage\b|拼图|拼贴|宫格",
    re.ASCII,
)
"""Many in one: a collage of nine photos is a picture."""
_MANY = r"\b(?:set|series|group|sequence|collection) of "
_GROUP_OF = re.compile(
    rf"{_MANY}{_ENGLISH_NUMBER} {_WORDS}(?:{_PICTURES}|stickers|posters|postcards|wallpapers|"
    r"avatars|icons|emojis|logos|covers)\b",
    re.ASCII,
)
_CHINESE_NUMBER = r"(\d{1,3}|[一二两三四五六七八九十]{1,3})"
_NOT_A_SHEET = r"(?!.{0,2}[桌椅床纸脸嘴网票弓])"
"""The measure word for pictures counts tables, chairs, beds, faces and tickets as well."""
_COUNTED_ZH = re.compile(rf"(?<!第){_CHINESE_NUMBER} ?(?:张|幅){_NOT_A_SHEET}")
_LISTED_ZH = re.compile(rf"第{_CHINESE_NUMBER} ?(?:张|幅){_NOT_A_SHEET}")
_GROUP = re.compile(
    rf"{_MANY}{_WORDS}{_PICTURES}\b|\bstoryboard\b|"
    r"组图|图组|一组|一套|一系列|系列图|系列插画|连环画|分镜",
    re.ASCII,
)


def group_size(prompt: str, most: int | None, references: int = 0) -> int:
    """Return how many pictures are drawn: at least one, and no more than the call allows.

    `most` is what the caller allows, None when they left it open; the group and the references it
    begins from are never more than `LARGEST_GROUP` together.
    """
    text = " ".join(unicodedata.normalize("NFKC", prompt).lower().split())
    asked = _asked_for(text)
    if asked is None:
        asked = (most or _UNSAID) if _GROUP.search(text) else 1
    return max(1, min(asked, most or LARGEST_GROUP, LARGEST_GROUP - references))


def _asked_for(text: str) -> int | None:
    """The number of pictures that the words say, None when they say none."""
    if _ONE.search(text):
        return 1
    if listed := [_number(word) for word in _LISTED_ZH.findall(text)]:
        return max(listed)
    found = (_GROUP_OF.search(text), _COUNTED.search(text), _COUNTED_ZH.search(text))
    return next((_number(match[1]) for match in found if match), None)


def _number(word: str) -> int:
    """Read 12, twelve or 十二."""
    if word.isdecimal():
        return int(word)
    if word in _ENGLISH:
        return _ENGLISH[word]
    tens, ten, ones = word.rpartition("十")
    if not ten:
        return _CHINESE.get(word, 1)
    return 10 * _CHINESE.get(tens, 1) + _CHINESE.get(ones, 0)
