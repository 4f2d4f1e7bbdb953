"""What the Ark dialect refuses, and how."""

import re
from typing import Any

import httpx2
import pytest

from pipelines.errors import ModelFailure, NotReady, QueueFull
from tests.server.drawer import Drawer
from tests.server.shapes import Post, ark_error, ark_invalid

PATH = "/api/v3/images/generations"
M3 = "doubao-seedream-3-0-t2i-250415"
M4 = "doubao-seedream-4-0-250828"
M45 = "doubao-seedream-4-5-251128"


@pytest.fixture
def post(client: httpx2.Client) -> Post:
    def post(**members: Any) -> httpx2.Response:
        return client.post(PATH, json=members)

    return post


@pytest.mark.parametrize(
    ("param", "value"),
    [
        ("stream", True),
        ("image", "https://example.com/a.png"),
        ("image", ["data:image/png;base64,AAAA"]),
        ("sequential_image_generation", "auto"),
        ("layer_decomposition", True),
    ],
)
def test_what_is_not_served_is_refused_by_name(post: Post, param: str, value: object) -> None:
    ark_invalid(post(**{"model": M3, "prompt": "a cat", param: value}), param)


@pytest.mark.parametrize(
    ("param", "value"),
    [
        ("prompt", "   "),
        ("prompt", "x" * 32_001),
        ("seed", 10**30),
        ("guidance_scale", True),
        ("guidance_scale", 10**299),
        ("watermark", "true"),
        ("watermark", 1),
        ("response_format", "png"),
        ("response_format", 5),
        ("output_format", "webp"),
        ("tools", "web_search"),
        ("optimize_prompt_options.mode", "slow"),
    ],
)
def test_a_wrong_value_is_refused_by_name(post: Post, param: str, value: object) -> None:
    name, _, part = param.partition(".")
    wrong = {part: value} if part else value
    answer = post(**{"model": M3, "prompt": "a cat", "size": "512x512", name: wrong})
    error = ark_invalid(answer, param)
    assert f"`{param}`" in error["message"]


@pytest.mark.parametrize(
    ("model", "size"),
    [
        (M4, "3K"),
        (M4, "100000x100000"),
        (M4, "16000x1000"),
        (M45, "1K"),
        (M3, "2K"),
        (M3, "500x500"),
        (M3, ""),
    ],
)
def test_a_size_the_model_does_not_have_is_refused(post: Post, model: str, size: str) -> None:
    answer = post(model=model, prompt="a cat", size=size)
    ark_invalid(answer, "size")
    assert answer.headers["x-error-code"] == "InvalidParameter.size"


def test_the_minimum_is_named(post: Post) -> None:
    error = ark_invalid(post(model=M45, prompt="a cat", size="1500x1500"), "size")
    assert "image size must be at least 3686400 pixels" in error["message"]


@pytest.mark.parametrize("model", ["dall-e-2", "seedbed", "doubao-seedream-4.0"])
def test_an_unknown_model_is_404_with_its_name(post: Post, model: str) -> None:
    error = ark_error(post(model=model, prompt="a cat"), 404)
    assert error["code"] == "InvalidEndpointOrModel.NotFound"
    assert error["type"] == "NotFound"
    assert model in error["message"]


@pytest.mark.parametrize("data", ["null", "{}{}"])
def test_a_body_that_is_no_object_is_refused(client: httpx2.Client, data: str) -> None:
    ark_invalid(client.post(PATH, content=data), "")


def test_an_unknown_path_answers_in_this_shape(client: httpx2.Client) -> None:
    assert ark_error(client.post("/api/v3/foo"), 404)["type"] == "NotFound"


def test_the_request_id_is_the_vendors_style_and_new_each_time(client: httpx2.Client) -> None:
    ids = [client.get("/api/v3/foo").headers["x-request-id"] for _ in range(2)]
    assert ids[0] != ids[1]
    assert all(re.fullmatch(r"02\d{13}[0-9a-f]{38}", text) for text in ids)


def test_slash_query_and_charset_change_nothing(client: httpx2.Client) -> None:
    answer = client.post(
        PATH + "/?foo=1",
        content=iter([b'{"model":"', M3.encode(), b'","size":"512x512","prompt":"\xe7\x8c\xab"}']),
        headers={"content-type": "application/json; charset=utf-8"},
    )
    assert answer.status_code == 200, answer.text


def test_a_full_queue_is_429_with_the_time_to_wait(post: Post, drawer: Drawer) -> None:
    drawer.script("ark queue full", refuse=QueueFull("7 s of work are waiting already", 6.2))
    answer = post(model=M3, prompt="ark queue full")
    error = ark_error(answer, 429)
    assert error["type"] == "TooManyRequests"
    assert error["code"] == "ServerOverloaded"
    assert answer.headers["retry-after"] == "7"
    assert answer.headers["retry-after-ms"] == "6200"


def test_a_server_that_starts_is_503(post: Post, drawer: Drawer) -> None:
    drawer.script("ark not ready", refuse=NotReady("the worker loads", 2.0))
    answer = post(model=M3, prompt="ark not ready")
    assert ark_error(answer, 503)
    assert answer.headers["retry-after"] == "2"


@pytest.mark.parametrize("error", [ModelFailure("NaN in the latents"), ZeroDivisionError("secret")])
def test_our_own_fault_is_500_without_inner_text(
    post: Post, drawer: Drawer, error: Exception
) -> None:
    drawer.script("ark failure", fail_at={7: error})
    answer = post(model=M3, prompt="ark failure", seed=7)
    body = ark_error(answer, 500)
    assert body["code"] == "InternalServiceError"
    assert body["type"] == "InternalServerError"
    assert "secret" not in answer.text
    assert answer.headers["x-should-retry"] == "false"
