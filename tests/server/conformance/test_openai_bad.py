"""What the OpenAI dialect answers to wrong calls, and to right ones at a bad time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from pipelines.errors import ModelFailure, NotReady, OutOfMemory, PoisonRequest
from tests.server.conformance.calls import EDITS, GENERATIONS, VARIATIONS
from tests.server.conftest import KEY, MAX_BODY_BYTES, Site, serving
from tests.server.drawer import Drawer
from tests.server.shapes import Post, openai_error, openai_invalid

DOUBAO = "doubao-seedream-3-0-t2i"
CHEAP = {"model": "dall-e-2", "prompt": "a cat", "size": "256x256"}


@pytest.fixture
def post(client: httpx2.Client) -> Post:
    def post(**members: Any) -> httpx2.Response:
        return client.post(GENERATIONS, json={"prompt": "a cat"} | members)

    return post


@contextmanager
def counting(
    site: Site, api_key: str = KEY
) -> Iterator[tuple[openai.OpenAI, list[httpx2.Request]]]:
    """The vendor's package, and every call that it makes."""
    attempts: list[httpx2.Request] = []
    http_client = openai.DefaultHttpxClient(event_hooks={"request": [attempts.append]})
    with openai.OpenAI(base_url=f"{site.url}/v1", api_key=api_key, http_client=http_client) as sdk:
        yield sdk, attempts


def test_o_b01_an_unknown_model_has_the_published_body(post: Post) -> None:
    assert openai_error(post(model="nope"), 400) == {
        "code": "invalid_request_error",
        "message": "Invalid model specified",
        "param": "model",
        "type": "invalid_request_error",
    }


@pytest.mark.parametrize("body", [{}, {"prompt": ""}, {"prompt": None}], ids=str)
def test_o_b02_a_prompt_is_required(client: httpx2.Client, body: dict[str, Any]) -> None:
    answer = client.post(GENERATIONS, json=body)
    error = openai_invalid(answer, "prompt", "missing_required_parameter")
    assert error["message"].startswith("Missing required parameter: 'prompt'.")


@pytest.mark.parametrize(
    ("model", "n", "code"),
    [
        ("dall-e-3", 2, "integer_above_max_value"),
        ("dall-e-2", 11, "integer_above_max_value"),
        ("dall-e-2", 10**40, "integer_above_max_value"),
        ("dall-e-2", 0, "integer_below_min_value"),
        ("dall-e-2", -1, "integer_below_min_value"),
        ("dall-e-2", "2", "invalid_type"),
        ("dall-e-2", 1.5, "invalid_type"),
        ("dall-e-2", True, "invalid_type"),
    ],
)
def test_o_b03_a_wrong_count_is_refused(post: Post, model: str, n: object, code: str) -> None:
    openai_invalid(post(model=model, n=n), "n", code)


@pytest.mark.parametrize(
    ("model", "longest"), [("dall-e-2", 1_000), ("dall-e-3", 4_000), ("gpt-image-1", 32_000)]
)
def test_o_b05_a_prompt_that_is_too_long_is_refused(post: Post, model: str, longest: int) -> None:
    assert post(model=model, prompt="猫" * longest).status_code == 200
    answer = post(model=model, prompt="猫" * (longest + 1))
    error = openai_invalid(answer, "prompt", "string_above_max_length")
    assert f"maximum length {longest}" in error["message"]


@pytest.mark.parametrize(
    ("param", "value", "code"),
    [
        ("background", "clear", "invalid_value"),
        ("moderation", "high", "invalid_value"),
        ("output_compression", 101, "integer_above_max_value"),
        ("output_compression", -1, "integer_below_min_value"),
        ("output_format", "tiff", "invalid_value"),
    ],
)
def test_o_b07_a_wrong_word_for_gpt_image_is_refused(
    post: Post, param: str, value: object, code: str
) -> None:
    openai_invalid(post(model="gpt-image-1", **{param: value}), param, code)


@pytest.mark.parametrize(
    ("param", "value", "code"),
    [
        ("seed", -2, "integer_below_min_value"),
        ("seed", 2147483648, "integer_above_max_value"),
        ("guidance_scale", 0.9, "decimal_below_min_value"),
        ("guidance_scale", 10.1, "decimal_above_max_value"),
        ("watermark", "x", "invalid_type"),
    ],
)
def test_o_b09_a_wrong_extension_is_refused(
    post: Post, param: str, value: object, code: str
) -> None:
    openai_invalid(post(model=DOUBAO, **{param: value}), param, code)


def test_o_b10_a_wrong_response_format_is_refused(post: Post) -> None:
    openai_invalid(post(response_format="png"), "response_format", "invalid_value")


