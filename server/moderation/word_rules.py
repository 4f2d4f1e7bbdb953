"""A site's own rules about prompts: a file of words and patterns, and which of them a prompt meets.

What becomes of such a prompt is `server.moderation.policy`'s business. The format is described in
docs/moderation.md; `moderation.example.toml` is one. Patterns are RE2's, whose time grows with the
text alone: no pattern can be written that hangs the server.
"""

import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import re2
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from server.moderation.word_search import Found, WordSearch, loosened, normalise
from server.terminal import CommandError

Level: TypeAlias = Literal["auto", "low"]
"""How strictly a caller wants to be moderated."""

_LONGEST_WORD = 60
_Name: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_./-]{0,63}$")]


class RulesError(CommandError):
    """What is wrong with a file of rules, one line per fault."""


def _check_word(word: str) -> str:
    bare = loosened(normalise(word.strip("*")))
    if not any(char.isalnum() for char in bare):
        raise ValueError("a word must have a letter or a digit")
    if len(bare) > _LONGEST_WORD:
        raise ValueError(f"a word must have at most {_LONGEST_WORD} characters")
    if "*" in bare:
        raise ValueError("* may stand at the ends of a word only")
    return word


def _check_pattern(pattern: str) -> str:
    try:
        compiled = _compile(pattern)
    except re2.error as error:
        text = error.args[0]
        raise ValueError(text.decode() if isinstance(text, bytes) else str(text)) from None
    if compiled.search("") is not None:
        raise ValueError(f"{pattern!r} is met by an empty text: it must ask for a character")
    return pattern


def _compile(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False  # what it is compared with has no capitals
    return re2.compile(pattern, options)


_Word: TypeAlias = Annotated[str, AfterValidator(_check_word)]
_Pattern: TypeAlias = Annotated[str, Field(min_length=1), AfterValidator(_check_pattern)]


class Rule(BaseModel):
    """One `[[rules]]` table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: _Name
    category: _Name
    """What a caller who is refused is told."""
    words: tuple[_Word, ...] = ()
    unless: tuple[_Word, ...] = ()
    """Longer words and phrases: a word that is a part of one of these is not meant."""
    patterns: tuple[_Pattern, ...] = ()
    action: Literal["refuse", "log"] = "refuse"
    levels: tuple[Level, ...] = ("auto", "low")

    @model_validator(mode="after")
    def _can_be_met(self) -> "Rule":
        if not self.words and not self.patterns:
            raise ValueError("a rule needs words or patterns")
        if not self.levels:
            raise ValueError("a rule needs a level: auto, low or both")
        return self


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: tuple[Rule, ...]

    @model_validator(mode="after")
    def _names_differ(self) -> "_File":
        if not self.rules:
            raise ValueError("there are no rules; to refuse nothing, leave the setting out")
        names = [rule.id for rule in self.rules]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"more than one rule is called {', '.join(twice)}")
        return self


class WordRules:
    """Rules, ready to be asked about prompts."""

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        self.rules = tuple(rules)
        self._meant = WordSearch((word, rule.id) for rule in rules for word in rule.words)
        self._harmless = WordSearch((word, rule.id) for rule in rules for word in rule.unless)
        self._patterns = [(rule.id, _compile(text)) for rule in rules for text in rule.patterns]

    @property
    def know_levels(self) -> bool:
        """Whether it makes a difference how strictly a caller wants to be moderated."""
        return any(set(rule.levels) != {"auto", "low"} for rule in self.rules)

    def met_by(self, text: str, level: Level) -> tuple[Rule, ...]:
        """The rules of this level that a text meets, in the order of the file."""
        if not self.rules:
            return ()
        plain = normalise(text)
        met = {name for name, pattern in self._patterns if pattern.search(plain)}
        met |= set(self._met_words(loosened(plain)))
        return tuple(rule for rule in self.rules if rule.id in met and level in rule.levels)

    def _met_words(self, text: str) -> Iterator[str]:
        """Rules of which a word stands here outside of a harmless one."""
        harmless = [*self._harmless.find(text)]
        covered: dict[str, int] = {}
        """Rule -> how far the harmless words that began so far reach."""
        next_harmless = 0
        for found in self._meant.find(text):
            while next_harmless < len(harmless) and harmless[next_harmless].start <= found.start:
                _cover(covered, harmless[next_harmless])
                next_harmless += 1
            if found.end > covered.get(found.value, 0):
                yield found.value


def _cover(covered: dict[str, int], harmless: Found[str]) -> None:
    covered[harmless.value] = max(harmless.end, covered.get(harmless.value, 0))


def read_rules(path: Path) -> WordRules:
    """Read a file of rules. Raises: RulesError."""
    try:
        return WordRules(_File.model_validate(tomllib.loads(path.read_text("utf-8"))).rules)
    except OSError as error:
        raise RulesError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RulesError(f"{path} is not a TOML file: {error}") from error
    except ValidationError as error:
        raise RulesError("\n".join(_faults(path, error))) from error


def _faults(path: Path, error: ValidationError) -> Iterator[str]:
    for fault in error.errors(include_url=False, include_input=False):
        where = ".".join(str(part + 1 if isinstance(part, int) else part) for part in fault["loc"])
        yield f"{path}: {where + ': ' if where else ''}{fault['msg'].removeprefix('Value error, ')}"
