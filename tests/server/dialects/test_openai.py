"""The OpenAI dialect over a real socket: bodies, defaults, refusals."""

import base64
from typing import Any

import httpx2
import numpy as np
import pytest

from tests.server.pictures import opened, pixels
from tests.server.shapes import Post, openai_invalid

PATH = "/v1/images/generations"
DOUBAO = "doubao-seedream-3-0-t2i"


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
    openai_invalid(answer, "background", "invalid_value")


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
