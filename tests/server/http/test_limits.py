"""Calls a minute: what a key may do, what it is told, and that nobody else feels it."""

from pathlib import Path

import httpx2
import pytest
from openai import OpenAI
from openai import RateLimitError as OpenAIRateLimitError

from server.errors import RateLimited
from server.http.front import limit_headers
from server.http.limits import Allowance, RequestLimits
from tests.server.conftest import KEY, serving
from tests.server.drawer import Drawer
from tests.server.shapes import ark_error, openai_error

ARK = "/api/v3/images/generations"
OPENAI = "/v1/images/generations"
BODY = {
    "model": "doubao-seedream-3-0-t2i",
    "prompt": "a cat",
    "size": "512x512",
    "response_format": "b64_json",
}
OTHER = {"authorization": "Bearer other-key-0123456789"}


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_burst_then_one_at_a_time() -> None:
    clock = Clock()
    limits = RequestLimits(4, clock)
    for _ in range(4):
        limits.take("a")
    with pytest.raises(RateLimited) as refused:
        limits.take("a")
    assert refused.value.retry_after_s == pytest.approx(15)
    clock.now_s += 14.9
    with pytest.raises(RateLimited):
        limits.take("a")
    clock.now_s += 0.2
    limits.take("a")
    with pytest.raises(RateLimited):
        limits.take("a")


def test_a_refused_call_is_not_counted() -> None:
    clock = Clock()
    limits = RequestLimits(1, clock)
    limits.take("a")
    for _ in range(100):
        with pytest.raises(RateLimited):
            limits.take("a")
    clock.now_s += 60
    limits.take("a")


def test_keys_do_not_share() -> None:
    limits = RequestLimits(1, Clock())
    limits.take("a")
    limits.take("b")


def test_what_is_left_can_be_looked_at_and_never_exceeds_the_limit() -> None:
    clock = Clock()
    limits = RequestLimits(6, clock)
    assert limits.look("a") == Allowance(6, 6, 0)
    limits.take("a")
    limits.take("a")
    assert limits.look("a") == Allowance(6, 4, 20)
    clock.now_s += 5
    assert limits.look("a") == Allowance(6, 4, 15)
    clock.now_s += 10_000
    assert limits.look("a") == Allowance(6, 6, 0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0ms"), (0.12, "120ms"), (58.891, "58.891s"), (360, "6m0s"), (60.0004, "1m0.001s")],
)
def test_a_duration_is_written_as_the_vendor_does(seconds: float, text: str) -> None:
    assert limit_headers(Allowance(1, 1, seconds))["x-ratelimit-reset-requests"] == text


def test_who_calls_too_often_is_told_when_to_come_back(drawer: Drawer, tmp_path: Path) -> None:
    headers = {"authorization": f"Bearer {KEY}"}
    with (
        serving(drawer, tmp_path, requests_per_minute=2) as site,
        httpx2.Client(base_url=site.url, headers=headers, timeout=30) as client,
    ):
        assert client.post(OPENAI, json={**BODY, "size": "1x1"}).status_code == 400
        assert client.get("/v1/models").headers["x-ratelimit-remaining-requests"] == "2"
        first = client.post(OPENAI, json=BODY)
        assert client.post(ARK, json=BODY).status_code == 200
        openai, ark = client.post(OPENAI, json=BODY), client.post(ARK, json=BODY)
        native = client.post("/seedbed/v1/images", json={"prompt": "a cat"})
        assert client.post(ARK, json=BODY, headers=OTHER).status_code == 200
        with (
            OpenAI(base_url=f"{site.url}/v1", api_key=KEY, max_retries=0) as sdk,
            pytest.raises(OpenAIRateLimitError, match="Rate limit reached"),
        ):
            sdk.images.generate(prompt="a cat")
        assert "x-ratelimit-limit-requests" not in client.get("/livez").headers

    assert first.status_code == 200
    assert first.headers["x-ratelimit-limit-requests"] == "2"
    assert first.headers["x-ratelimit-remaining-requests"] == "1"
    error = openai_error(openai, 429)
    assert (error["type"], error["code"]) == ("rate_limit_exceeded", "rate_limit_exceeded")
    assert "on requests per min (RPM): Limit 2." in error["message"]
    error = ark_error(ark, 429)
    assert error["type"] == "TooManyRequests"
    assert error["code"] == "RateLimitExceeded.EndpointRPMExceeded"
    assert native.status_code == 429
    for answer in (openai, ark, native):
        assert 1 <= int(answer.headers["retry-after"]) <= 30
        assert 0 < int(answer.headers["retry-after-ms"]) <= 30_000
        assert answer.headers["x-ratelimit-remaining-requests"] == "0"
        assert "x-should-retry" not in answer.headers


def test_without_a_limit_nothing_is_said_of_one(client: httpx2.Client) -> None:
    answer = client.post(OPENAI, json=BODY)
    assert not [name for name in answer.headers if name.startswith("x-ratelimit")]
