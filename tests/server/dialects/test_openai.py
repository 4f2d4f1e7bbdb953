"""The OpenAI dialect over a real socket: bodies, defaults, refusals."""

import base64
import re
from collections.abc import Callable
from typing import Any

import httpx2
import numpy as np
import pytest

from pipelines.errors import ModelFailure, NotReady, QueueFull, ShuttingDown
from tests.server.drawer import Drawer
from tests.server.pictures import opened, pixels

PATH = "/v1/images/generations"
DOUBAO = "doubao-seedream-3-0-t2i"

Post = Callable[..., httpx2.Response]


@pytest.fixture
def post(client: httpx2.Client) -> Post:
    def post(**members: Any) -> httpx2.Response:
        return client.post(PATH, json={"prompt": "a cat", "model": "dall-e-2"} | members)

    return post


@pytest.fixture
def small(post: Post) -> Post:
    def small(**members: Any) -> httpx2.Response:
        return post(**({"size": "256x256", "response_format": "b64_json"} | members))

    return small


def error_of(answer: httpx2.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    error: dict[str, Any] = answer.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["message"]
    return error


def invalid(answer: httpx2.Response, param: str, code: str) -> dict[str, Any]:
    error = error_of(answer, 400)
    assert error["type"] == "invalid_request_error"
    assert error["param"] == param
    assert error["code"] == code
    return error


def test_dall_e_answers_without_usage_and_background(post: Post) -> None:
    body = post(size="256x256").json()
    assert body.keys() == {"created", "data"}
    (item,) = body["data"]
    assert item.keys() == {"b64_json", "url", "revised_prompt", "quality", "size"}
    assert item["b64_json"] is None
    assert item["revised_prompt"] == "a cat"
    assert item["quality"] == "standard"
    assert item["url"].endswith(".png")


def test_base64_leaves_the_url_null(small: Post) -> None:
    (item,) = small().json()["data"]
    assert item["url"] is None
    assert opened(item["b64_json"]).size == (256, 256)


def test_n_pictures_are_n_seeds_and_all_differ(small: Post) -> None:
    answer = small(n=10, seed=2**31 - 3)
    items = answer.json()["data"]
    assert len({item["b64_json"] for item in items}) == 10
    seeds = [int(seed) for seed in answer.headers["x-seedbed-seed"].split(", ")]
    assert seeds[:3] == [2**31 - 3, 2**31 - 2, 2**31 - 1]
    assert seeds[3:] == list(range(7))


def test_the_second_of_two_is_the_next_seed_alone(small: Post) -> None:
    both = small(n=2, seed=41).json()["data"]
    alone = small(n=1, seed=42).json()["data"]
    assert both[1]["b64_json"] == alone[0]["b64_json"]


def test_gpt_image_answers_both_ways_unless_asked(post: Post) -> None:
    body = post(model="gpt-image-1", output_format="webp", output_compression=50).json()
    (item,) = body["data"]
    assert httpx2.get(item["url"]).content == base64.b64decode(item["b64_json"])
    assert item["url"].endswith(".webp")
    assert item["output_format"] == body["output_format"] == "webp"
    assert body["background"] == "opaque"
    assert body["quality"] == item["quality"] == "medium"
    assert body["usage"]["output_tokens"] == 1056
    only_url = post(model="gpt-image-1", response_format="url").json()["data"][0]
    assert only_url["b64_json"] is None
    assert only_url["url"]
    only_base64 = post(model="gpt-image-1", response_format="b64_json").json()["data"][0]
    assert only_base64["url"] is None


@pytest.mark.parametrize("form", ["jpeg", "webp"])
def test_compression_makes_a_smaller_file(small: Post, form: str) -> None:
    sizes = [
        len(
            small(output_format=form, output_compression=compression, seed=1).json()["data"][0][
                "b64_json"
            ]
        )
        for compression in (100, 50, 0)
    ]
    assert sizes[0] > sizes[1] > sizes[2]


def test_png_with_compression_is_taken_and_disclosed(small: Post) -> None:
    answer = small(output_format="png", output_compression=85)
    assert answer.status_code == 200
    assert answer.headers["x-seedbed-ignored"] == "output_compression"


def test_a_transparent_background_is_transparent(post: Post) -> None:
    answer = post(model="gpt-image-1", background="transparent", output_format="webp")
    body = answer.json()
    assert body["background"] == "transparent"
    assert opened(body["data"][0]["b64_json"]).mode == "RGBA"


def test_a_jpeg_cannot_be_transparent(post: Post) -> None:
    answer = post(model="gpt-image-1", background="transparent", output_format="jpeg")
    invalid(answer, "background", "invalid_value")


@pytest.mark.parametrize(
    ("model", "size", "drawn"),
    [
        ("gpt-image-1", "1536x1024", (1536, 1024)),
        ("gpt-image-1", "1024x1536", (1024, 1536)),
        ("gpt-image-1", "auto", (1024, 1024)),
        ("gpt-image-2", "1536x864", (1536, 864)),
        ("gpt-image-2", "2048x1152", (2048, 1152)),
        ("dall-e-3", "1792x1024", (1792, 1024)),
        (DOUBAO, "adaptive", (1024, 1024)),
        (DOUBAO, "640x512", (640, 512)),
    ],
)
def test_a_size_is_what_is_drawn(post: Post, model: str, size: str, drawn: tuple[int, int]) -> None:
    (item,) = post(model=model, size=size, response_format="b64_json").json()["data"]
    assert item["size"] == "{}x{}".format(*drawn)
    assert opened(item["b64_json"]).size == drawn


def test_no_model_means_dall_e_2(client: httpx2.Client) -> None:
    answer = client.post(PATH, json={"prompt": "a cat"})
    assert answer.headers["x-seedbed-model"] == "embedded; requested=dall-e-2"
    assert answer.json()["data"][0]["size"] == "1024x1024"


@pytest.mark.parametrize("said", [{"background": "auto"}, {"moderation": "low"}])
def test_no_model_but_its_parameters_mean_gpt_image(
    client: httpx2.Client, said: dict[str, str]
) -> None:
    answer = client.post(PATH, json={"prompt": "a cat", **said})
    assert answer.headers["x-seedbed-model"].endswith("requested=gpt-image-1")


def test_null_means_not_said(post: Post) -> None:
    names = ("n", "quality", "response_format", "style", "user", "background", "moderation", "seed")
    answer = post(size="256x256", **dict.fromkeys(names))
    assert answer.status_code == 200
    assert answer.json()["data"][0]["url"]
    assert "x-seedbed-ignored" not in answer.headers


def test_fields_without_effect_are_named(small: Post) -> None:
    answer = small(foo=1, safety_identifier="s", user="u", style="vivid", background="opaque")
    named = set(answer.headers["x-seedbed-ignored"].split(", "))
    assert named == {"foo", "safety_identifier", "user", "style", "background"}


def test_the_names_of_foreign_fields_cannot_break_the_header(small: Post) -> None:
    answer = small(**{"a\r\nset-cookie: x": 1, "猫": 1, "x" * 5000: 1})
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert answer.headers["x-seedbed-ignored"].startswith("a__set-cookie_ x, _, xxx")
    assert len(answer.headers["x-seedbed-ignored"]) == 1000


def test_doubao_labels_unless_refused_and_dall_e_only_when_asked(post: Post) -> None:
    def draw(model: str, **watermark: bool) -> np.ndarray[Any, Any]:
        answer = post(model=model, size="512x512", seed=1, response_format="b64_json", **watermark)
        return pixels(answer.json()["data"][0]["b64_json"])

    assert (draw(DOUBAO) == draw(DOUBAO, watermark=True)).all()
    assert (draw(DOUBAO) != draw(DOUBAO, watermark=False)).any()
    assert (draw("dall-e-2") == draw("dall-e-2", watermark=False)).all()
    assert (draw("dall-e-2") != draw("dall-e-2", watermark=True)).any()


def test_a_transparent_picture_keeps_its_label(post: Post) -> None:
    answer = post(model="gpt-image-1", background="transparent", watermark=True, seed=3)
    alpha = np.asarray(opened(answer.json()["data"][0]["b64_json"]))[..., 3]
    plain = post(model="gpt-image-1", background="transparent", watermark=False, seed=3)
    without = np.asarray(opened(plain.json()["data"][0]["b64_json"]))[..., 3]
    assert (alpha >= without).all()


@pytest.mark.parametrize(
    ("model", "quality", "applied"),
    [
        ("dall-e-2", "standard", "standard"),
        ("dall-e-3", "hd", "high"),
        ("gpt-image-1", "low", "low"),
        ("gpt-image-1", "auto", "standard"),
        ("gpt-image-1", "standard", "standard"),
        ("gpt-image-1", "max", "high"),
        (DOUBAO, "hd", "high"),
    ],
)
def test_quality_decides_the_work(post: Post, model: str, quality: str, applied: str) -> None:
    answer = post(model=model, quality=quality)
    assert answer.headers["x-seedbed-quality"] == f"requested={quality}; applied={applied}"


@pytest.mark.parametrize(
    ("model", "quality", "code"),
    [("dall-e-2", "hd", 400), ("dall-e-3", "low", 400), ("gpt-image-1", "best", 400)],
)
def test_a_quality_the_model_does_not_have_is_refused(
    post: Post, model: str, quality: str, code: int
) -> None:
    answer = post(model=model, quality=quality)
    assert answer.status_code == code
    invalid(answer, "quality", "invalid_value")


def test_an_unknown_model_has_the_published_body(post: Post) -> None:
    assert error_of(post(model="nope"), 400) == {
        "code": "invalid_request_error",
        "message": "Invalid model specified",
        "param": "model",
        "type": "invalid_request_error",
    }


@pytest.mark.parametrize("prompt", [None, ""])
def test_a_prompt_is_required(post: Post, prompt: str | None) -> None:
    error = invalid(post(prompt=prompt), "prompt", "missing_required_parameter")
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
def test_n_is_checked(post: Post, model: str, n: object, code: str) -> None:
    invalid(post(model=model, n=n), "n", code)


def test_messages_say_what_would_be_right(post: Post) -> None:
    too_many = invalid(post(n=11), "n", "integer_above_max_value")["message"]
    assert too_many == (
        "Invalid 'n': integer above maximum value. Expected a value <= 10, but got 11 instead."
    )
    wrong_type = invalid(post(n="2"), "n", "invalid_type")["message"]
    assert wrong_type == "Invalid type for 'n': expected an integer, but got a string instead."
    wrong_size = invalid(post(size="300x300"), "size", "invalid_value")["message"]
    assert "'256x256', '512x512', '1024x1024'" in wrong_size


@pytest.mark.parametrize(
    ("model", "limit"), [("dall-e-2", 1_000), ("dall-e-3", 4_000), ("gpt-image-1", 32_000)]
)
def test_a_prompt_is_as_long_as_the_model_takes_in_characters(
    post: Post, model: str, limit: int
) -> None:
    assert post(model=model, prompt="猫" * limit).status_code == 200
    answer = post(model=model, prompt="猫" * (limit + 1))
    invalid(answer, "prompt", "string_above_max_length")


@pytest.mark.parametrize(
    ("model", "param", "value", "code"),
    [
        ("gpt-image-1", "background", "clear", "invalid_value"),
        ("gpt-image-1", "moderation", "high", "invalid_value"),
        ("gpt-image-1", "output_compression", 101, "integer_above_max_value"),
        ("gpt-image-1", "output_compression", -1, "integer_below_min_value"),
        ("gpt-image-1", "output_format", "tiff", "invalid_value"),
        ("gpt-image-1", "size", "512x512", "invalid_value"),
        ("gpt-image-2", "size", "1000x1000", "invalid_value"),
        ("gpt-image-2", "size", "3856x1024", "invalid_value"),
        ("gpt-image-2", "size", "512x512", "invalid_value"),
        ("gpt-image-2", "size", "3840x1024", "invalid_value"),
        (DOUBAO, "seed", -2, "integer_below_min_value"),
        (DOUBAO, "seed", 2**31, "integer_above_max_value"),
        (DOUBAO, "guidance_scale", 0.9, "decimal_below_min_value"),
        (DOUBAO, "guidance_scale", 10.1, "decimal_above_max_value"),
        (DOUBAO, "watermark", "x", "invalid_type"),
        ("dall-e-2", "response_format", "png", "invalid_value"),
        ("dall-e-3", "style", "wild", "invalid_value"),
        ("dall-e-2", "model", 5, "invalid_type"),
        ("dall-e-2", "user", 5, "invalid_type"),
        ("gpt-image-1", "stream", True, "invalid_value"),
        ("gpt-image-1", "stream", "true", "invalid_type"),
        ("gpt-image-1", "partial_images", 4, "invalid_value"),
        (DOUBAO, "image", ["https://example.com/a.png"], "invalid_value"),
    ],
)
def test_a_wrong_value_is_refused_by_name(
    post: Post, model: str, param: str, value: object, code: str
) -> None:
    invalid(post(**({"model": model} | {param: value})), param, code)


def test_malformed_json_has_no_code(client: httpx2.Client) -> None:
    error = error_of(client.post(PATH, content='{"prompt": "x",}'), 400)
    assert error["code"] is None
    assert error["param"] is None
    assert error["message"].startswith("We could not parse the JSON body of your request.")


def test_no_key_and_a_wrong_key_are_told_apart(stranger: httpx2.Client) -> None:
    error = error_of(stranger.post(PATH, json={"prompt": "x"}), 401)
    assert (error["type"], error["code"]) == ("authentication_error", None)
    wrong = stranger.post(PATH, json={}, headers={"authorization": "Bearer sk-wrong"})
    error = error_of(wrong, 401)
    assert (error["type"], error["code"]) == ("authentication_error", "invalid_api_key")
    assert "sk-wrong" not in wrong.text


def test_unknown_paths_and_methods_answer_in_this_shape(client: httpx2.Client) -> None:
    assert error_of(client.post("/v1/foo"), 404)["message"] == "Invalid URL (POST /v1/foo)"
    answer = client.get(PATH)
    error = error_of(answer, 405)
    assert error["message"].startswith(f"Not allowed to GET on {PATH}.")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "path", ["/v1/images/generations/", "/images/generations", f"{PATH}?api-version=2025-04-01"]
)
def test_other_spellings_of_the_path_work(client: httpx2.Client, path: str) -> None:
    assert client.post(path, json={"prompt": "a cat", "size": "256x256"}).status_code == 200


