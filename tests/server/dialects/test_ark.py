"""The Ark dialect over a real socket: bodies, defaults, refusals."""

import re
import time
from collections.abc import Callable
from typing import Any

import httpx2
import numpy as np
import pytest

from pipelines.errors import ModelFailure, NotReady, QueueFull
from tests.server.drawer import Drawer
from tests.server.pictures import opened, pixels

PATH = "/api/v3/images/generations"
M3 = "doubao-seedream-3-0-t2i-250415"
M4 = "doubao-seedream-4-0-250828"
M45 = "doubao-seedream-4-5-251128"

Post = Callable[..., httpx2.Response]


@pytest.fixture
def post(client: httpx2.Client) -> Post:
    def post(**members: Any) -> httpx2.Response:
        return client.post(PATH, json=members)

    return post


def error_of(answer: httpx2.Response, status: int) -> dict[str, str]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    error: dict[str, str] = answer.json()["error"]
    assert error.keys() == {"code", "message", "param", "type"}
    assert all(isinstance(value, str) for value in error.values())
    assert answer.headers["x-request-id"] in error["message"]
    return error


def invalid(answer: httpx2.Response, param: str) -> dict[str, str]:
    error = error_of(answer, 400)
    assert error["type"] == "invalid_request_error"
    assert error["code"] == "invalid_parameters"
    assert error["message"].startswith("Invalid request parameters: ")
    assert error["param"] == param
    return error


def test_the_body_has_the_fields_of_both_documents(post: Post) -> None:
    answer = post(model=M4, prompt="a cat", size="1600x600", seed=12, guidance_scale=2.5)
    body = answer.json()
    assert body.keys() == {"id", "object", "created", "model", "data", "usage"}
    assert re.fullmatch(r"img_[A-Za-z0-9]{10,}", body["id"])
    assert body["object"] == "image"
    assert abs(body["created"] - time.time()) < 600
    assert body["model"] == M4
    (item,) = body["data"]
    assert item.keys() == {"url", "size", "index"}
    assert item["index"] == 0
    assert item["size"] == "1600x600"
    usage = body["usage"]
    assert usage["prompt_tokens"] >= 1
    assert usage["generated_images"] == 1
    assert usage["output_tokens"] == usage["total_tokens"] == 1600 * 600 // 256


def test_a_tier_takes_its_aspect_from_the_prompt(post: Post) -> None:
    (item,) = post(model=M4, prompt="a cat, 16:9", size="1k").json()["data"]
    assert item["size"] == "1280x720"
    assert opened(httpx2.get(item["url"]).content).size == (1280, 720)


@pytest.mark.parametrize("size", [{}, {"size": "adaptive"}, {"size": "2K"}, {"size": "2048x2048"}])
def test_the_default_size_is_the_models_own(post: Post, size: dict[str, str]) -> None:
    assert post(model=M4, prompt="a cat", **size).json()["data"][0]["size"] == "2048x2048"


def test_base64_is_a_jpeg_and_the_url_is_absent(post: Post) -> None:
    answer = post(model=M3, prompt="a cat", size="512x512", response_format="b64_json")
    (item,) = answer.json()["data"]
    assert "url" not in item
    assert opened(item["b64_json"]).format == "JPEG"


def test_png_can_be_asked_for(post: Post) -> None:
    (item,) = post(model=M3, prompt="a cat", size="512x512", output_format="png").json()["data"]
    assert item["url"].endswith(".png")
    assert opened(httpx2.get(item["url"]).content).format == "PNG"


def test_a_seed_gives_the_same_bytes_and_another_seed_others(post: Post) -> None:
    def draw(seed: int) -> str:
        body = post(
            model=M3, prompt="a cat", size="512x512", seed=seed, response_format="b64_json"
        ).json()
        data: str = body["data"][0]["b64_json"]
        return data

    assert draw(12) == draw(12)
    assert draw(12) != draw(13)


def test_without_a_seed_every_picture_differs(post: Post) -> None:
    one, two = (
        post(model=M3, prompt="a cat", size="512x512", **seed).headers["x-seedbed-seed"]
        for seed in ({}, {"seed": -1})
    )
    assert one != two


@pytest.mark.parametrize("scale", [1, 1.0, 5.5, 10])
def test_guidance_is_taken_as_integer_and_as_decimal(post: Post, scale: float) -> None:
    answer = post(model=M3, prompt="a cat", size="512x512", guidance_scale=scale)
    assert answer.status_code == 200
    assert answer.headers["x-seedbed-guidance"].startswith(f"requested={scale:g}; applied=")


def test_the_watermark_is_drawn_unless_refused(post: Post) -> None:
    def draw(**watermark: bool) -> np.ndarray[Any, Any]:
        answer = post(
            model=M3,
            prompt="a cat",
            size="512x512",
            seed=1,
            response_format="b64_json",
            output_format="png",
            **watermark,
        )
        return pixels(answer.json()["data"][0]["b64_json"])

    default, yes, no = draw(), draw(watermark=True), draw(watermark=False)
    assert (default == yes).all()
    differs = (yes != no).any(axis=2)
    assert differs[256:, 256:].any()
    assert not differs[:256].any()
    assert not differs[:, :128].any()


