"""Our own streaming dialect: every step and every picture is an event."""

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.types import Message

from pipelines.catalog import embedded_catalog
from pipelines.errors import ModelFailure, QueueFull
from server.app import AppSettings, create_app
from server.files import FileStore
from server.service import Service
from tests.server.conftest import KEY, serving
from tests.server.drawer import Drawer
from tests.server.pictures import opened

PATH = "/seedbed/v1/images"


def events(answer: httpx2.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert b"\r" not in answer.content
    assert answer.content.endswith(b"\n\n")
    found = []
    for frame in answer.text.removesuffix("\n\n").split("\n\n"):
        name, data = frame.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        found.append(event)
    return found


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
    assert image == {
        "type": "image",
        "index": 0,
        "seed": 12,
        "size": "128x64",
        "output_format": "png",
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


def test_another_model_keeps_its_own_rules(client: httpx2.Client) -> None:
    answer = client.post(PATH, json={"prompt": "a cat", "size": "64x64", "model": "dall-e-2"})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "size"


def test_before_the_first_event_errors_are_plain(client: httpx2.Client, drawer: Drawer) -> None:
    drawer.script("no room for a stream", refuse=QueueFull("full", 3))
    answer = client.post(PATH, json={"prompt": "no room for a stream"})
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "3"
    assert client.post(PATH, content="{").status_code == 400
    assert client.post(PATH, json={"size": "64x64"}).json()["error"]["param"] == "prompt"


@pytest.mark.parametrize("error", [ModelFailure("NaN in the latents"), KeyError("secret")])
def test_after_it_an_error_is_the_last_event(
    client: httpx2.Client, drawer: Drawer, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    drawer.script("a stream that fails", fail_at={9: error})
    answer = client.post(PATH, json={"prompt": "a stream that fails", "seed": 8, "n": 2})
    last = events(answer)[-1]
    assert last["type"] == "error"
    assert last["error"].keys() == {"message", "type", "param", "code"}
    assert last["error"]["type"] == "image_generation_server_error"
    assert "secret" not in answer.text
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert answer.headers["x-request-id"] in record.getMessage()


def test_it_needs_a_key(stranger: httpx2.Client) -> None:
    assert stranger.post(PATH, json={"prompt": "a cat"}).status_code == 401


def test_when_the_client_leaves_the_drawing_stops(client: httpx2.Client, drawer: Drawer) -> None:
    script = drawer.script("a stream nobody reads", gate=threading.Event())
    with client.stream("POST", PATH, json={"prompt": "a stream nobody reads"}) as answer:
        assert answer.status_code == 200
        assert script.started.wait(10)
    assert script.cancelled.wait(10)
    assert script.gate is not None
    script.gate.set()
    assert script.steps_done == 0


def test_a_stream_that_cannot_even_begin_stops_the_drawing(drawer: Drawer, tmp_path: Path) -> None:
    script = drawer.script("a line that breaks", gate=threading.Event())
    service = Service(drawer, embedded_catalog(), FileStore(tmp_path))
    app = create_app(service, AppSettings(keys={"tester": KEY}, version="1"))
    scope = {
        "type": "http",
        "method": "POST",
        "path": PATH,
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {KEY}".encode())],
    }

    said: list[Message] = [
        {"type": "http.request", "body": b'{"prompt": "a line that breaks"}'},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return said.pop(0)

    async def send(message: Message) -> None:
        await asyncio.Event().wait()  # the line is full: nothing is ever taken

    asyncio.run(app(scope, receive, send))
    assert script.cancelled.is_set()
    assert script.gate is not None
    script.gate.set()
    service.close()


def test_a_silent_stream_shows_that_it_is_alive(drawer: Drawer, tmp_path: Path) -> None:
    gate = threading.Event()
    drawer.script("a slow stream", gate=gate)
    headers = {"authorization": f"Bearer {KEY}"}
    with (
        serving(drawer, tmp_path, heartbeat_s=0.01) as site,
        httpx2.stream(
            "POST", site.url + PATH, json={"prompt": "a slow stream"}, headers=headers, timeout=20
        ) as answer,
    ):
        text = ""
        for part in answer.iter_text():
            text += part
            if text.count(": keep-alive\n\n") == 2:
                gate.set()
    frames = [frame for frame in text.split("\n\n") if frame]
    assert frames[:2] == [": keep-alive"] * 2
    assert frames[-1] == 'event: completed\ndata: {"type":"completed"}'
