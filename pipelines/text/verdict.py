"""Reads what a classifier of the Qwen3Guard-Gen kind wrote about a prompt, strictly. Pure.

Two lines and nothing else; whatever is not exactly that is no verdict.

Source: the model card of Qwen/Qwen3Guard-Gen-0.6B.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

from pipelines.types import Strictness

Safety: TypeAlias = Literal["Safe", "Controversial", "Unsafe"]

CATEGORIES: Mapping[str, str] = MappingProxyType(
    {
        "Violent": "violence",
        "Non-violent Illegal Acts": "illicit",
        "Sexual Content or Sexual Acts": "sexual",
        "PII": "personal-data",
        "Suicide & Self-Harm": "self-harm",
        "Unethical Acts": "unethical",
        "Politically Sensitive Topics": "political",
        "Copyright Violation": "copyright",
        "Jailbreak": "jailbreak",
    }
)
"""The model's name of a category -> what a caller is told, in the API's words where it has one."""
_NONE = "None"
_VERDICT = re.compile(r"Safety: (Safe|Controversial|Unsafe)\s*\n\s*Categories: ([^\n]+)")


class NoVerdict(Exception):
    """What was written is not of the form that was agreed on."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a classifier thinks of a prompt."""

    safety: Safety
    categories: tuple[str, ...]

    def refuses(self, strictness: Strictness, allowed: frozenset[str]) -> bool:
        """Whether it shall not be drawn: controversial things may be for who asked for `low`.

        `allowed` are categories that this site draws all the same.
        """
        if self.safety == "Safe" or (self.safety == "Controversial" and strictness == "low"):
            return False
        return not self.categories or not set(self.categories) <= allowed


def read_verdict(written: str) -> Verdict:
    """Raises: NoVerdict."""
    found = _VERDICT.fullmatch(written.strip())
    if found is None:
        raise NoVerdict("it did not write a line of safety and a line of categories")
    safety, names = found[1], [name.strip() for name in found[2].split(",")]
    if names == [_NONE]:
        names = []
    if unknown := [name for name in names if name not in CATEGORIES]:
        raise NoVerdict(f"it wrote {len(unknown)} categories that are not known")
    if safety == "Safe" and names:
        raise NoVerdict("it called a prompt safe and named what is wrong with it")
    categories = tuple(dict.fromkeys(CATEGORIES[name] for name in names))
    return Verdict(_SAFETY[safety], categories)


_SAFETY: Mapping[str, Safety] = MappingProxyType(
    {"Safe": "Safe", "Controversial": "Controversial", "Unsafe": "Unsafe"}
)
