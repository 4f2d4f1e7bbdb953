"""Groups of pictures in the Ark dialect, whole and in events: each picture stands for itself."""

import threading
from typing import Any

import httpx2
import pytest

from pipelines.errors import ContentRejected, ModelFailure
from server.contract.named_models import MODELS
from tests.server.conformance.calls import data_url, png
from tests.server.drawer import Drawer
from tests.server.frames import frames
from tests.server.pictures import opened
from tests.server.shapes import ark_error, ark_invalid

PATH = "/api/v3/images/generations"
M4 = "doubao-seedream-4-0-250828"
DONE = b"data: [DONE]\n\n"
ONE = 1280 * 720 // 256
"""Tokens of one picture."""


def group(prompt: str, most: int | None = None, **more: object) -> dict[str, Any]:
    return {
        "model": M4,
        "prompt": prompt,
        "size": "1280x720",
        "seed": 5,
        "sequential_image_generation": "auto",
        "sequential_image_generation_options": {"max_images": most},
        **more,
    }


def test_as_many_as_the_prompt_asks_for(client: httpx2.Client) -> None:
    answer = client.post(PATH, json=group("three pictures of a cat", most=3))
    body = answer.json()
    assert [item["index"] for item in body["data"]] == [0, 1, 2]
    assert len({client.get(item["url"]).content for item in body["data"]}) == 3
    assert body["usage"] == {
        "prompt_tokens": 6,
        "generated_images": 3,
        "output_tokens": 3 * ONE,
        "total_tokens": 3 * ONE,
    }
    assert answer.headers["x-seedbed-seed"] == "5, 6, 7"
    assert "x-seedbed-ignored" not in answer.headers


@pytest.mark.parametrize(
    ("prompt", "most", "drawn"),
    [
        ("three pictures", 2, 2),
        ("生成一组四张猫", None, 4),
        ("a series of images", 2, 2),
        ("a cat", 9, 1),
    ],
)
def test_but_no_more_than_the_call_allows(
    client: httpx2.Client, drawer: Drawer, prompt: str, most: int | None, drawn: int
) -> None:
    before = len(drawer.drawn)
    assert client.post(PATH, json=group(prompt, most)).status_code == 200
    assert len(drawer.drawn) == before + drawn


def test_a_disabled_group_is_one_picture_and_its_options_say_nothing(client: httpx2.Client) -> None:
    members = group("three pictures", most=99, sequential_image_generation="disabled")
    answer = client.post(PATH, json=members)
    assert len(answer.json()["data"]) == 1
    assert answer.headers["x-seedbed-ignored"] == "sequential_image_generation_options"


@pytest.mark.parametrize("most", [0, 16, -1])
def test_a_group_has_one_to_fifteen_pictures(client: httpx2.Client, most: int) -> None:
    answer = client.post(PATH, json=group("three pictures", most))
    ark_invalid(answer, "sequential_image_generation_options.max_images")


@pytest.mark.parametrize(
    "model",
    [
        "doubao-seedream-3-0-t2i-250415",
        "doubao-seedream-5-0-pro-260628",
        "doubao-seedream-5-0-flash-260915",
    ],
)
@pytest.mark.parametrize(
    ("param", "value"), [("sequential_image_generation", "auto"), ("stream", True)]
)
def test_some_models_draw_one_picture_at_a_time(
    client: httpx2.Client, model: str, param: str, value: object
) -> None:
    members = {"model": model, "prompt": "a cat", "size": "1024x1024", param: value}
    error = ark_invalid(client.post(PATH, json=members), param)
    assert model in error["message"]


def test_every_other_model_of_the_vendor_draws_groups_and_tells_events() -> None:
    able = {name for name, model in MODELS.items() if model.brand == "seedream"}
    able = {name for name in able if "3-0" not in name and "pro" not in name}
    able = {name for name in able if "flash" not in name}
    assert len(able) == 8
    assert all(MODELS[name].abilities.groups and MODELS[name].abilities.streams for name in able)