def test_the_request_id_is_the_vendors_style(client: httpx2.Client) -> None:
    ids = [client.get("/v1/models").headers["x-request-id"] for _ in range(2)]
    assert ids[0] != ids[1]
    assert all(re.fullmatch(r"req_[0-9a-f]{32}", text) for text in ids)


def test_a_full_queue_is_429_with_the_time_to_wait(post: Post, drawer: Drawer) -> None:
    drawer.script("queue full", refuse=QueueFull("300 s of work are waiting already", 300))
    answer = post(prompt="queue full")
    error = error_of(answer, 429)
    assert error["type"] == error["code"] == "rate_limit_exceeded"
    assert answer.headers["retry-after"] == "120"


@pytest.mark.parametrize("error", [NotReady("loading", 2.0), ShuttingDown("going", 0.0)])
def test_starting_and_stopping_are_503(post: Post, drawer: Drawer, error: Exception) -> None:
    drawer.script("not now", refuse=error)
    answer = post(prompt="not now")
    body = error_of(answer, 503)
    assert body["type"] == "server_error"
    assert int(answer.headers["retry-after"]) >= 1


def test_our_own_fault_is_500_and_must_not_be_retried(post: Post, drawer: Drawer) -> None:
    drawer.script("broken model", fail_at={8: ModelFailure("NaN in the latents")})
    answer = post(prompt="broken model", seed=7, n=2)
    error = error_of(answer, 500)
    assert error["type"] == "server_error"
    assert answer.headers["x-should-retry"] == "false"
    assert "data" not in answer.json()


def test_an_unexpected_exception_shows_nothing_of_itself(
    post: Post, drawer: Drawer, caplog: pytest.LogCaptureFixture
) -> None:
    drawer.script("surprise", fail_at={1: KeyError("/secret/place")})
    answer = post(prompt="surprise", seed=1)
    error = error_of(answer, 500)
    assert error["code"] is None
    assert "secret" not in answer.text
    assert sum("/secret/place" in (record.exc_text or "") for record in caplog.records) == 1
