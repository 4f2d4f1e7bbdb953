"""What the OpenAI dialect answers to right calls. The published ones: tests/server/test_seeds."""

from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest

from tests.server.conformance.calls import GENERATIONS, fetched, ignored, size_of
from tests.server.conftest import KEY, Site
from tests.server.pictures import opened
from tests.server.shapes import Post

DOUBAO = "doubao-seedream-3-0-t2i"


@pytest.fixture
def post(client: httpx2.Client) -> Post:
    def post(**members: Any) -> httpx2.Response:
        return client.post(GENERATIONS, json={"prompt": "a cat"} | members)

    return post


@pytest.fixture(scope="module", params=[False, True], ids=["lenient", "strict"])
def sdk(site: Site, request: pytest.FixtureRequest) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=f"{site.url}/v1", api_key=KEY, _strict_response_validation=request.param
    ) as sdk:
        yield sdk


def test_o_g06_a_doubao_model_repeats_a_seed(post: Post) -> None:
    extensions = {"watermark": False, "seed": 7, "guidance_scale": 2.5}
    answers = [post(model=DOUBAO, **extensions) for _ in range(2)]
    urls = [answer.json()["data"][0]["url"] for answer in answers]
    assert urls[0] != urls[1]
    assert fetched(urls[0]) == fetched(urls[1])
    assert not ignored(answers[0])


def test_o_g07_ten_small_pictures_are_ten(post: Post) -> None:
    data = post(model="dall-e-2", n=10, size="256x256", response_format="b64_json").json()["data"]
    assert [item["url"] for item in data] == [None] * 10
    assert all(opened(item["b64_json"]).size == (256, 256) for item in data)
    assert len({item["b64_json"] for item in data}) == 10


def test_o_g09_gpt_image_sends_the_same_picture_both_ways(post: Post) -> None:
    (item,) = post(model="gpt-image-1").json()["data"]
    assert opened(item["b64_json"]).tobytes() == opened(fetched(item["url"])).tobytes()


@pytest.mark.parametrize(
    ("form", "compression", "ending"), [("webp", 50, ".webp"), ("jpeg", 80, ".jpg")]
)
def test_o_g11_the_format_is_the_one_asked_for(
    post: Post, form: str, compression: int, ending: str
) -> None:
    answer = post(model="gpt-image-1", output_format=form, output_compression=compression)
    (item,) = answer.json()["data"]
    assert item["output_format"] == form
    assert item["url"].endswith(ending)
    assert opened(item["b64_json"]).format == form.upper()
    assert not ignored(answer)


@pytest.mark.parametrize("size", ["1536x1024", "1024x1536", "auto"])
def test_o_g12_gpt_image_draws_its_sizes_and_says_what_auto_was(post: Post, size: str) -> None:
    (item,) = post(model="gpt-image-1", size=size).json()["data"]
    width, height = opened(item["b64_json"]).size
    assert item["size"] == f"{width}x{height}"
    assert size in ("auto", item["size"])


def test_o_g15_a_prompt_alone_means_dall_e_2(post: Post) -> None:
    answer = post()
    (item,) = answer.json()["data"]
    assert item["b64_json"] is None
    assert size_of(item["url"]) == (1024, 1024)
    assert answer.headers["x-seedbed-model"].endswith("requested=dall-e-2")


def test_o_g17_null_is_absent(post: Post) -> None:
    names = (
        *("model", "n", "quality", "response_format", "size", "style", "user", "background"),
        *("moderation", "output_compression", "output_format", "stream", "partial_images"),
        *("watermark", "seed", "guidance_scale", "foreign"),
    )
    answer = post(**dict.fromkeys(names))
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-seedbed-model"].endswith("requested=dall-e-2")
    assert not ignored(answer)


def test_o_g18_unknown_fields_are_ignored_and_named(post: Post) -> None:
    foreign = {"foo": 1, "safety_identifier": "s", "user": "u"}
    answer = post(model="dall-e-2", size="256x256", **foreign)
    assert answer.status_code == 200
    assert ignored(answer) == set(foreign)


def test_o_g20_the_vendors_package_draws(sdk: openai.OpenAI) -> None:
    answer = sdk.images.generate(model="gpt-image-1", prompt="a cat")
    assert answer.data
    assert answer.usage is not None
    assert type(answer.usage.input_tokens) is int
    assert (answer._request_id or "").startswith("req_")


def test_o_g21_the_package_carries_the_extensions(sdk: openai.OpenAI) -> None:
    raw = sdk.images.with_raw_response.generate(
        model=DOUBAO,
        prompt="a cat",
        extra_body={"watermark": False, "seed": 1, "guidance_scale": 5.5},
    )
    assert raw.parse().data
    assert raw.headers["x-seedbed-seed"] == "1"
    assert "x-seedbed-ignored" not in raw.headers


@pytest.mark.parametrize("size", ["1536x864", "2048x1152"])
def test_o_g22_gpt_image_2_draws_free_sizes(post: Post, size: str) -> None:
    (item,) = post(model="gpt-image-2", size=size, output_format="jpeg").json()["data"]
    assert opened(item["b64_json"]).size == tuple(map(int, size.split("x")))
