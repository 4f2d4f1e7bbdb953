"""Reads a Dockerfile: stages, and their instructions with flags and words. Runs nothing."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Instruction:
    """One instruction, its continued lines joined."""

    name: str
    flags: tuple[str, ...]
    text: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.text)

    @property
    def exec_form(self) -> Any:
        """The list of an instruction in exec form; None when a shell would read it."""
        found = re.search(r"\[.*\]$", self.text)
        return json.loads(found[0]) if found else None


@dataclass
class Stage:
    """A FROM and what follows it."""

    base: str
    name: str
    instructions: list[Instruction] = field(default_factory=list)

    def all(self, name: str) -> list[Instruction]:
        return [one for one in self.instructions if one.name == name]

    def only(self, name: str) -> Instruction:
        (one,) = self.all(name)
        return one

    @property
    def environment(self) -> dict[str, str]:
        pairs = (word.partition("=") for one in self.all("ENV") for word in one.words)
        return {name: value for name, _, value in pairs}


@dataclass
class Dockerfile:
    """Its arguments before the first stage, and its stages in order."""

    arguments: dict[str, str | None]
    stages: dict[str, Stage]


def read(path: Path) -> Dockerfile:
    file = Dockerfile({}, {})
    stage: Stage | None = None
    for one in _instructions(path.read_text()):
        if one.name == "FROM":
            base, _, name = one.words
            stage = file.stages[name] = Stage(base, name)
        elif stage is not None:
            stage.instructions.append(one)
        else:
            name, equals, default = one.text.partition("=")
            file.arguments[name] = default if equals else None
    return file


def _instructions(text: str) -> Iterator[Instruction]:
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for line in lines.replace("\\\n", " ").splitlines():
        if not line.strip():
            continue
        name, _, rest = line.strip().partition(" ")
        flags = []
        while flag := re.match(r"\s*(--[a-z]+=\S+)\s+", rest):
            flags.append(flag[1])
            rest = rest[flag.end() :]
        yield Instruction(name, tuple(flags), rest.strip())