def test_null_means_not_said_at_any_depth(post: Post) -> None:
    answer = post(
        model=M3,
        prompt="a cat",
        size="512x512",
        image=None,
        seed=None,
        stream=None,
        tools=None,
        sequential_image_generation=None,
        optimize_prompt_options=None,
        foreign=None,
    )
    assert answer.status_code == 200
    assert "x-seedbed-ignored" not in answer.headers


def test_foreign_fields_are_ignored_and_named(post: Post) -> None:
    answer = post(
        model=M3,
        prompt="a cat",
        size="512x512",
        n=4,
        quality="hd",
        user="u",
        foo={},
        optimize_prompt_options={"mode": "fast", "thinking": None, "depth": 3},
    )
    assert len(answer.json()["data"]) == 1
    named = answer.headers["x-seedbed-ignored"].split(", ")
    assert set(named) == {
        "n",
        "quality",
        "user",
        "foo",
        "optimize_prompt_options",
        "optimize_prompt_options.depth",
    }


def test_what_clients_always_send_is_no_reason_to_refuse(post: Post) -> None:
    answer = post(
        model=M3,
        prompt="a cat",
        size="512x512",
        image=[],
        stream=False,
        sequential_image_generation="disabled",
        sequential_image_generation_options={"max_images": 15},
        tools=[{"type": "web_search"}],
    )
    assert answer.status_code == 200


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
    invalid(post(**{"model": M3, "prompt": "a cat", param: value}), param)


@pytest.mark.parametrize("missing", ["model", "prompt"])
@pytest.mark.parametrize("value", [None, "", "absent"])
def test_model_and_prompt_are_required(post: Post, missing: str, value: str | None) -> None:
    members: dict[str, Any] = {"model": M3, "prompt": "a cat"} | {missing: value}
    if value == "absent":
        del members[missing]
    answer = post(**members)
    invalid(answer, missing)
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
    error = invalid(answer, param)
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
    invalid(answer, "size")
    assert answer.headers["x-error-code"] == "InvalidParameter.size"


def test_the_minimum_is_named(post: Post) -> None:
    error = invalid(post(model=M45, prompt="a cat", size="1500x1500"), "size")
    assert "image size must be at least 3686400 pixels" in error["message"]


def test_an_edit_model_says_that_it_needs_a_picture(post: Post) -> None:
    invalid(post(model="doubao-seededit-3-0-i2i-250628", prompt="make it blue"), "model")


@pytest.mark.parametrize("model", ["no-such-model", "dall-e-2", "doubao-seedream-4.0"])
def test_an_unknown_model_is_404_with_its_name(post: Post, model: str) -> None:
    error = error_of(post(model=model, prompt="a cat"), 404)
    assert error["code"] == "InvalidEndpointOrModel.NotFound"
    assert error["type"] == "NotFound"
    assert model in error["message"]


@pytest.mark.parametrize("data", ["{bad", "", "[]", '"x"', '{"model": NaN}', "null", "{}{}"])
def test_a_body_that_is_no_object_is_refused(client: httpx2.Client, data: str) -> None:
    invalid(client.post(PATH, content=data), "")


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
    error = error_of(answer, 401)
    assert error["code"] == "AuthenticationError"
    assert error["type"] == "Unauthorized"
    assert error["param"] == ""
    assert "request id" in error["message"].lower()
    assert answer.headers["x-error-code"] == "AuthN_MissOrInvalidAuthorizationHeader"


def test_a_credential_probe_sees_401_or_405(client: httpx2.Client, stranger: httpx2.Client) -> None:
    assert error_of(stranger.get(PATH), 401)
    answer = client.get(PATH)
    assert error_of(answer, 405)
    assert answer.headers["allow"] == "POST"


def test_an_unknown_path_answers_in_this_shape(client: httpx2.Client) -> None:
    assert error_of(client.post("/api/v3/foo"), 404)["type"] == "NotFound"


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
    error = error_of(answer, 429)
    assert error["type"] == "TooManyRequests"
    assert error["code"] == "ServerOverloaded"
    assert answer.headers["retry-after"] == "7"
    assert answer.headers["retry-after-ms"] == "6200"


def test_a_server_that_starts_is_503(post: Post, drawer: Drawer) -> None:
    drawer.script("ark not ready", refuse=NotReady("the worker loads", 2.0))
    answer = post(model=M3, prompt="ark not ready")
    assert error_of(answer, 503)
    assert answer.headers["retry-after"] == "2"


@pytest.mark.parametrize("error", [ModelFailure("NaN in the latents"), ZeroDivisionError("secret")])
def test_our_own_fault_is_500_without_inner_text(
    post: Post, drawer: Drawer, error: Exception
) -> None:
    drawer.script("ark failure", fail_at={7: error})
    answer = post(model=M3, prompt="ark failure", seed=7)
    body = error_of(answer, 500)
    assert body["code"] == "InternalServiceError"
    assert body["type"] == "InternalServerError"
    assert "secret" not in answer.text
    assert answer.headers["x-should-retry"] == "false"