@pytest.mark.parametrize("content", ["{bad", '{"prompt": "x",}'])
def test_o_b11_malformed_json_has_no_code(client: httpx2.Client, content: str) -> None:
    error = openai_error(client.post(GENERATIONS, content=content), 400)
    assert error["type"] == "invalid_request_error"
    assert error["code"] is None
    assert error["param"] is None
    assert error["message"].startswith("We could not parse the JSON body")


def test_o_b12_no_key_and_a_wrong_key_are_told_apart(stranger: httpx2.Client) -> None:
    bare = openai_error(stranger.post(GENERATIONS, json=CHEAP), 401)
    assert (bare["type"], bare["code"]) == ("authentication_error", None)
    wrong = stranger.post(GENERATIONS, json=CHEAP, headers={"authorization": "Bearer sk-wrong"})
    error = openai_error(wrong, 401)
    assert (error["type"], error["code"]) == ("authentication_error", "invalid_api_key")
    assert "sk-wrong" not in wrong.text


def test_o_b12_the_package_asks_once_with_a_wrong_key(site: Site) -> None:
    with counting(site, api_key="wrong") as (sdk, attempts):
        with pytest.raises(openai.AuthenticationError):
            sdk.images.generate(model="dall-e-2", prompt="a cat")
        assert len(attempts) == 1


def test_o_b13_too_many_requests_are_429(drawer: Drawer, tmp_path: Path) -> None:
    with (
        serving(drawer, tmp_path, requests_per_minute=1) as site,
        httpx2.Client(base_url=site.url, headers={"authorization": f"Bearer {KEY}"}) as caller,
    ):
        assert caller.post(GENERATIONS, json=CHEAP).status_code == 200
        answer = caller.post(GENERATIONS, json=CHEAP)
    error = openai_error(answer, 429)
    assert error["type"] == error["code"] == "rate_limit_exceeded"
    assert 1 <= int(answer.headers["retry-after"]) <= 120
    assert int(answer.headers["retry-after-ms"]) >= 1
    for name in ("limit", "remaining", "reset"):
        assert answer.headers[f"x-ratelimit-{name}-requests"]


@pytest.mark.parametrize(
    "failure",
    [ModelFailure("NaN in the latents"), PoisonRequest("it hung twice"), OutOfMemory("no room")],
    ids=lambda failure: type(failure).__name__,
)
def test_o_b16_our_own_fault_is_500_and_is_not_asked_for_again(
    site: Site, post: Post, drawer: Drawer, failure: Exception
) -> None:
    drawer.script("a fault for /v1", fail_at={7: failure})
    answer = post(prompt="a fault for /v1", seed=7)
    assert openai_error(answer, 500)["type"] == "server_error"
    assert answer.headers["x-should-retry"] == "false"
    with counting(site) as (sdk, attempts):
        with pytest.raises(openai.InternalServerError):
            sdk.images.generate(model="dall-e-2", prompt="a fault for /v1", extra_body={"seed": 7})
        assert len(attempts) == 1


def test_o_b17_the_package_asks_again_when_the_server_is_busy(
    site: Site, drawer: Drawer, client: httpx2.Client
) -> None:
    drawer.script("busy", refuse=NotReady("loading", 0.05))
    answer = client.post(GENERATIONS, json={"prompt": "busy"})
    openai_error(answer, 503)
    assert int(answer.headers["retry-after"]) >= 1
    script = drawer.script("busy once", refuse=NotReady("loading", 0.05), refusals_left=1)
    with openai.OpenAI(base_url=f"{site.url}/v1", api_key=KEY) as sdk:
        assert sdk.images.generate(model="dall-e-2", prompt="busy once", size="256x256").data
    assert script.refusals_left == 0


def test_o_b20_an_unknown_path_is_named(client: httpx2.Client) -> None:
    error = openai_error(client.post("/v1/foo", json={}), 404)
    assert error["message"] == "Invalid URL (POST /v1/foo)"


def test_o_b21_every_error_has_the_four_fields(
    client: httpx2.Client, stranger: httpx2.Client
) -> None:
    openai_error(client.post(GENERATIONS, json={"prompt": 1}), 400)
    openai_error(stranger.post(GENERATIONS), 401)
    openai_error(client.get("/v1/models/nope"), 404)
    openai_error(client.post("/v1/nowhere"), 404)
    for path in (GENERATIONS, EDITS, VARIATIONS):
        openai_error(client.get(path), 405)
    openai_error(client.post(GENERATIONS, content=b" " * (MAX_BODY_BYTES + 1)), 413)
