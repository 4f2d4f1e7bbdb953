"""What the OpenAI dialect refuses, and how."""

import re
from typing import Any

import httpx2
import pytest

from pipelines.errors import ModelFailure, NotReady, QueueFull, ShuttingDown
from tests.server.drawer import Drawer
from tests.server.shapes import Post, openai_error, openai_invalid

PATH = "/v1/images/generations"
DOUBAO = "doubao-seedream-3-0-t2i"


@pytest.fixture
def post(client: httpx2.Client) -> Post:
    def post(**members: Any) -> httpx2.Response:
        return client.post(PATH, json={"prompt": "a cat", "model": "dall-e-2"} | members)

    return post


@pytest.mark.parametrize(
    ("model", "quality", "code"),
    [("dall-e-2", "hd", 400), ("dall-e-3", "low", 400), ("gpt-image-1", "best", 400)],
)
def test_a_quality_the_model_does_not_have_is_refused(
    post: Post, model: str, quality: str, code: int
) -> None:
    answer = post(model=model, quality=quality)
    assert answer.status_code == code
    openai_invalid(answer, "quality", "invalid_value")


def test_messages_say_what_would_be_right(post: Post) -> None:
    too_many = openai_invalid(post(n=11), "n", "integer_above_max_value")["message"]
    assert too_many == (
        "Invalid 'n': integer above maximum value. Expected a value <= 10, but got 11 instead."
    )
    wrong_type = openai_invalid(post(n="2"), "n", "invalid_type")["message"]
    assert wrong_type == "Invalid type for 'n': expected an integer, but got a string instead."
    wrong_size = openai_invalid(post(size="300x300"), "size", "invalid_value")["message"]
    assert "'256x256', '512x512', '1024x1024'" in wrong_size


@pytest.mark.parametrize(
    ("model", "param", "value", "code"),
    [
        ("gpt-image-1", "size", "512x512", "invalid_value"),
        ("gpt-image-2", "size", "1000x1000", "invalid_value"),
        ("gpt-image-2", "size", "3856x1024", "invalid_value"),
        ("gpt-image-2", "size", "512x512", "invalid_value"),
        ("gpt-image-2", "size", "3840x1024", "invalid_value"),
        ("dall-e-3", "style", "wild", "invalid_value"),
        ("dall-e-2", "model", 5, "invalid_type"),
        ("dall-e-2", "user", 5, "invalid_type"),
        ("dall-e-2", "stream", True, "invalid_value"),
        ("gpt-image-1", "stream", "true", "invalid_type"),
        (DOUBAO, "image", ["https://example.com/a.png"], "invalid_value"),
    ],
)
def test_a_wrong_value_is_refused_by_name(
    post: Post, model: str, param: str, value: object, code: str
) -> None:
    openai_invalid(post(**({"model": model} | {param: value})), param, code)


def test_the_wrong_method_is_named(client: httpx2.Client) -> None:
    answer = client.get(PATH)
    error = openai_error(answer, 405)
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
    error = openai_error(answer, 429)
    assert error["type"] == error["code"] == "rate_limit_exceeded"
    assert answer.headers["retry-after"] == "120"


@pytest.mark.parametrize("error", [NotReady("loading", 2.0), ShuttingDown("going", 0.0)])
def test_starting_and_stopping_are_503(post: Post, drawer: Drawer, error: Exception) -> None:
    drawer.script("not now", refuse=error)
    answer = post(prompt="not now")
    body = openai_error(answer, 503)
    assert body["type"] == "server_error"
    assert int(answer.headers["retry-after"]) >= 1


def test_our_own_fault_is_500_and_must_not_be_retried(post: Post, drawer: Drawer) -> None:
    drawer.script("broken model", fail_at={8: ModelFailure("NaN in the latents")})
    answer = post(prompt="broken model", seed=7, n=2)
    error = openai_error(answer, 500)
    assert error["type"] == "server_error"
    assert answer.headers["x-should-retry"] == "false"
    assert "data" not in answer.json()


def test_an_unexpected_exception_shows_nothing_of_itself(
    post: Post, drawer: Drawer, caplog: pytest.LogCaptureFixture
) -> None:
    drawer.script("surprise", fail_at={1: KeyError("/secret/place")})
    answer = post(prompt="surprise", seed=1)
    error = openai_error(answer, 500)
    assert error["code"] is None
    assert "secret" not in answer.text
    assert sum("/secret/place" in (record.exc_text or "") for record in caplog.records) == 1