@pytest.mark.parametrize(
    ("model", "fast"),
    [
        (M4, True),
        ("doubao-seedream-5-0-pro-260628", True),
        ("doubao-seedream-4-5-251128", False),
        ("doubao-seedream-5-0-lite-260128", False),
        ("doubao-seedream-5-0-flash-260915", False),
    ],
)
def test_only_two_models_rewrite_prompts_fast(
    client: httpx2.Client, model: str, fast: bool
) -> None:
    members = {"model": model, "prompt": "a cat", "optimize_prompt_options": {"mode": "fast"}}
    answer = client.post(PATH, json=members)
    if fast:
        assert answer.headers["x-seedbed-ignored"] == "optimize_prompt_options"
    else:
        error = ark_invalid(answer, "optimize_prompt_options.mode")
        assert "optimize_prompt_options.mode must be 'standard'" in error["message"]


@pytest.mark.parametrize(
    ("model", "taken"),
    [("doubao-seedream-5-0-lite-260128", True), ("dola-seedream-5-0-pro-260628", False)],
)
def test_tools_are_named_as_unused_or_refused(
    client: httpx2.Client, model: str, taken: bool
) -> None:
    members = {"model": model, "prompt": "a cat", "tools": [{"type": "web_search"}]}
    answer = client.post(PATH, json=members)
    if taken:
        assert answer.headers["x-seedbed-ignored"] == "tools"
    else:
        ark_invalid(answer, "tools")


def test_no_picture_comes_in_layers(client: httpx2.Client) -> None:
    ark_invalid(
        client.post(PATH, json=group("a cat", layer_decomposition=True)), "layer_decomposition"
    )
    assert client.post(PATH, json=group("a cat", layer_decomposition=False)).status_code == 200


def test_a_refused_picture_does_not_stop_the_others(client: httpx2.Client, drawer: Drawer) -> None:
    prompt = "three pictures, the second refused"
    drawer.script(prompt, fail_at={6: ContentRejected("not this one")})
    answer = client.post(PATH, json=group(prompt, response_format="b64_json"))
    assert answer.status_code == 200
    body = answer.json()
    assert "error" not in body
    first, second, third = body["data"]
    assert [opened(item["b64_json"]).size for item in (first, third)] == [(1280, 720)] * 2
    assert second == {
        "error": {
            "code": "OutputImageSensitiveContentDetected",
            "message": f"not this one Request id: {answer.headers['x-request-id']}",
        },
        "index": 1,
    }
    assert body["usage"]["generated_images"] == 2
    assert body["usage"]["output_tokens"] == 2 * ONE


def test_when_every_picture_is_refused_the_call_is(client: httpx2.Client, drawer: Drawer) -> None:
    prompt = "two pictures, both refused"
    drawer.script(prompt, fail_at={seed: ContentRejected("no", "prompt") for seed in (5, 6)})
    error = ark_error(client.post(PATH, json=group(prompt)), 400)
    assert error["code"] == "InputTextSensitiveContentDetected"


def test_when_nothing_is_drawn_our_fault_is_the_answer(
    client: httpx2.Client, drawer: Drawer
) -> None:
    prompt = "two pictures, one refused and one broken"
    failures = {5: ContentRejected("no"), 6: ModelFailure("NaN in the latents")}
    drawer.script(prompt, fail_at=failures)
    error = ark_error(client.post(PATH, json=group(prompt)), 500)
    assert error["code"] == "InternalServiceError"


