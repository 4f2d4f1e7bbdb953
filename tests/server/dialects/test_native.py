"""Our own streaming dialect: every step and every picture is an event."""

import threading
from typing import Any

import httpx2
import pytest

from pipelines.errors import ModelFailure
from tests.server.drawer import Drawer
from tests.server.frames import frames
from tests.server.pictures import opened

PATH = "/seedbed/v1/images"


def events(answer: httpx2.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return frames(answer.content)


def test_every_step_then_the_picture_then_the_end(client: httpx2.Client) -> None:
    answer = client.post(PATH, json={"prompt": "a cat", "size": "128x64", "seed": 12})
    *steps, image, end = events(answer)
    assert steps == [
        {
            "type": "progress",
            "index": 0,
            "step": step,
            "steps": 16,
            "eta_s": round(0.1 * (16 - step), 3),
        }
        for step in range(1, 17)
    ]
    assert opened(image.pop("b64_json")).size == (128, 64)
    marks = image.pop("provenance")
    assert len(bytes.fromhex(marks["id"])) == 8
    assert marks["layers"] == ["metadata"]
    assert marks["skipped"] == {
        "invisible": "there is no key here",
        "registry": "nothing is kept here",
    }
    assert image == {
        "type": "image",
        "index": 0,
        "seed": 12,
        "size": "128x64",
        "output_format": "png",
        "revised_prompt": "a cat",
    }
    assert end == {"type": "completed"}
    assert answer.headers["x-seedbed-model"] == "embedded; requested=seedbed"
    assert answer.headers["x-request-id"].startswith("req_")


def test_several_pictures_have_their_index(client: httpx2.Client) -> None:
    answer = client.post(PATH, json={"prompt": "a cat", "size": "64x64", "n": 3, "seed": 5})
    images = [event for event in events(answer) if event["type"] == "image"]
    assert {image["index"]: image["seed"] for image in images} == {0: 5, 1: 6, 2: 7}


def test_a_negative_prompt_changes_the_picture(client: httpx2.Client) -> None:
    def draw(**more: str) -> str:
        body = {"prompt": "a cat", "size": "64x64", "seed": 5, **more}
        return next(
            event["b64_json"]
            for event in events(client.post(PATH, json=body))
            if event["type"] == "image"
        )

    assert draw() != draw(negative_prompt="a dog")


def test_steps_win_over_what_quality_means(client: httpx2.Client) -> None:
    body = {"prompt": "a cat", "size": "64x64", "quality": "high", "steps": 3}
    answer = client.post(PATH, json=body)
    steps = [event for event in events(answer) if event["type"] == "progress"]
    assert [event["steps"] for event in steps] == [3, 3, 3]
    assert answer.headers["x-seedbed-steps"] == "3"
    for wrong in (0, 51):
        error = client.post(PATH, json={**body, "steps": wrong}).json()["error"]
        assert error["param"] == "steps"


def test_another_model_keeps_its_own_rules(client: httpx2.Client) -> None:
    answer = client.post(PATH, json={"prompt": "a cat", "size": "64x64", "model": "dall-e-2"})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "size"


@pytest.mark.parametrize("error", [ModelFailure("NaN in the latents"), KeyError("secret")])
def test_an_error_has_the_shape_of_the_default_dialect(
    client: httpx2.Client, drawer: Drawer, error: Exception
) -> None:
    drawer.script("a stream that fails", fail_at={9: error})
    answer = client.post(PATH, json={"prompt": "a stream that fails", "seed": 8, "n": 2})
    last = events(answer)[-1]
    assert last["type"] == "error"
    assert last["error"].keys() == {"message", "type", "param", "code"}
    assert last["error"]["type"] == "image_generation_server_error"


def test_it_needs_a_key(stranger: httpx2.Client) -> None:
    assert stranger.post(PATH, json={"prompt": "a cat"}).status_code == 401


def test_previews_come_every_so_many_steps(client: httpx2.Client, drawer: Drawer) -> None:
    gate = threading.Event()
    drawer.script("a native preview", gate=gate, gate_from=-1)
    wanted = {"prompt": "a native preview", "size": "64x64", "seed": 5, "preview_every": 6}
    content = b""
    with client.stream("POST", PATH, json=wanted) as answer:
        for part in answer.iter_bytes():
            content += part
            if content.count(b"event: preview") == 2:
                gate.set()
    previews = [event for event in frames(content) if event["type"] == "preview"]
    assert [opened(preview.pop("b64_json")).size for preview in previews] == [(64, 64)] * 2
    seen = {"type": "preview", "index": 0, "seed": 5, "size": "64x64", "output_format": "png"}
    assert previews == [seen | {"number": number} for number in (0, 1)]


@pytest.mark.parametrize("every", [0, -1])
def test_a_preview_every_no_step_is_refused(client: httpx2.Client, every: int) -> None:
    answer = client.post(PATH, json={"prompt": "a cat", "preview_every": every})
    assert answer.json()["error"]["param"] == "preview_every"


def test_without_a_stream_the_pictures_come_at_once(client: httpx2.Client) -> None:
    members = {"prompt": "a cat", "size": "64x64", "n": 2, "seed": 5, "stream": False}
    answer = client.post(PATH, json=members | {"preview_every": 2})
    assert answer.headers["x-seedbed-ignored"] == "preview_every"
    images = answer.json()["images"]
    assert [image["seed"] for image in images] == [5, 6]
    told = events(client.post(PATH, json=members | {"stream": None}))
    shown = [event for event in told if event["type"] == "image"]
    assert [{"type": "image"} | image for image in images] == shown


@pytest.mark.parametrize(
    ("steps", "every", "ignored"), [(1, 1, "preview_every"), (4, 4, "preview_every"), (4, 2, None)]
)
def test_previews_that_a_short_drawing_has_no_step_for_are_named(
    client: httpx2.Client, steps: int, every: int, ignored: str | None
) -> None:
    body = {"prompt": "a cat", "size": "64x64", "steps": steps, "preview_every": every}
    assert client.post(PATH, json=body).headers.get("x-seedbed-ignored") == ignored
