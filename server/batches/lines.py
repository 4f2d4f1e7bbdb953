"""Reads the lines of an input file, and says what is wrong with a file that cannot be worked on.

A file may be large: one line of it is in memory at a time. Knows no parameter of any row's body but
`n`.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from server.dialect import Json
from server.errors import MalformedBody
from server.http.jsonbody import read_json

MAX_ROWS = 50_000
_MAX_CUSTOM_ID = 512
_FAULTS_TOLD = 50
"""A wrong file is mostly wrong in one way: the first lines say it."""


@dataclass(frozen=True, slots=True)
class InputRow:
    """One request of a batch."""

    line: int
    custom_id: str
    body: Json

    @property
    def pictures(self) -> int:
        """How many it asks for, before anybody has looked whether it may."""
        said = self.body.get("n")
        return said if isinstance(said, int) else 1


@dataclass(frozen=True, slots=True)
class Rules:
    """What a line must keep to."""

    endpoint: str
    max_line_bytes: int


@dataclass(frozen=True, slots=True)
class Checked:
    """What a file holds: a number of rows, or faults in the published shape."""

    total: int
    faults: tuple[dict[str, Any], ...]


class Fault(Exception):
    """Why a line, or the whole file, cannot be worked on."""

    def __init__(
        self, code: str, message: str, line: int | None = None, param: str | None = None
    ) -> None:
        super().__init__(message)
        self.entry = {"code": code, "line": line, "message": message, "param": param}


def check(path: Path, rules: Rules) -> Checked:
    """Read the whole file once. Raises: OSError."""
    known: set[str] = set()
    faults: list[dict[str, Any]] = []
    with path.open("rb") as file:
        for line, text in _lines(file, rules):
            try:
                _add(known, _row(line, text, rules))
            except Fault as fault:
                faults.append(fault.entry)
            if len(faults) >= _FAULTS_TOLD or len(known) > MAX_ROWS:
                break
    if len(known) > MAX_ROWS:
        faults = [Fault("too_many_tasks", f"A batch has at most {MAX_ROWS} requests.").entry]
    elif not known and not faults:
        faults = [Fault("empty_file", "The file has no requests.").entry]
    return Checked(len(known), tuple(faults))


def rows(path: Path, rules: Rules, answered: set[int]) -> Iterator[InputRow]:
    """The rows of a checked file that have no answer yet. Raises: OSError."""
    with path.open("rb") as file:
        for line, text in _lines(file, rules):
            if line not in answered:
                yield _row(line, text, rules)


def _lines(file: IO[bytes], rules: Rules) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, numbered from 1; of one that is too long, the beginning."""
    line = 0
    while text := file.readline(rules.max_line_bytes + 1):
        line += 1
        if _too_long(text, rules):
            _skip_line(file, rules.max_line_bytes)
        elif line == 1:
            text = text.removeprefix(codecs.BOM_UTF8)
        if text.strip():
            yield line, text


def _too_long(text: bytes, rules: Rules) -> bool:
    return len(text) > rules.max_line_bytes and not text.endswith(b"\n")


def _skip_line(file: IO[bytes], step: int) -> None:
    while (text := file.readline(step)) and not text.endswith(b"\n"):
        pass


def _add(known: set[str], row: InputRow) -> None:
    if row.custom_id in known:
        message = f"The custom_id '{row.custom_id}' is used by an earlier line."
        raise Fault("duplicate_custom_id", message, row.line, "custom_id")
    known.add(row.custom_id)


def _row(line: int, text: bytes, rules: Rules) -> InputRow:
    """Raises: Fault."""
    if _too_long(text, rules):
        message = f"This line is longer than {rules.max_line_bytes} bytes."
        raise Fault("line_too_long", message, line)
    try:
        members = read_json(text)
    except MalformedBody as error:
        message = f"This line is not parseable as valid JSON. {error.message}"
        raise Fault("invalid_json_line", message, line) from None
    custom_id, body = members.get("custom_id"), members.get("body")
    if not isinstance(custom_id, str) or not 0 < len(custom_id) <= _MAX_CUSTOM_ID:
        message = f"custom_id must be a text of 1 to {_MAX_CUSTOM_ID} characters."
        raise Fault("invalid_custom_id", message, line, "custom_id")
    if members.get("method") != "POST":
        raise Fault("invalid_method", "method must be POST.", line, "method")
    if members.get("url") != rules.endpoint:
        message = f"url must be the batch's endpoint, {rules.endpoint}."
        raise Fault("url_mismatch", message, line, "url")
    if not isinstance(body, dict):
        raise Fault("invalid_body", "body must be an object.", line, "body")
    return InputRow(line, custom_id, body)
