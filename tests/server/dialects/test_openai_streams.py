"""The OpenAI dialect's events: previews on the way, each picture with its usage."""

import base64
import threading
from typing import Any

import httpx2
import pytest

from pipelines.errors import ModelFailure
from tests.server.drawer import Drawer
from tests.server.frames import frames
from tests.server.pictures import opened
from tests.server.shapes import openai_invalid

PATH = "/v1/images/generations"


def listen(
    client: httpx2.Client, members: dict[str, Any], gate: threading.Event, enough: int
) -> list[dict[str, Any]]:
    """Read a stream to its end; open the gate when there have been previews enough."""
    content = b""
    with client.stream("POST", PATH, json=members | {"stream": True}) as answer:
        for part in answer.iter_bytes():
            content += part
            if content.count(b"event: image_generation.partial_image\n") == enough:
                gate.set()
    return frames(content)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_previews_then_the_picture(client: httpx2.Client, drawer: Drawer, count: int) -> None:
    prompt = f"a cat in {count} previews"
    gate = threading.Event()
    members = {
        "model": "gpt-image-1",
        "prompt": prompt,
        "size": "1536x1024",
        "quality": "high",
        "output_format": "jpeg",
        "partial_images": count,
    }
    drawer.script(prompt, gate=gate, gate_from=-1)
    *shown, end = listen(client, members, gate, enough=count)
    look = {
        "size": "1536x1024",
        "quality": "high",
        "background": "opaque",
        "output_format": "jpeg",
    }
    for event in (*shown, end):
        picture = opened(event.pop("b64_json"))
        assert (picture.size, picture.format) == ((1536, 1024), "JPEG")
        assert event.pop("created_at") > 1_700_000_000
    assert shown == [
        {"type": "image_generation.partial_image", **look, "partial_image_index": number}
        for number in range(count)
    ]
    assert end == {
        "type": "image_generation.completed",
        **look,
        "usage": {
            "prompt_tokens": 5,
            "input_tokens": 5,
            "output_tokens": 6208,
            "total_tokens": 6213,
            "input_tokens_details": {"text_tokens": 5, "image_tokens": 0},
            "output_tokens_details": {"text_tokens": 0, "image_tokens": 6208},
        },
    }


def test_without_previews_there_is_only_the_picture(client: httpx2.Client) -> None:
    answer = client.post(PATH, json={"model": "gpt-image-1", "prompt": "a cat", "stream": True})
    (end,) = frames(answer.content)
    assert end["type"] == "image_generation.completed"
    assert "url" not in end


@pytest.mark.parametrize("asked", ["url", "b64_json"])
def test_the_address_stands_beside_the_picture_when_asked_for(
    client: httpx2.Client, asked: str
) -> None:
    members = {"model": "gpt-image-1", "prompt": "a cat", "stream": True, "response_format": asked}
    (end,) = frames(client.post(PATH, json=members).content)
    assert ("url" in end) == (asked == "url")
    if asked == "url":
        assert client.get(end["url"]).content == base64.b64decode(end["b64_json"], validate=True)


def test_several_pictures_each_complete_and_say_which_they_are(client: httpx2.Client) -> None:
    members = {
        "model": "gpt-image-1",
        "prompt": "a cat",
        "stream": True,
        "n": 3,
        "seed": 5,
        "output_format": "jpeg",
    }
    told = frames(client.post(PATH, json=members).content)
    assert [event["image_index"] for event in told] == [0, 1, 2]
    assert len({event["b64_json"] for event in told}) == 3
    assert {event["usage"]["output_tokens"] for event in told} == {1056}
    whole = client.post(PATH, json=members | {"stream": False}).json()
    assert [event["b64_json"] for event in told] == [item["b64_json"] for item in whole["data"]]


def test_a_model_of_the_other_vendor_is_told_in_the_same_words(client: httpx2.Client) -> None:
    members = {"model": "doubao-seedream-4-0-250828", "prompt": "a cat", "size": "1280x720"}
    (end,) = frames(client.post(PATH, json=members | {"stream": True}).content)
    assert end["type"] == "image_generation.completed"
    assert opened(end["b64_json"]).size == (1280, 720)
    assert end["usage"]["output_tokens"] == 3600
    assert client.head(end["url"]).status_code == 200


def test_who_names_no_model_but_wants_events_means_gpt_image(client: httpx2.Client) -> None:
    answer = client.post(PATH, json={"prompt": "a cat", "stream": True})
    assert answer.headers["x-seedbed-model"] == "embedded; requested=gpt-image-1"


@pytest.mark.parametrize("model", ["dall-e-2", "dall-e-3", "doubao-seedream-3-0-t2i"])
def test_other_models_do_not_answer_in_events(client: httpx2.Client, model: str) -> None:
    answer = client.post(PATH, json={"model": model, "prompt": "a cat", "stream": True})
    assert model in openai_invalid(answer, "stream", "invalid_value")["message"]


@pytest.mark.parametrize(
    ("param", "value", "code"),
    [
        ("n", 11, "integer_above_max_value"),
        ("partial_images", 4, "integer_above_max_value"),
        ("partial_images", -1, "integer_below_min_value"),
    ],
)
def test_a_wrong_call_is_refused_before_the_stream(
    client: httpx2.Client, param: str, value: int, code: str
) -> None:
    members = {"model": "gpt-image-1", "prompt": "a cat", "stream": True, param: value}
    openai_invalid(client.post(PATH, json=members), param, code)


def test_previews_without_a_stream_have_no_effect(client: httpx2.Client, drawer: Drawer) -> None:
    members = {"model": "gpt-image-1", "prompt": "a quiet cat", "partial_images": 2}
    answer = client.post(PATH, json=members)
    assert answer.headers["x-seedbed-ignored"] == "partial_images"
    (request,) = (request for request in drawer.drawn if request.prompt == "a quiet cat")
    assert request.preview_steps == ()


def test_a_failure_ends_the_stream_in_words_the_package_knows(
    client: httpx2.Client, drawer: Drawer
) -> None:
    drawer.script("a cat that fails", fail_at={9: ModelFailure("NaN in the latents")})
    members = {"model": "gpt-image-1", "prompt": "a cat that fails", "seed": 9, "stream": True}
    (end,) = frames(client.post(PATH, json=members).content)
    assert end == {
        "type": "error",
        "error": {
            "message": "NaN in the latents",
            "type": "image_generation_server_error",
            "param": None,
            "code": "image_generation_failed",
        },
    }