def test_in_events_each_picture_comes_as_soon_as_it_is_there(
    client: httpx2.Client, drawer: Drawer
) -> None:
    prompt = "three pictures, the last one late"
    gate = threading.Event()
    drawer.script(prompt, gate=gate, gated_seed=7)
    content = b""
    with client.stream("POST", PATH, json=group(prompt, stream=True)) as answer:
        for part in answer.iter_bytes():
            content += part
            if content.count(b"event: image_generation.partial_succeeded") == 2:
                gate.set()
    *pictures, end = frames(content, DONE)
    for index, picture in enumerate(pictures):
        assert picture.keys() == {"type", "model", "created", "image_index", "url", "size"}
        assert picture["type"] == "image_generation.partial_succeeded"
        assert picture["image_index"] == index
        assert picture["model"] == M4
        assert picture["size"] == "1280x720"
        assert opened(client.get(picture["url"]).content).size == (1280, 720)
    assert len(pictures) == 3
    assert end.pop("created") >= pictures[-1]["created"]
    assert end == {
        "type": "image_generation.completed",
        "model": M4,
        "usage": {"generated_images": 3, "output_tokens": 3 * ONE, "total_tokens": 3 * ONE},
    }


def test_in_events_a_refused_picture_is_told_at_its_place(
    client: httpx2.Client, drawer: Drawer
) -> None:
    prompt = "three pictures in events, the second refused"
    drawer.script(prompt, fail_at={6: ContentRejected("not this one")})
    members = group(prompt, stream=True, response_format="b64_json")
    answer = client.post(PATH, json=members)
    first, second, third, end = frames(answer.content, DONE)
    assert [event["image_index"] for event in (first, second, third)] == [0, 1, 2]
    assert opened(third["b64_json"]).size == (1280, 720)
    assert second.pop("created")
    assert second == {
        "type": "image_generation.partial_failed",
        "model": M4,
        "image_index": 1,
        "error": {
            "code": "OutputImageSensitiveContentDetected",
            "message": f"not this one Request id: {answer.headers['x-request-id']}",
        },
    }
    assert end["usage"]["generated_images"] == 2


def test_in_events_our_fault_stops_the_rest_and_what_was_drawn_counts(
    client: httpx2.Client, drawer: Drawer, caplog: pytest.LogCaptureFixture
) -> None:
    prompt = "two pictures in events, the second broken"
    gate = threading.Event()
    failures: dict[int, Exception] = {6: ModelFailure("NaN in the latents")}
    drawer.script(prompt, gate=gate, gated_seed=6, fail_at=failures)
    content = b""
    with client.stream("POST", PATH, json=group(prompt, stream=True)) as answer:
        for part in answer.iter_bytes():
            content += part
            if b"partial_succeeded" in content:
                gate.set()
    first, second, end = frames(content, DONE)
    assert first["type"] == "image_generation.partial_succeeded"
    assert second["type"] == "image_generation.partial_failed"
    assert second["error"]["code"] == "InternalServiceError"
    assert end["usage"]["generated_images"] == 1
    assert "NaN in the latents" in caplog.text


def test_references_are_counted_and_leave_less_room_for_a_group(
    client: httpx2.Client, drawer: Drawer
) -> None:
    picture = data_url(png())
    answer = client.post(PATH, json=group("nine pictures of it", image=[picture] * 12))
    assert answer.json()["usage"] == {
        "prompt_tokens": 5,
        "generated_images": 3,
        "output_tokens": 3 * ONE,
        "total_tokens": 3 * ONE,
        "input_images": 12,
    }


@pytest.mark.parametrize(
    ("model", "cut_out"), [("doubao-seedream-5-0-pro-260628", True), (M4, False)]
)
def test_two_models_draw_without_a_background(
    client: httpx2.Client, model: str, cut_out: bool
) -> None:
    members = {"model": model, "prompt": "a cat", "size": "1280x720", "background": "transparent"}
    answer = client.post(PATH, json=members | {"response_format": "b64_json"})
    picture = opened(answer.json()["data"][0]["b64_json"])
    assert (picture.format, picture.mode) == (("PNG", "RGBA") if cut_out else ("JPEG", "RGB"))
    assert answer.headers.get("x-seedbed-ignored") == (None if cut_out else "background")


def test_a_jpeg_cannot_be_without_a_background(client: httpx2.Client) -> None:
    members = {
        "model": "doubao-seedream-5-0-pro-260628",
        "prompt": "a cat",
        "output_format": "jpeg",
    }
    ark_invalid(client.post(PATH, json=members | {"background": "transparent"}), "background")
