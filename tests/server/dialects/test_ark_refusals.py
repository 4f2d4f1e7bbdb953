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


@pytest.mark.parametrize("missing", ["model", "prompt"])
@pytest.mark.parametrize("value", [None, "", "absent"])
def test_model_and_prompt_are_required(post: Post, missing: str, value: str | None) -> None:
    members: dict[str, Any] = {"model": M3, "prompt": "a cat"} | {missing: value}
    if value == "absent":
        del members[missing]
    answer = post(**members)
    ark_invalid(answer, missing)
    assert answer.headers["x-error-code"] == f"MissingParameter.{missing}"


@pytest.mark.parametrize(
    ("param", "value"),
    [
        ("prompt", 123),
        ("prompt", "   "),
        ("prompt", "x" * 32_001),
        ("seed", 2**31),
        ("seed", -2),
        ("seed", 1.5),
        ("seed", "12"),
        ("seed", True),
        ("seed", 10**30),
        ("guidance_scale", 0.5),
        ("guidance_scale", 10.1),
        ("guidance_scale", "5"),
        ("guidance_scale", True),
        ("guidance_scale", 10**400),
        ("watermark", "true"),
        ("watermark", 1),
        ("response_format", "png"),
        ("response_format", 5),
        ("output_format", "webp"),
        ("sequential_image_generation", "yes"),
        ("tools", "web_search"),
        ("optimize_prompt_options.mode", "slow"),
        ("size", 1024),
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
        (M4, "800x800"),
        (M4, "17000x100"),
        (M4, "0x0"),
        (M4, "abc"),
        (M4, "1024*1024"),
        (M4, "3K"),
        (M4, "100000x100000"),
        (M4, "16000x1000"),
        (M45, "1500x1500"),
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


def test_an_edit_model_says_that_it_needs_a_picture(post: Post) -> None:
    ark_invalid(post(model="doubao-seededit-3-0-i2i-250628", prompt="make it blue"), "image")


@pytest.mark.parametrize("model", ["no-such-model", "dall-e-2", "seedbed", "doubao-seedream-4.0"])
def test_an_unknown_model_is_404_with_its_name(post: Post, model: str) -> None:
    error = ark_error(post(model=model, prompt="a cat"), 404)
    assert error["code"] == "InvalidEndpointOrModel.NotFound"
    assert error["type"] == "NotFound"
    assert model in error["message"]


@pytest.mark.parametrize("data", ["{bad", "", "[]", '"x"', '{"model": NaN}', "null", "{}{}"])
def test_a_body_that_is_no_object_is_refused(client: httpx2.Client, data: str) -> None:
    ark_invalid(client.post(PATH, content=data), "")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": "Bearer"},
        {"authorization": "Basic dGVzdDp0ZXN0"},
        {"x-api-key": "test-key-0123456789"},
    ],
)
def test_without_the_right_key_even_a_bad_body_is_401(
    stranger: httpx2.Client, headers: dict[str, str]
) -> None:
    answer = stranger.post(PATH, content="{bad", headers=headers)
    error = ark_error(answer, 401)
    assert error["code"] == "AuthenticationError"
    assert error["type"] == "Unauthorized"
    assert error["param"] == ""
    assert "request id" in error["message"].lower()
    assert answer.headers["x-error-code"] == "AuthN_MissOrInvalidAuthorizationHeader"


def test_a_credential_probe_sees_401_or_405(client: httpx2.Client, stranger: httpx2.Client) -> None:
    assert ark_error(stranger.get(PATH), 401)
    answer = client.get(PATH)
    assert ark_error(answer, 405)
    assert answer.headers["allow"] == "POST"


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
