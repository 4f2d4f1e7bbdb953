"""What is wrong with a batch is said before anything is drawn, with the line."""

import codecs
import json
from typing import Any

import openai
import pytest

from server.batches import lines as lines_module
from tests.server.batches.conftest import ENDPOINT, ended, jsonl, lines, row, send
from tests.server.drawer import Drawer

GOOD = row("good", "a good line")


def failed(sdk: openai.OpenAI, content: bytes) -> list[tuple[str | None, int | None, str | None]]:
    """The errors of a batch that must fail: code, line, param."""
    batch = ended(sdk, send(sdk, content))
    assert batch.status == "failed"
    assert batch.failed_at is not None
    assert batch.output_file_id is None
    assert batch.errors is not None
    assert batch.errors.data is not None
    assert all(error.message for error in batch.errors.data)
    return [(error.code, error.line, error.param) for error in batch.errors.data]


@pytest.mark.parametrize(
    ("wrong", "code", "param"),
    [
        ({"method": "GET"}, "invalid_method", "method"),
        ({"url": "/v1/chat/completions"}, "url_mismatch", "url"),
        ({"custom_id": ""}, "invalid_custom_id", "custom_id"),
        ({"custom_id": 7}, "invalid_custom_id", "custom_id"),
        ({"custom_id": "x" * 513}, "invalid_custom_id", "custom_id"),
        ({"body": "a cat"}, "invalid_body", "body"),
        ({"body": None}, "invalid_body", "body"),
    ],
)
def test_a_wrong_line_fails_the_batch_and_is_named(
    sdk: openai.OpenAI, drawer: Drawer, wrong: dict[str, Any], code: str, param: str
) -> None:
    drawn = len(drawer.drawn)
    assert failed(sdk, jsonl([GOOD, GOOD | {"custom_id": "second"} | wrong])) == [(code, 2, param)]
    assert len(drawer.drawn) == drawn


@pytest.mark.parametrize(
    "text", [b"{", b"[1, 2]", b"\xff\xfe", b'{"a": 1, "a": 2}', b"null", b'"text"']
)
def test_a_line_that_is_no_object_is_named(sdk: openai.OpenAI, text: bytes) -> None:
    content = jsonl([GOOD]) + text + b"\n"
    assert failed(sdk, content) == [("invalid_json_line", 2, None)]


def test_a_custom_id_that_is_used_twice_is_named(sdk: openai.OpenAI) -> None:
    rows = [GOOD, row("other", "another"), GOOD]
    assert failed(sdk, jsonl(rows)) == [("duplicate_custom_id", 3, "custom_id")]


def test_every_wrong_line_is_named_up_to_fifty(sdk: openai.OpenAI) -> None:
    assert failed(sdk, b"{\n\n" * 60) == [
        ("invalid_json_line", line, None) for line in range(1, 101, 2)
    ]


def test_a_file_without_requests_is_refused(sdk: openai.OpenAI) -> None:
    assert failed(sdk, b"\n \n") == [("empty_file", None, None)]


def test_too_many_requests_are_refused(sdk: openai.OpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_module, "MAX_ROWS", 3)
    rows = [row(f"r{i}", "one of many") for i in range(4)]
    assert failed(sdk, jsonl(rows)) == [("too_many_tasks", None, None)]


def test_blank_lines_a_mark_and_a_missing_end_are_no_faults(sdk: openai.OpenAI) -> None:
    """What editors make of a file."""
    first, second = (jsonl([row(name, "lines of editors")]) for name in ("first", "second"))
    content = codecs.BOM_UTF8 + first.replace(b"\n", b"\r\n") + b"\r\n" + second.rstrip(b"\n")
    batch = ended(sdk, send(sdk, content))
    assert lines(sdk, batch.output_file_id).keys() == {"first", "second"}


@pytest.mark.parametrize(
    ("said", "param"),
    [
        ({"endpoint": "/v1/chat/completions"}, "endpoint"),
        ({"completion_window": "soon"}, "completion_window"),
        ({"completion_window": "0h"}, "completion_window"),
        ({"completion_window": "721h"}, "completion_window"),
        ({"metadata": {"k": "v" * 513}}, "metadata"),
        ({"metadata": {"k" * 65: "v"}}, "metadata"),
        ({"metadata": {str(i): "v" for i in range(17)}}, "metadata"),
        ({"metadata": {"k": 1}}, "metadata.k"),
        ({"output_expires_after": {"anchor": "created_at", "seconds": 1}}, None),
        ({"output_expires_after": {"anchor": "now", "seconds": 7200}}, None),
    ],
    ids=str,
)
def test_a_wrong_batch_is_refused(
    sdk: openai.OpenAI, said: dict[str, Any], param: str | None
) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        send(sdk, jsonl([GOOD]), **said)
    assert caught.value.param == (param or f"output_expires_after.{_wrong_part(said)}")


def _wrong_part(said: dict[str, Any]) -> str:
    return "seconds" if said["output_expires_after"]["anchor"] == "created_at" else "anchor"


def test_a_missing_file_is_named(sdk: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        sdk.batches.create(input_file_id="file-nope", endpoint=ENDPOINT, completion_window="24h")
    assert caught.value.param == "input_file_id"


def test_a_longer_window_may_be_asked_for(sdk: openai.OpenAI) -> None:
    batch = ended(sdk, send(sdk, jsonl([GOOD]), completion_window="72h"))
    assert batch.completion_window == "72h"
    assert batch.expires_at == batch.created_at + 72 * 3600


def test_output_may_be_wanted_for_a_while(sdk: openai.OpenAI) -> None:
    until = {"anchor": "created_at", "seconds": 3600}
    batch = ended(sdk, send(sdk, jsonl([GOOD]), output_expires_after=until))
    file = sdk.files.retrieve(str(batch.output_file_id))
    assert file.expires_at == file.created_at + 3600


def test_a_foreign_parameter_is_disclosed(sdk: openai.OpenAI) -> None:
    file_id = ended(sdk, send(sdk, jsonl([GOOD]))).input_file_id
    answer = sdk.batches.with_raw_response.create(
        input_file_id=file_id,
        endpoint=ENDPOINT,
        completion_window="24h",
        extra_body={"priority": "high"},
    )
    assert answer.headers["x-seedbed-ignored"] == "priority"
    ended(sdk, answer.parse())


def test_batches_come_in_pages_newest_first(sdk: openai.OpenAI) -> None:
    made = [send(sdk, b"{").id for _ in range(3)]
    page = sdk.batches.list(limit=2)
    assert [batch.id for batch in page.data] == made[:0:-1]
    assert [batch.id for batch in page.get_next_page().data][:1] == made[:1]
    assert json.loads(sdk.batches.with_raw_response.list(limit=1).text)["has_more"] is True
