"""What the Ark dialect answers to right calls."""

from typing import Any

import httpx2
import pytest
from volcenginesdkarkruntime import Ark

from tests.server.conformance.calls import (
    ARK,
    M3,
    M4,
    M5_LITE,
    fetched,
    ignored,
    size_of,
)
from tests.server.conftest import KEY, Site
from tests.server.pictures import opened, pixels
from tests.server.shapes import Post


@pytest.fixture
def post(client: httpx2.Client) -> Post:
    def post(**members: Any) -> httpx2.Response:
        return client.post(ARK, json=members)

    return post


@pytest.fixture
def small(post: Post) -> Post:
    """A cheap picture: 4.0 has nothing smaller than 921600 pixels."""

    def small(**members: Any) -> httpx2.Response:
        return post(**{"model": M3, "prompt": "a cat", "size": "512x512"} | members)

    return small


@pytest.fixture(scope="module")
def plain(client: httpx2.Client) -> dict[str, Any]:
    """The answer to model and prompt alone."""
    answer = client.post(ARK, json={"model": M4, "prompt": "a cat"})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_a_g02_model_and_prompt_are_enough(plain: dict[str, Any]) -> None:
    (item,) = plain["data"]
    assert item["size"] == "2048x2048"
    assert size_of(item["url"]) == (2048, 2048)


def test_a_g04_base64_is_a_jpeg_and_nothing_else(small: Post) -> None:
    (item,) = small(response_format="b64_json").json()["data"]
    assert "url" not in item
    assert not item["b64_json"].startswith("data:")
    assert opened(item["b64_json"]).format == "JPEG"


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer junk"}], ids=["bare", "junk"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_g05_the_pictures_address_needs_no_key(
    plain: dict[str, Any], method: str, headers: dict[str, str]
) -> None:
    url = plain["data"][0]["url"]
    answer = httpx2.request(method, url, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert httpx2.URL(url).path.endswith((".jpg", ".jpeg"))
    if method == "GET":
        assert opened(answer.content).format == "JPEG"
    else:
        assert answer.content == b""


def test_a_g06_a_plain_size_is_drawn(post: Post) -> None:
    (item,) = post(model=M4, prompt="a cat", size="1024x1024").json()["data"]
    assert size_of(item["url"]) == (1024, 1024)


def test_a_g08_a_long_size_is_drawn(post: Post) -> None:
    (item,) = post(model=M4, prompt="a cat", size="1600x600").json()["data"]
    assert item["size"] == "1600x600"
    assert size_of(item["url"]) == (1600, 600)


def test_a_g11_a_seed_repeats_its_picture(post: Post) -> None:
    def draw(seed: int) -> str:
        answer = post(
            model=M4, prompt="a cat", size="1280x720", seed=seed, response_format="b64_json"
        )
        data: str = answer.json()["data"][0]["b64_json"]
        return data

    twelve = draw(12)
    assert draw(12) == twelve
    assert draw(13) != twelve


@pytest.mark.parametrize("scale", [1, 10, 5.5, 1.0])
def test_a_g13_guidance_is_an_integer_or_a_decimal(post: Post, scale: float) -> None:
    answer = post(model=M4, prompt="a cat", size="1280x720", guidance_scale=scale)
    assert answer.status_code == 200, answer.text


def test_a_g14_the_watermark_stands_in_the_lower_right_corner(post: Post) -> None:
    def draw(watermark: bool) -> Any:
        answer = post(
            model=M4,
            prompt="a cat",
            size="1280x720",
            seed=1,
            watermark=watermark,
            output_format="png",
            response_format="b64_json",
        )
        return pixels(answer.json()["data"][0]["b64_json"])

    differs = (draw(True) != draw(False)).any(axis=2)
    assert differs[360:, 640:].any()
    assert not differs[:360].any()


def test_a_g18_a_group_is_no_larger_than_asked_for(post: Post) -> None:
    answer = post(
        model=M4,
        prompt="three pictures of a cat: in the morning, at noon, at night",
        size="1280x720",
        sequential_image_generation="auto",
        sequential_image_generation_options={"max_images": 3},
    )
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert 1 <= len(body["data"]) <= 3
    assert [item["index"] for item in body["data"]] == list(range(len(body["data"])))
    urls = {item["url"] for item in body["data"]}
    assert body["usage"]["generated_images"] == len(urls) == len(body["data"])
    assert body["usage"]["output_tokens"] == len(urls) * 1280 * 720 // 256


def test_a_g20_tools_and_png_on_lite(post: Post) -> None:
    answer = post(
        model=M5_LITE, prompt="a cat", tools=[{"type": "web_search"}], output_format="png"
    )
    assert answer.status_code == 200, answer.text
    (item,) = answer.json()["data"]
    assert item["url"].endswith(".png")
    assert opened(fetched(item["url"])).format == "PNG"


@pytest.mark.parametrize(
    "options", [{"mode": "fast", "thinking": None}, {"thinking": "auto"}], ids=["mode", "thinking"]
)
def test_a_g21_options_for_the_prompt_are_taken(post: Post, options: dict[str, Any]) -> None:
    answer = post(model=M4, prompt="a cat", size="1280x720", optimize_prompt_options=options)
    assert answer.status_code == 200, answer.text


def test_a_g22_unknown_fields_are_ignored_and_named(post: Post) -> None:
    foreign = {"n": 4, "quality": "hd", "user": "u", "foo": {}}
    answer = post(model=M4, prompt="a cat", size="1280x720", **foreign)
    assert answer.status_code == 200
    assert len(answer.json()["data"]) == 1
    assert ignored(answer) == set(foreign)


@pytest.mark.parametrize("path", [f"{ARK}/", f"{ARK}?foo=1", f"{ARK}/?foo=1"])
def test_a_g24_slash_and_query_change_nothing(client: httpx2.Client, path: str) -> None:
    body = {"model": M3, "prompt": "a cat", "size": "512x512"}
    assert client.post(path, json=body).status_code == 200


def test_a_g25_the_vendors_package_draws(site: Site) -> None:
    sdk = Ark(base_url=f"{site.url}/api/v3", api_key=KEY)
    sent = {"X-Client-Request-Id": "20261120130000abcDEF0123456789abcd"}
    answer = sdk.images.generate(model=M4, prompt="a cat", extra_headers=sent)
    sdk.close()
    assert answer.data[0].url
    assert answer.error is None
    assert answer._request_id == sent["X-Client-Request-Id"]


def test_a_g26_every_answer_has_its_id_and_the_callers(small: Post, client: httpx2.Client) -> None:
    own = "Own-Id:with/odd chars=%7E"
    body = {"model": M3, "prompt": "a cat", "size": "512x512"}
    answer = client.post(ARK, json=body, headers={"x-client-request-id": own})
    assert answer.headers["x-client-request-id"] == own
    assert answer.headers["x-request-id"]
    assert answer.headers["x-request-id"] != small().headers["x-request-id"]


def test_a_g28_a_charset_and_a_chunked_body_are_fine(client: httpx2.Client) -> None:
    whole = f'{{"model":"{M3}","size":"512x512","prompt":"猫"}}'.encode()
    answer = client.post(
        ARK,
        content=iter([whole[:20], whole[20:60], whole[60:]]),
        headers={"content-type": "application/json; charset=utf-8"},
    )
    assert "content-length" not in answer.request.headers
    assert answer.status_code == 200, answer.text
