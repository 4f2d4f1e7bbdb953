"""Whatever the body is, the answer is a picture or an error of the path's own shape."""

import json
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ARK = "/api/v3/images/generations"
OPENAI = "/v1/images/generations"
NATIVE = "/seedbed/v1/images"
PATHS = [ARK, OPENAI, NATIVE]
FIELDS = {"code", "message", "param", "type"}

NAMES = [
    "model",
    "prompt",
    "size",
    "seed",
    "n",
    "guidance_scale",
    "watermark",
    "response_format",
    "output_format",
    "output_compression",
    "quality",
    "style",
    "background",
    "moderation",
    "user",
    "stream",
    "image",
    "tools",
    "optimize_prompt_options",
    "sequential_image_generation",
    "sequential_image_generation_options",
]
WORDS = [
    "a cat",
    "dall-e-2",
    "doubao-seedream-3-0-t2i",
    "256x256",
    "512x512",
    "0x0",
    "b64_json",
    "url",
    "png",
    "auto",
    "transparent",
    "standard",
]
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(WORDS)
    | st.text(max_size=20)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
bodies = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), values, max_size=8)
cheap: dict[str, Any] = {"model": "doubao-seedream-3-0-t2i", "prompt": "a cat", "size": "512x512"}

quick = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def check(client: httpx2.Client, path: str, content: bytes) -> None:
    answer = client.post(path, content=content)
    if answer.status_code == 200 and path == NATIVE:
        assert answer.text.endswith('data: {"type":"completed"}\n\n')
        return
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    if answer.status_code == 200:
        assert body["data"]
    else:
        assert 400 <= answer.status_code < 500, (content, answer.text)
        assert body.keys() == {"error"}
        assert body["error"].keys() == FIELDS
        assert answer.headers["x-request-id"]


@pytest.mark.parametrize("path", PATHS)
@given(body=bodies)
@quick
def test_any_json_object(client: httpx2.Client, path: str, body: dict[str, Any]) -> None:
    check(client, path, json.dumps(body).encode())


@pytest.mark.parametrize("path", PATHS)
@given(name=st.sampled_from(NAMES), value=values)
@quick
def test_a_good_body_with_one_field_replaced(
    client: httpx2.Client, path: str, name: str, value: Any
) -> None:
    check(client, path, json.dumps(cheap | {name: value}).encode())


@pytest.mark.parametrize("path", PATHS)
@given(content=st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode()))
@quick
def test_any_bytes(client: httpx2.Client, path: str, content: bytes) -> None:
    check(client, path, content)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("seed", ["1e2", "1E400", "-0", "0.0", "12345678901234567890", "1_000"])
def test_unusual_spellings_of_numbers(client: httpx2.Client, path: str, seed: str) -> None:
    content = json.dumps(cheap)[:-1] + f', "seed": {seed}}}'
    check(client, path, content.encode())
