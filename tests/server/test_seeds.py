"""The curl examples of both API documents, as a reader pastes them."""

import re
import shutil
import time
from collections.abc import Iterator

import httpx2
import pytest

from tests.server.conftest import KEY, Site
from tests.server.pictures import opened
from tests.server.published import (
    DALL_E_2,
    DALL_E_3,
    GPT_IMAGE_1,
    SEEDREAM,
    SEEDREAM_REFERENCE,
    paste,
)

JAVASCRIPT = {
    "prompt": "Van Gogh style starry night over a small town",
    "model": "dall-e-3",
    "quality": "hd",
    "size": "1024x1024",
}
PYTHON = {
    "prompt": "Watercolor style landscape painting with profound artistic conception",
    "model": "dall-e-3",
    "quality": "standard",
    "style": "natural",
    "size": "1024x1024",
}


pytestmark = pytest.mark.usefixtures("curl")


@pytest.fixture(scope="module")
def curl() -> None:
    assert shutil.which("curl"), "these tests paste curl commands: install curl"


def names_in(value: object) -> Iterator[str]:
    """Every name of every object, at any depth."""
    if isinstance(value, dict):
        yield from value
        for part in value.values():
            yield from names_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from names_in(part)


def test_a_g01_the_seedream_example_draws(site: Site) -> None:
    status, body = paste(SEEDREAM, site.url, KEY)
    assert status == 200, body
    assert re.fullmatch(r"img_[A-Za-z0-9]{10,}", body["id"])
    assert body["object"] == "image"
    assert type(body["created"]) is int
    assert abs(body["created"] - time.time()) < 600
    assert body["model"] == "doubao-seedream-4-0-250828"
    (item,) = body["data"]
    assert item["index"] == 0
    assert item["url"].startswith("http://")
    assert opened(httpx2.get(item["url"]).content).size == (2048, 2048)
    assert "error" not in set(names_in(body))
    assert type(body["usage"]["prompt_tokens"]) is int
    assert body["usage"]["prompt_tokens"] >= 1
    assert type(body["usage"]["total_tokens"]) is int


def test_the_seedream_reference_names_what_is_wrong_with_its_placeholders(site: Site) -> None:
    status, body = paste(SEEDREAM_REFERENCE, site.url, KEY)
    assert status == 400
    assert body["error"]["type"] == "invalid_request_error"
    assert body["error"]["code"] == "invalid_parameters"
    assert body["error"]["message"].startswith("Invalid request parameters")


def test_o_g01_the_dall_e_2_example_draws(site: Site) -> None:
    status, body = paste(DALL_E_2, site.url, KEY)
    assert status == 200, body
    (item,) = body["data"]
    assert item["b64_json"] is None
    assert type(body["created"]) is int
    assert opened(httpx2.get(item["url"]).content).size == (1024, 1024)
    assert body.keys() == {"created", "data"}


def test_o_g02_the_dall_e_3_example_draws(site: Site) -> None:
    status, body = paste(DALL_E_3, site.url, KEY)
    assert status == 200, body
    (item,) = body["data"]
    assert opened(httpx2.get(item["url"]).content).size == (1792, 1024)
    assert item["quality"] == "hd"
    assert item["size"] == "1792x1024"
    assert isinstance(item["revised_prompt"], str)


def test_o_g03_the_gpt_image_1_example_draws(site: Site) -> None:
    status, body = paste(GPT_IMAGE_1, site.url, KEY)
    assert status == 200, body
    assert len(body["data"]) == 2
    assert body["background"] == "transparent"
    for item in body["data"]:
        picture = opened(item["b64_json"])
        assert picture.format == "PNG"
        assert picture.mode == "RGBA"
    usage = body["usage"]
    for name in ("prompt_tokens", "input_tokens", "output_tokens", "total_tokens"):
        assert type(usage[name]) is int
    assert sum(usage["input_tokens_details"].values()) == usage["prompt_tokens"]


@pytest.mark.parametrize("body", [JAVASCRIPT, PYTHON], ids=["javascript", "python"])
def test_o_g04_the_other_languages_examples_draw(
    client: httpx2.Client, body: dict[str, str]
) -> None:
    answer = client.post("/v1/images/generations", json=body)
    assert answer.status_code == 200
    assert answer.json()["data"][0]["url"].startswith("http")


def test_a_wrong_key_is_refused_in_the_published_shape(site: Site) -> None:
    status, body = paste(DALL_E_2, site.url, "wrong")
    assert status == 401
    assert body["error"]["type"] == "authentication_error"
