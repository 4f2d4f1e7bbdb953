"""Judges a picture from what its layers say: one of four answers, and why. Pure.

The rules stand in one place: own evidence (a mark under our keys, credentials of our root, a file
that is byte for byte the published one) outweighs claims, and what contradicts itself is a
conflict. Absence of every mark is never taken for a sign of anything.
Knows no file, no key and no database.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

Answer: TypeAlias = Literal[
    "ai_generated_by_this_server", "claims_ai_generated", "conflict", "no_mark_found"
]
Credentials: TypeAlias = Literal["trusted", "valid", "invalid", "absent"]
"""Signed by our root, by somebody else's, tampered with, not there."""
Likeness: TypeAlias = Literal["same", "unlike", "unknown"]
"""Whether the picture looks like the one that was published under its id."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the layers of one picture say, and what the registry knows of it."""

    mark: int | None = None
    """The id of the invisible mark, when its tag fits one of our keys."""
    credentials: Credentials = "absent"
    bound: frozenset[int] = frozenset()
    """The ids that the credentials bind, of this project's kind of mark."""
    said: frozenset[int] = frozenset()
    """The ids that the metadata says."""
    claimed: bool = False
    """Whether credentials or metadata of anybody say that the picture is generated."""
    published: int | None = None
    """The id under which the file was published byte for byte, if it was."""
    likeness: Likeness = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer, what it rests on, and what a script has to know."""

    answer: Answer
    reasons: tuple[str, ...]
    """Sentences for a person; the weightiest first."""
    id: int | None
    """The id that the answer is about; None where none is sure."""
    ids_agree: bool | None
    """Whether the layers name the same id; None where fewer than two name one."""
    tampered: bool
    """Whether something was changed after signing, or contradicts itself."""

    @property
    def exit_status(self) -> int:
        """0: verified; 1: no mark, or only a claim; 2: conflict, or tampered with."""
        if self.answer == "conflict" or self.tampered:
            return 2
        return 0 if self.answer == "ai_generated_by_this_server" else 1


def judge(evidence: Evidence) -> Verdict:
    """Weigh the evidence."""
    ids = _ids(evidence)
    agree = None if sum(map(len, ids)) < 2 else len(frozenset[int]().union(*ids)) == 1
    faults = tuple(_faults(evidence, agree))
    own = tuple(_own_evidence(evidence))
    tampered = bool(faults) or evidence.credentials == "invalid"
    if faults:
        return Verdict("conflict", (*faults, *own), _sure_id(evidence), agree, tampered)
    if own:
        reasons = (*own, *_remarks(evidence))
        return Verdict("ai_generated_by_this_server", reasons, _sure_id(evidence), agree, tampered)
    if evidence.credentials == "invalid":
        reasons = ("The content credentials do not fit the file: one of them was changed.",)
        return Verdict("conflict", reasons, None, agree, tampered)
    if evidence.claimed:
        reasons = (
            "It is said to be generated, but nothing in it proves that this server drew it.",
        )
        return Verdict("claims_ai_generated", reasons, _only(evidence), agree, tampered)
    reasons = ("Nothing was found. That does not mean that no AI made it.",)
    return Verdict("no_mark_found", reasons, None, agree, tampered)


def _ids(evidence: Evidence) -> tuple[frozenset[int], ...]:
    """What each layer names. A file that is known to the byte is a layer of its own."""
    single = (evidence.mark, evidence.published)
    alone = (frozenset[int]() if one is None else frozenset({one}) for one in single)
    return (*alone, evidence.bound, evidence.said)


def _faults(evidence: Evidence, agree: bool | None) -> Iterator[str]:
    if agree is False:
        yield "Its layers name different ids: a mark or a label comes from another picture."
    if evidence.likeness == "unlike":
        yield (
            "It does not look like the picture that was published under its id: "
            "the mark was copied, or the picture was changed beyond recognition."
        )


def _own_evidence(evidence: Evidence) -> Iterator[str]:
    if evidence.published is not None:
        yield "The file is byte for byte the one that this server published."
    if evidence.credentials == "trusted":
        yield "Its content credentials are intact, and signed by this server."
    if evidence.mark is not None:
        yield "Its invisible mark fits a key of this server."


def _remarks(evidence: Evidence) -> Iterator[str]:
    if evidence.credentials == "invalid":
        yield "The content credentials do not fit the file: it was changed after it was signed."


def _sure_id(evidence: Evidence) -> int | None:
    """By weight: a known file, what was sealed with it, the mark."""
    if evidence.published is not None:
        return evidence.published
    sealed = evidence.bound | evidence.said
    if evidence.credentials == "trusted" and len(sealed) == 1:
        return next(iter(sealed))
    return evidence.mark


def _only(evidence: Evidence) -> int | None:
    """The one id of unproven claims, for whoever wants to look it up."""
    named = evidence.bound | evidence.said
    return next(iter(named)) if len(named) == 1 else None
