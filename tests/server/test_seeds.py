"""The curl examples of both API documents, as a reader pastes them."""

import shutil

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


def test_the_seedream_example_draws(site: Site) -> None:
    status, body = paste(SEEDREAM, site.url, KEY)
    assert status == 200, body
    assert body["model"] == "doubao-seedream-4-0-250828"
    assert opened(httpx2.get(body["data"][0]["url"]).content).size == (2048, 2048)


def test_the_seedream_reference_names_what_is_wrong_with_its_placeholders(site: Site) -> None:
    status, body = paste(SEEDREAM_REFERENCE, site.url, KEY)
    assert status == 400
    assert body["error"]["type"] == "invalid_request_error"
    assert body["error"]["code"] == "invalid_parameters"
    assert body["error"]["message"].startswith("Invalid request parameters")


def test_the_dall_e_2_example_draws(site: Site) -> None:
    status, body = paste(DALL_E_2, site.url, KEY)
    assert status == 200, body
    (item,) = body["data"]
    assert item["b64_json"] is None
    assert opened(httpx2.get(item["url"]).content).size == (1024, 1024)
    assert body.keys() == {"created", "data"}


def test_the_dall_e_3_example_draws(site: Site) -> None:
    status, body = paste(DALL_E_3, site.url, KEY)
    assert status == 200, body
    (item,) = body["data"]
    assert opened(httpx2.get(item["url"]).content).size == (1792, 1024)
    assert item["quality"] == "hd"
    assert item["size"] == "1792x1024"
    assert isinstance(item["revised_prompt"], str)


def test_the_gpt_image_1_example_draws(site: Site) -> None:
    status, body = paste(GPT_IMAGE_1, site.url, KEY)
    assert status == 200, body
    assert len(body["data"]) == 2
    assert body["background"] == "transparent"
    for item in body["data"]:
        picture = opened(item["b64_json"])
        assert picture.format == "PNG"
        assert picture.mode == "RGBA"
    usage = body["usage"]
    assert sum(usage["input_tokens_details"].values()) == usage["prompt_tokens"]


@pytest.mark.parametrize("body", [JAVASCRIPT, PYTHON], ids=["javascript", "python"])
def test_the_other_languages_examples_draw(client: httpx2.Client, body: dict[str, str]) -> None:
    answer = client.post("/v1/images/generations", json=body)
    assert answer.status_code == 200
    assert answer.json()["data"][0]["url"].startswith("http")


def test_a_wrong_key_is_refused_in_the_published_shape(site: Site) -> None:
    status, body = paste(DALL_E_2, site.url, "wrong")
    assert status == 401
    assert body["error"]["type"] == "authentication_error"
