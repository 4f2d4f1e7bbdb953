"""What the Ark dialect answers to wrong calls, and to right ones at a bad time."""

import re
from pathlib import Path
from typing import Any

import httpx2
import pytest

from pipelines.errors import ModelFailure
from tests.server.conformance.calls import ARK, M4, M45
from tests.server.conftest import KEY, MAX_BODY_BYTES, serving
from tests.server.drawer import Drawer
from tests.server.shapes import Post, ark_error, ark_invalid

CHEAP = {"model": M4, "prompt": "a cat", "size": "1280x720"}
WRONG_KEYS = {
    "none": {},
    "wrong": {"authorization": "Bearer wrong"},
    "empty": {"authorization": "Bearer"},
    "basic": {"authorization": "Basic dGVzdDp0ZXN0"},
    "elsewhere": {"x-api-key": KEY},
}


@pytest.fixture
def post(client: httpx2.Client) -> Post:
    def post(**members: Any) -> httpx2.Response:
        return client.post(ARK, json=CHEAP | members)

    return post


def without(name: str, value: object) -> dict[str, Any]:
    """A good body whose member is absent, null or empty."""
    members: dict[str, Any] = CHEAP | {name: value}
    if value == "absent":
        del members[name]
    return members


@pytest.mark.parametrize("model", ["absent", None, ""])
def test_a_b01_a_model_is_required(client: httpx2.Client, model: str | None) -> None:
    answer = client.post(ARK, json=without("model", model))
    ark_invalid(answer, "model")
    assert answer.headers["x-error-code"] == "MissingParameter.model"


@pytest.mark.parametrize("prompt", ["absent", None, ""])
def test_a_b02_a_prompt_is_required(client: httpx2.Client, prompt: str | None) -> None:
    answer = client.post(ARK, json=without("prompt", prompt))
    ark_invalid(answer, "prompt")
    assert answer.headers["x-error-code"] == "MissingParameter.prompt"


def test_a_b03_a_prompt_is_text(post: Post) -> None:
    ark_invalid(post(prompt=123), "prompt")


@pytest.mark.parametrize(
    ("model", "size"),
    [
        (M4, "800x800"),
        (M45, "1500x1500"),
        (M4, "17000x100"),
        (M4, "0x0"),
        (M4, "abc"),
        (M4, "1024*1024"),
        (M4, 1024),
    ],
)
def test_a_b05_a_size_the_model_does_not_have_is_refused(
    post: Post, model: str, size: object
) -> None:
    answer = post(model=model, size=size)
    ark_invalid(answer, "size")
    assert answer.headers["x-error-code"] == "InvalidParameter.size"


@pytest.mark.parametrize("seed", [2147483648, -2, 1.5, "12", True])
def test_a_b06_a_wrong_seed_is_refused(post: Post, seed: object) -> None:
    ark_invalid(post(seed=seed), "seed")


@pytest.mark.parametrize("scale", [0.5, 10.1, "5"])
def test_a_b07_a_wrong_guidance_scale_is_refused(post: Post, scale: object) -> None:
    ark_invalid(post(guidance_scale=scale), "guidance_scale")


def test_a_b07_nan_is_no_json(client: httpx2.Client) -> None:
    text = f'{{"model": "{M4}", "prompt": "a cat", "guidance_scale": NaN}}'
    ark_invalid(client.post(ARK, content=text), "")


@pytest.mark.parametrize("text", ["{bad", "", "[]", '"x"'])
def test_a_b09_a_body_is_one_json_object(client: httpx2.Client, text: str) -> None:
    ark_invalid(client.post(ARK, content=text), "")


@pytest.mark.parametrize("headers", WRONG_KEYS.values(), ids=WRONG_KEYS)
@pytest.mark.parametrize("text", ['{"model": "x"}', "{bad"], ids=["good", "bad"])
def test_a_b10_without_the_right_key_even_a_bad_body_is_401(
    stranger: httpx2.Client, text: str, headers: dict[str, str]
) -> None:
    answer = stranger.post(ARK, content=text, headers=headers)
    error = ark_error(answer, 401)
    assert error["code"] == "AuthenticationError"
    assert error["type"] == "Unauthorized"
    assert error["param"] == ""
    assert re.search("request id: 02[0-9a-f]{51}", error["message"], re.IGNORECASE)
    assert answer.headers["x-error-code"] == "AuthN_MissOrInvalidAuthorizationHeader"


def test_a_b11_an_unknown_model_is_404_with_its_name(post: Post) -> None:
    error = ark_error(post(model="no-such-model"), 404)
    assert error["code"] == "InvalidEndpointOrModel.NotFound"
    assert "no-such-model" in error["message"]


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"sequential_image_generation": "yes"}, "sequential_image_generation"),
        (
            {
                "sequential_image_generation": "auto",
                "sequential_image_generation_options": {"max_images": 0},
            },
            "sequential_image_generation_options.max_images",
        ),
        (
            {
                "sequential_image_generation": "auto",
                "sequential_image_generation_options": {"max_images": 16},
            },
            "sequential_image_generation_options.max_images",
        ),
    ],
    ids=["word", "none", "sixteen"],
)
def test_a_b17_a_wrong_group_is_refused(post: Post, members: dict[str, Any], param: str) -> None:
    ark_invalid(post(**members), param)


def test_a_b18_a_credential_probe_sees_405_or_401(
    client: httpx2.Client, stranger: httpx2.Client
) -> None:
    answer = client.get(ARK)
    ark_error(answer, 405)
    assert answer.headers["allow"] == "POST"
    ark_error(stranger.get(ARK, headers={"authorization": "Bearer wrong"}), 401)


def test_a_b20_a_body_over_the_limit_is_413_and_the_client_goes_on(
    post: Post, client: httpx2.Client
) -> None:
    ark_error(post(prompt="x" * (MAX_BODY_BYTES + 1)), 413)
    assert client.get("/api/v3/models").status_code == 200


def test_a_b21_too_many_requests_are_429(drawer: Drawer, tmp_path: Path) -> None:
    with (
        serving(drawer, tmp_path, requests_per_minute=1) as site,
        httpx2.Client(base_url=site.url, headers={"authorization": f"Bearer {KEY}"}) as caller,
    ):
        assert caller.post(ARK, json=CHEAP).status_code == 200
        answer = caller.post(ARK, json=CHEAP)
    error = ark_error(answer, 429)
    assert error["type"] == "TooManyRequests"
    assert error["code"].startswith(("RateLimitExceeded.", "ServerOverloaded"))
    assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize("failure", [ModelFailure("NaN in the latents"), KeyError("/secret/place")])
def test_a_b23_our_own_fault_is_500_without_a_trace(
    post: Post, drawer: Drawer, failure: Exception
) -> None:
    drawer.script("a fault of ours", fail_at={7: failure})
    answer = post(prompt="a fault of ours", seed=7)
    error = ark_error(answer, 500)
    assert error["code"] == "InternalServiceError"
    assert error["type"] == "InternalServerError"
    assert "Traceback" not in answer.text
    assert "secret" not in answer.text
