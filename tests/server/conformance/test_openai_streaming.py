"""The OpenAI dialect as a stream, to the byte."""

import threading
from typing import Any

import httpx2
import openai
import pytest
from openai.types import ImageGenCompletedEvent, ImageGenPartialImageEvent

from pipelines.errors import ModelFailure
from tests.server.conformance.calls import GENERATIONS, events_of
from tests.server.conftest import KEY, Site
from tests.server.drawer import Drawer
from tests.server.pictures import opened
from tests.server.shapes import Post, openai_error, openai_invalid


@pytest.fixture
def post(client: httpx2.Client) -> Post:
    def post(**members: Any) -> httpx2.Response:
        cheap = {"model": "gpt-image-1", "prompt": "a cat", "stream": True}
        return client.post(GENERATIONS, json=cheap | members)

    return post


def test_o_s01_previews_then_the_picture_then_nothing(post: Post) -> None:
    answer = post(partial_images=2, quality="high")
    events = events_of(answer)
    *previews, end = events
    assert len(previews) <= 2
    assert [preview["partial_image_index"] for preview in previews] == list(range(len(previews)))
    assert {preview["type"] for preview in previews} <= {"image_generation.partial_image"}
    for event in events:
        assert opened(event["b64_json"]).size == (1024, 1024)
        assert type(event["created_at"]) is int
        assert event["background"] == "opaque"
        assert event["quality"] == "high"
        assert event["output_format"] == "png"
        assert event["size"] == "1024x1024"
    assert end["type"] == "image_generation.completed"
    assert end["usage"].keys() >= {"input_tokens", "output_tokens", "total_tokens"}
    assert b"[DONE]" not in answer.content


def test_o_s01_previews_are_shown_before_the_picture_is_finished(
    client: httpx2.Client, drawer: Drawer
) -> None:
    gate = threading.Event()
    drawer.script("shown on the way", gate=gate, gate_from=5)
    body = {"model": "gpt-image-1", "prompt": "shown on the way", "stream": True}
    first = b""
    with client.stream("POST", GENERATIONS, json=body | {"partial_images": 3}) as answer:
        for data in answer.iter_bytes():
            first += data
            if b"\n\n" in first and not gate.is_set():
                assert b"partial_image" in first.partition(b"\n\n")[0]
                assert b"image_generation.completed" not in first
                gate.set()
    assert b"image_generation.completed" in first


@pytest.mark.parametrize(
    ("number", "code"), [(4, "integer_above_max_value"), (-1, "integer_below_min_value")]
)
def test_o_s03_a_wrong_number_of_previews_is_refused(post: Post, number: int, code: str) -> None:
    openai_invalid(post(partial_images=number), "partial_images", code)


@pytest.mark.parametrize("strict", [False, True], ids=["lenient", "strict"])
def test_o_s04_the_vendors_package_reads_to_the_end(site: Site, strict: bool) -> None:
    with openai.OpenAI(
        base_url=f"{site.url}/v1", api_key=KEY, _strict_response_validation=strict
    ) as sdk:
        events = list(
            sdk.images.generate(
                model="gpt-image-1", prompt="a cat", quality="high", stream=True, partial_images=2
            )
        )
    *previews, end = events
    assert previews
    assert all(isinstance(event, ImageGenPartialImageEvent) for event in previews)
    assert isinstance(end, ImageGenCompletedEvent)
    assert opened(end.b64_json).size == (1024, 1024)
    assert end.usage.input_tokens >= 1


def test_o_s04_a_failure_after_the_beginning_is_the_packages_exception(
    site: Site, drawer: Drawer
) -> None:
    drawer.script("breaks in the stream", fail_at={7: ModelFailure("NaN in the latents")})
    with openai.OpenAI(base_url=f"{site.url}/v1", api_key=KEY) as sdk:
        stream = sdk.images.generate(
            model="gpt-image-1", prompt="breaks in the stream", stream=True, extra_body={"seed": 7}
        )
        with pytest.raises(openai.APIError) as caught:
            list(stream)
    assert caught.value.code == "image_generation_failed"


@pytest.mark.parametrize("wrong", [{"n": 11}, {"prompt": ""}, {"size": "1x1"}], ids=str)
def test_o_s06_a_wrong_call_is_refused_in_plain_json(post: Post, wrong: dict[str, Any]) -> None:
    openai_error(post(**wrong), 400)
