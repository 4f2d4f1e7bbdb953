"""weights.toml: which weights an operator wants. `seedbed weights lock` resolves it to a lock.

Written by people: a repository, a commit, branch or tag, and patterns of the files to take.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pipelines.weights.errors import LockBroken
from pipelines.weights.names import (
    check_id,
    check_mirror,
    check_pattern,
    check_revision,
    repository_name,
)
from pipelines.weights.tables import Table, parse


@dataclass(frozen=True, slots=True)
class Wanted:
    """One [[weights]] table of weights.toml."""

    id: str
    repo: str
    revision: str
    """A commit, branch or tag."""
    profiles: tuple[str, ...]
    allow_patterns: tuple[str, ...]
    licence: str | None = None
    """Where the repository's card does not say it, or says it wrongly."""
    commercial_use: bool | None = None
    mirrors: tuple[str, ...] = ()
    """Other places with the same bytes."""

    @property
    def repository(self) -> str:
        """owner/name."""
        return repository_name(self.repo)


@dataclass(frozen=True, slots=True)
class Intent:
    """The whole file, and the sha256 of its bytes, by which a lock knows that it changed."""

    weights: tuple[Wanted, ...]
    sha256: str

    def get(self, name: str) -> Wanted:
        """Raises: LockBroken: naming the ids there are."""
        for wanted in self.weights:
            if wanted.id == name:
                return wanted
        known = ", ".join(wanted.id for wanted in self.weights) or "none"
        raise LockBroken(f"{name!r} is not in weights.toml; there are: {known}")


def read_intent(file: Path) -> Intent:
    """Raises: LockBroken, UnsafePath."""
    try:
        data = file.read_bytes()
        text = data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LockBroken(f"{file} cannot be read: {error}") from error
    return parse_intent(text, str(file))


def parse_intent(text: str, where: str = "weights.toml") -> Intent:
    """Raises: LockBroken, UnsafePath."""
    table = Table(parse(text, where), where)
    entries = table.take_or("weights", list, []) or []
    table.end()
    weights = tuple(_read(value, where) for value in entries)
    ids = [wanted.id for wanted in weights]
    if len(set(ids)) < len(ids):
        raise LockBroken(f"{where}: an id occurs twice")
    return Intent(weights, hashlib.sha256(text.encode()).hexdigest())


def _read(values: object, where: str) -> Wanted:
    table = Table(values, where)
    wanted_id = check_id(table.take("id", str), "id")
    table.where = f"{where}: {wanted_id}"
    wanted = Wanted(
        id=wanted_id,
        repo=table.take("repo", str),
        revision=check_revision(table.take("revision", str)),
        profiles=tuple(check_id(name, "profile") for name in table.take_texts("profiles")),
        allow_patterns=tuple(map(check_pattern, table.take_texts("allow-patterns"))),
        licence=table.take_or("license", str, None),
        commercial_use=table.take_or("commercial-use", bool, None),
        mirrors=tuple(map(check_mirror, table.take_texts("mirrors"))),
    )
    table.end()
    repository_name(wanted.repo)
    if not wanted.allow_patterns:
        raise LockBroken(f"{table.where}: allow-patterns must name at least one file")
    return wanted
