"""Input files as they come: whatever the bytes are, they are rows or named faults."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.batches.lines import Fault, Rules, check, rows
from tests.server.batches.conftest import ENDPOINT, jsonl, row

LONGEST = 300
RULES = Rules(ENDPOINT, LONGEST)
GOOD = jsonl([row("a", "a cat")]).strip()
Write = Callable[[bytes], Path]


@pytest.fixture(scope="module")
def write(tmp_path_factory: pytest.TempPathFactory) -> Write:
    path = tmp_path_factory.mktemp("lines") / "rows.jsonl"

    def write(content: bytes) -> Path:
        path.write_bytes(content)
        return path

    return write


pieces = st.sampled_from(
    [GOOD, GOOD.replace(b'"a"', b'"b"'), b"\n", b"\r\n", b"\xef\xbb\xbf", b"x" * 400, b" ", b"{"]
)


@given(parts=st.lists(pieces | st.binary(max_size=8), max_size=8))
@settings(max_examples=150, deadline=None)
def test_a_file_is_all_rows_or_named_faults(write: Write, parts: list[bytes]) -> None:
    path = write(b"".join(parts))
    checked = check(path, RULES)
    if checked.faults:
        assert all(fault["code"] and fault["message"] for fault in checked.faults)
    else:
        found = list(rows(path, RULES, set()))
        assert len(found) == checked.total >= 1
        assert len({one.custom_id for one in found}) == checked.total
        lines = path.read_bytes().split(b"\n")
        assert all(one.custom_id.encode() in lines[one.line - 1] for one in found)


@pytest.mark.parametrize(("extra", "fits"), [(-1, True), (0, True), (1, False), (500, False)])
@pytest.mark.parametrize("end", [b"\n", b""])
def test_a_line_may_be_as_long_as_a_body(write: Write, extra: int, fits: bool, end: bytes) -> None:
    """What follows a long line keeps its number."""
    first = json.dumps(row("long", "x")).encode().replace(b'"x"', b'"%b"' % (b"x" * 50))
    first += b" " * (LONGEST + extra - len(first))
    checked = check(write(first + b"\n" + GOOD + end), RULES)
    if fits:
        assert checked.total == 2
        assert checked.faults == ()
    else:
        assert [(fault["code"], fault["line"]) for fault in checked.faults] == [
            ("line_too_long", 1)
        ]
        assert checked.total == 1


def test_rows_that_are_answered_are_not_read_again(write: Write) -> None:
    path = write(jsonl([row(name, "a cat") for name in "abc"]))
    assert [one.custom_id for one in rows(path, RULES, {1, 3})] == ["b"]


def test_a_file_that_changed_under_a_batch_is_noticed(write: Write) -> None:
    with pytest.raises(Fault, match="not parseable"):
        list(rows(write(b"{"), RULES, set()))
