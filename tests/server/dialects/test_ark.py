"""The Ark dialect over a real socket: bodies, defaults, refusals."""

import re
import time
from typing import Any

import httpx2
import numpy as np
import pytest

from tests.server.pictures import opened, pixels
from tests.server.shapes import Post

PATH = "/api/v3/images/generations"
M3 = "doubao-seedream-3-0-t2i-250415"
M4 = "doubao-seedream-4-0-250828"
M45 = "doubao-seedream-4-5-251128"


@pytest.fixture
def post(client: httpx2.Client) -> Post:
    def post(**members: Any) -> httpx2.Response:
        return client.post(PATH, json=members)

    return post


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
        optimize_prompt_options={"mode": "standard", "thinking": None, "depth": 3},
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
