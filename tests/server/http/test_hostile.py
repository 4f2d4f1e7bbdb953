"""What no honest client sends is refused in the path's own shape, at once, and nothing breaks."""

import gzip
import http.client
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from pipelines.errors import TooLong
from server.contract.checks import check
from server.dialects.openai.dialect import OpenAI
from server.http.jsonbody import read_json
from tests.server.conftest import KEY, MAX_BODY_BYTES, Site

ARK = "/api/v3/images/generations"
OPENAI = "/v1/images/generations"
EDITS = "/v1/images/edits"
NATIVE = "/seedbed/v1/images"
PATHS = [ARK, OPENAI, EDITS, NATIVE]
GOOD = b'{"model": "doubao-seedream-3-0-t2i", "prompt": "a cat", "size": "512x512", "seed": 1}'
AUTHORIZATION = {"authorization": f"Bearer {KEY}"}


def inside(member: bytes) -> bytes:
    return GOOD[:-1] + b", " + member + b"}"


HOSTILE = {
    "empty": b"",
    "blank": b" \n ",
    "cut off": GOOD[:-1],
    "array": b"[" + GOOD + b"]",
    "text": b'"a cat"',
    "two bodies": GOOD + GOOD,
    "xml": b"<prompt>a cat</prompt>",
    "form": b"model=dall-e-2&prompt=a+cat",
    "written twice": inside(b'"seed": 2'),
    "written twice below": inside(b'"options": {"a": 1, "a": 2}'),
    "NaN": inside(b'"guidance_scale": NaN'),
    "infinity": inside(b'"guidance_scale": Infinity'),
    "1e999": inside(b'"guidance_scale": 1e999'),
    "many digits": inside(b'"guidance_scale": ' + b"9" * 5000),
    "400 digits": inside(b'"guidance_scale": ' + b"9" * 400),
    "deep arrays": inside(b'"foo": ' + b"[" * 50_000 + b"]" * 50_000),
    "deep objects": inside(b'"foo": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
    "unclosed arrays": b"[" * 1_000_000,
    "latin-1": inside(b'"user": "\xe4"'),
    "utf-16": GOOD.decode().encode("utf-16"),
    "overlong utf-8": inside(b'"user": "\xc0\xaf"'),
    "utf-8 surrogate": inside(b'"user": "\xed\xa0\x80"'),
    "lone surrogate": inside(b'"user": "\\udc00"'),
    "surrogate in a name": inside(b'"\\ud800": 1'),
    "NUL": inside(b'"user": "a\\u0000b"'),
    "raw NUL": inside(b'"user": "a\x00b"'),
    "NUL in a foreign part": inside(b'"foo": [{"a": "\\u0000"}]'),
    "compressed": gzip.compress(GOOD),
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("path", PATHS)
def test_it_is_a_400_in_the_paths_own_shape(client: httpx2.Client, path: str, body: bytes) -> None:
    began_s = time.perf_counter()
    answer = client.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/json"
    error = answer.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    assert len(error["message"]) < 400
    assert time.perf_counter() - began_s < 10


@pytest.mark.parametrize("path", [ARK, OPENAI, NATIVE])
@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1"],
)
def test_json_is_json_whatever_it_is_called(
    client: httpx2.Client, path: str, content_type: str
) -> None:
    answer = client.post(path, content=GOOD, headers={"content-type": content_type})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("path", PATHS)
def test_a_compressed_body_is_not_unpacked(client: httpx2.Client, path: str) -> None:
    headers = {"content-encoding": "gzip", "content-type": "application/json"}
    answer = client.post(path, content=gzip.compress(b" " * 10_000_000), headers=headers)
    assert answer.status_code == 400
    assert "send it uncompressed" in answer.json()["error"]["message"]
    headers["content-encoding"] = "identity"
    assert client.post(path, content=b"{", headers=headers).status_code == 400


def test_ten_megabytes_of_prompt_are_too_long_and_soon_found_out() -> None:
    body = json.dumps({"model": "gpt-image-1", "prompt": "é" * 5_000_000}, ensure_ascii=False)
    began_s = time.perf_counter()
    draft = OpenAI().draft(read_json(body.encode()))
    with pytest.raises(TooLong, match="maximum length 32000, but got a string with length 5000000"):
        check(draft, OpenAI.customs)
    assert time.perf_counter() - began_s < 5


@pytest.mark.parametrize(
    "prompt",
    [
        "🦊" * 100,
        "\u202eright to left\u202c",
        "\ufeff\u200b x",
        "a\tb\nc\rd",
        "\x7f\x80\x9f",
        "ẞ" * 999,
    ],
    ids=["emoji", "turned", "invisible", "lines", "controls", "sharp"],
)
@pytest.mark.parametrize("path", [ARK, OPENAI])
def test_a_strange_prompt_is_a_prompt(client: httpx2.Client, path: str, prompt: str) -> None:
    body = {**json.loads(GOOD), "prompt": prompt, "response_format": "b64_json"}
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    if path == OPENAI:
        assert answer.json()["data"][0]["revised_prompt"] == prompt


@pytest.mark.parametrize("name", ["ä\u2028\r\nx-evil: 1", "x" * 5000, "a, b; c=d", "\u0007"])
def test_a_foreign_name_cannot_write_headers(client: httpx2.Client, name: str) -> None:
    answer = client.post(OPENAI, json={**json.loads(GOOD), name: 1})
    assert answer.status_code == 200
    assert "x-evil" not in answer.headers
    said = answer.headers["x-seedbed-ignored"]
    assert said.isascii()
    assert said.isprintable()
    assert len(said) <= 1000
    assert said.endswith("...") == (len(name) > 1000), "what is cut off says so"


def halves() -> Iterator[bytes]:
    for start in range(0, len(GOOD), 7):
        yield GOOD[start : start + 7]


@pytest.mark.parametrize("path", [ARK, OPENAI])
def test_a_body_may_come_in_chunks(client: httpx2.Client, path: str) -> None:
    headers = {"content-type": "application/json; charset=utf-8"}
    answer = client.post(path, content=halves(), headers=headers)
    assert answer.status_code == 200
    assert answer.request.headers["transfer-encoding"] == "chunked"


@pytest.mark.parametrize("path", [ARK, OPENAI])
def test_after_a_body_that_is_too_large_the_connection_goes_on(site: Site, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
    statuses: list[int] = []
    for body in (b"x" * (MAX_BODY_BYTES + 1), GOOD, b"x" * (2 * MAX_BODY_BYTES), GOOD):
        connection.request("POST", path, body, AUTHORIZATION)
        answer = connection.getresponse()
        said: Any = json.loads(answer.read())
        statuses.append(answer.status)
        assert ("error" in said) == (answer.status == 413)
    connection.close()
    assert statuses == [413, 200, 413, 200]


def test_a_caller_who_is_nobody_sends_for_nothing(site: Site) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
    for body in (b"x" * (2 * MAX_BODY_BYTES), b"{", GOOD):
        connection.request("POST", OPENAI, body, {"authorization": "Bearer no"})
        answer = connection.getresponse()
        assert (answer.status, answer.read()[:9]) == (401, b'{"error":')
    connection.close()
