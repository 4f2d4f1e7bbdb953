"""What counts as a body."""

import pytest

from server.errors import MalformedBody
from server.http.jsonbody import read_json


def test_nulls_disappear_at_any_depth() -> None:
    data = b'{"a": null, "b": {"c": null, "d": [{"e": null, "f": 1}]}}'
    assert read_json(data) == {"b": {"d": [{"f": 1}]}}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "Expecting value"),
        (b"{bad", "line 1"),
        (b"[]", "must be a JSON object"),
        (b'"x"', "must be a JSON object"),
        (b"null", "must be a JSON object"),
        (b"{} {}", "Extra data"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'{"a": -Infinity}', "-Infinity is not JSON"),
        (b'{"a": 1e999}', "A number is too large"),
        (b'{"a": ' + b"1" * 301 + b"}", "A number is too large"),
        (b'{"a": ' + b"1" * 5000 + b"}", "A number is too large"),
        (b'{"a": [' + b"[]," * 50_000 + b"[]]}", "more than 50000 values"),
        (b'{"a": 1, "a": 2}', "written twice"),
        (b'{"b": {"a": 1, "a": 2}}', "written twice"),
        (b'{"a": "\xff"}', "not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
        (b'{"a": "\\ud800"}', "half a character"),
        (b'{"\\udfff": 1}', "half a character"),
        (b'{"a": "\\u0000"}', "NUL"),
        (b'{"a": "\x00"}', "Invalid control character"),
        (b'{"a":' + b"[" * 100_000, "nested too deeply"),
        (b'{"a":' + b"[" * 100 + b"]" * 100 + b"}", "nested too deeply"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "nested too deeply"),
    ],
)
def test_what_no_honest_client_sends_is_refused_with_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(MalformedBody) as caught:
        read_json(data)
    assert caught.value.message.startswith("We could not parse the JSON body of your request. ")
    assert reason in caught.value.message


def test_a_byte_order_mark_is_no_fault() -> None:
    assert read_json(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def test_surrogate_pairs_are_whole_characters() -> None:
    assert read_json(b'{"a": "\\ud83e\\udd8a"}') == {"a": "🦊"}
