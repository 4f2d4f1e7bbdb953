"""Whatever a form holds, the answer is a picture or an error of the path's own shape."""

from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.server.conformance.calls import EDITS, VARIATIONS, png

PATHS = [EDITS, VARIATIONS]
FIELDS = {"code", "message", "param", "type"}
ONE, HOLLOW, SMALL = png(), png(colour=(1, 2, 3, 0)), png(15, 15)

NAMES = [
    *("image", "image[]", "image[0]", "image[x]", "mask", "markup", "images", "model", "prompt"),
    *("n", "size", "quality", "seed", "stream", "partial_images", "response_format", "watermark"),
    *("guidance_scale", "input_fidelity", "output_format", "output_compression", "background"),
    *("svg[model]", "", "\x1f", "名"),
]
WORDS = ["1", "0", "true", "False", "2", "1.5", "-1", "nan", "1e9", "auto", "256x256", "dall-e-2"]
texts = st.sampled_from(WORDS) | st.text(max_size=12)
files = st.sampled_from([ONE, HOLLOW, SMALL, ONE[:60], b"", b"words"]) | st.binary(max_size=40)
names = st.sampled_from(NAMES)
cheap = {"model": "seedbed", "prompt": "a cat", "size": "64x64"}
form = "multipart/form-data; boundary=b"

quick = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def check(answer: httpx2.Response) -> None:
    if answer.headers["content-type"].startswith("text/event-stream"):
        assert answer.status_code == 200
        return
    assert answer.headers["content-type"] == "application/json"
    if answer.status_code == 200:
        assert answer.json()["data"]
    else:
        assert 400 <= answer.status_code < 500, answer.text
        assert answer.json().keys() == {"error"}
        assert answer.json()["error"].keys() == FIELDS


@pytest.mark.parametrize("path", PATHS)
@given(
    said=st.dictionaries(names, texts | st.lists(texts, max_size=2), max_size=4),
    parts=st.lists(st.tuples(names, st.tuples(st.text(max_size=5), files)), max_size=4),
)
@quick
def test_any_form(client: httpx2.Client, path: str, said: Any, parts: Any) -> None:
    check(client.post(path, data=cheap | said, files=[("image", ONE), *parts]))


@pytest.mark.parametrize("path", PATHS)
@given(content=st.binary(max_size=80))
@quick
def test_any_bytes_that_claim_to_be_a_form(
    client: httpx2.Client, path: str, content: bytes
) -> None:
    check(client.post(path, content=content, headers={"content-type": form}))


@given(
    head=st.sampled_from(
        [
            b'Content-Disposition: form-data; name="prompt"',
            b'Content-Disposition: form-data; name="image"; filename="a"',
            b"Content-Disposition: form-data",
            b'content-disposition: form-data; name="\xff"',
            b"content-disposition: form-data; name*=utf-8''prompt",
            b"x: y",
            b"",
        ]
    ),
    content=st.binary(max_size=30),
    end=st.sampled_from([b"\r\n--b--\r\n", b"\r\n--b", b"\r\n", b""]),
)
@quick
def test_a_form_that_is_broken_anywhere(
    client: httpx2.Client, head: bytes, content: bytes, end: bytes
) -> None:
    body = b"--b\r\n" + head + b"\r\n\r\n" + content + end
    check(client.post(EDITS, content=body, headers={"content-type": form}))
