"""The curl examples of both API documents, as a reader pastes them.

One change: the Seedream example is published with its apostrophes as three quotes, which no shell
takes (the text ends there and the rest becomes host names); here they are quoted rightly.
"""

import json
import shutil
import subprocess

import httpx2
import pytest

from tests.server.conftest import KEY, Site
from tests.server.pictures import opened

SEEDREAM = r"""curl -X POST "https://gptproto.com/api/v3/images/generations" \
  -H "Authorization: Bearer YOUR_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{
  "model": "doubao-seedream-4-0-250828",
  "prompt": "Fisheye lens, a cat'"'"'s head, the picture shows the cat'"'"'s facial features are distorted due to the shooting method.",
  "response_format": "url",
  "size": "adaptive",
  "seed": 12,
  "guidance_scale": 2.5,
  "watermark": true
}'
"""  # noqa: E501 - as published

SEEDREAM_REFERENCE = r"""curl --request POST \
  --url https://gptproto.com/api/v3/images/generations \
  --header 'Authorization: <authorization>' \
  --header 'Content-Type: application/json' \
  --data '{
  "model": "<string>",
  "prompt": "<string>",
  "response_format": "<string>",
  "size": "<string>",
  "seed": 123,
  "guidance_scale": 123,
  "watermark": true
}'
"""

DALL_E_2 = r"""curl -X POST "https://api.example.com/v1/images/generations" \
-H "Authorization: Bearer YOUR_API_KEY" \
-H "Content-Type: application/json" \
-d '{
"prompt": "A cute orange cat sitting in sunlight",
"model": "dall-e-2",
"n": 1,
"size": "1024x1024",
"response_format": "url"
}'
"""

DALL_E_3 = r"""curl -X POST "https://api.example.com/v1/images/generations" \
-H "Authorization: Bearer YOUR_API_KEY" \
-H "Content-Type: application/json" \
-d '{
"prompt": "Futuristic cityscape with neon lights, cyberpunk style",
"model": "dall-e-3",
"quality": "hd",
"style": "vivid",
"size": "1792x1024"
}'
"""

GPT_IMAGE_1 = r"""curl -X POST "https://api.example.com/v1/images/generations" \
-H "Authorization: Bearer YOUR_API_KEY" \
-H "Content-Type: application/json" \
-d '{
"prompt": "A blooming magnolia flower with blurred background, photography style",
"model": "gpt-image-1",
"background": "transparent",
"output_format": "png",
"output_compression": 85,
"moderation": "low",
"n": 2
}'
"""

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


def paste(command: str, site: Site, key: str = KEY) -> tuple[int, dict[str, object]]:
    """Run a published command in a shell; only the host and the key are ours."""
    for host in ("https://gptproto.com", "https://api.example.com"):
        command = command.replace(host, site.url)
    command = command.replace("YOUR_API_KEY", key).replace("<authorization>", f"Bearer {key}")
    command = command.replace("curl ", r"curl -sS -w '\n%{http_code}' ", 1)
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body)


pytestmark = pytest.mark.usefixtures("curl")


@pytest.fixture(scope="module")
def curl() -> None:
    assert shutil.which("curl"), "these tests paste curl commands: install curl"


def test_the_seedream_example_draws(site: Site) -> None:
    status, body = paste(SEEDREAM, site)
    assert status == 200, body
    assert body["model"] == "doubao-seedream-4-0-250828"
    assert opened(httpx2.get(body["data"][0]["url"]).content).size == (2048, 2048)


def test_the_seedream_reference_names_what_is_wrong_with_its_placeholders(site: Site) -> None:
    status, body = paste(SEEDREAM_REFERENCE, site)
    assert status == 400
    assert body["error"]["type"] == "invalid_request_error"
    assert body["error"]["code"] == "invalid_parameters"
    assert body["error"]["message"].startswith("Invalid request parameters")


def test_the_dall_e_2_example_draws(site: Site) -> None:
    status, body = paste(DALL_E_2, site)
    assert status == 200, body
    (item,) = body["data"]
    assert item["b64_json"] is None
    assert opened(httpx2.get(item["url"]).content).size == (1024, 1024)
    assert body.keys() == {"created", "data"}


def test_the_dall_e_3_example_draws(site: Site) -> None:
    status, body = paste(DALL_E_3, site)
    assert status == 200, body
    (item,) = body["data"]
    assert opened(httpx2.get(item["url"]).content).size == (1792, 1024)
    assert item["quality"] == "hd"
    assert item["size"] == "1792x1024"
    assert isinstance(item["revised_prompt"], str)


def test_the_gpt_image_1_example_draws(site: Site) -> None:
    status, body = paste(GPT_IMAGE_1, site)
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
    status, body = paste(DALL_E_2, site, key="wrong")
    assert status == 401
    assert body["error"]["type"] == "authentication_error"
