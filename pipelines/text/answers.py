"""Whether what a language model wrote may be drawn in place of the caller's own words. Pure.

The failure of every doubt is "not used": the caller's words are drawn then, and the answer says so.
"""

import re

from pipelines.text.scripts import EAST_ASIAN, quoted, script, without_quotes

_MOST_CHARACTERS = 1600
_THOUGHTS = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_TAGS = re.compile(r"</?prompt>", re.IGNORECASE)
_AROUND = "\"'`*“”"
_REFUSALS = re.compile(
    r"(?:i['’]?m sorry|i am sorry|sorry|i can(?:no|['’])t|i am unable|i['’]?m unable|"
    r"as an ai|i apologi[sz]e|抱歉|很抱歉|对不起|我无法|我不能|作为一个)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]{3,}")
_STEM = 4
"""Letters of a word that are compared: cat meets cats, run meets running."""


class Unusable(Exception):
    """Why an answer is not drawn, as a word for the header of the answer."""


def usable(said: str, written: str) -> str:
    """The new prompt, brought to one line.

    Raises: Unusable: it is empty, too long, a refusal, in another script, or about something else.
    """
    said, prompt = _bare(said), _bare(written)
    if not any(char.isalnum() for char in prompt):
        raise Unusable("empty")
    if len(prompt) > _MOST_CHARACTERS:
        raise Unusable("too-long")
    if _REFUSALS.match(prompt) and not _REFUSALS.match(said):
        raise Unusable("refused")
    if any(text not in prompt for text in quoted(said)):
        raise Unusable("quotation-lost")
    if _foreign(said, prompt):
        raise Unusable("other-language")
    if not _about_the_same(said, prompt):
        raise Unusable("unrelated")
    return prompt


def _bare(written: str) -> str:
    """Without thoughts, title, tags, marks around it, line breaks and invisible signs."""
    lines = [line.strip() for line in _TAGS.sub("", _THOUGHTS.sub("", written)).splitlines()]
    lines = [line for line in lines if line]
    if len(lines) > 1 and lines[0].endswith((":", "：")):
        del lines[0]
    text = " ".join(" ".join(lines).split())
    text = "".join(char for char in text if char.isprintable())
    if len(text) > 1 and text[0] in _AROUND and text[-1] in _AROUND and not quoted(text[1:-1]):
        text = text.strip(_AROUND).strip()
    return text


def _foreign(said: str, prompt: str) -> bool:
    """Whether the words outside of quotation marks are in another script."""
    wanted = script(without_quotes(said)) or script(said)
    return bool(wanted) and script(without_quotes(prompt)) != wanted


def _about_the_same(said: str, prompt: str) -> bool:
    """Whether any of the caller's words has come through."""
    if script(said) == EAST_ASIAN:
        signs = {char for char in said if char.isalpha()}
        return not signs or len(signs & set(prompt)) * 3 >= len(signs)
    stems = _stems(said)
    return not stems or bool(stems & _stems(prompt))


def _stems(text: str) -> set[str]:
    return {word[:_STEM] for word in _WORD.findall(text.casefold())}
