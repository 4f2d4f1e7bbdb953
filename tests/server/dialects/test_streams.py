"""What every dialect's stream of events has in common."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.types import Message

from pipelines.catalog import embedded_catalog
from pipelines.errors import QueueFull
from server.app import AppSettings, create_app
from server.service import Service
from server.store.files import FileStore
from tests.server.conftest import KEY, serving
from tests.server.drawer import Drawer
from tests.server.frames import HEARTBEAT, frames

ARK = ("/api/v3/images/generations", {"model": "doubao-seedream-4-0-250828", "size": "1280x720"})
OPENAI = ("/v1/images/generations", {"model": "gpt-image-1"})
NATIVE = ("/seedbed/v1/images", {"size": "64x64"})
CLOSING = {ARK[0]: b"data: [DONE]\n\n"}

pytestmark = pytest.mark.parametrize(("path", "members"), [ARK, OPENAI, NATIVE])


def body(members: dict[str, Any], prompt: str, **more: object) -> dict[str, Any]:
    return {**members, "prompt": prompt, "stream": True, **more}


def test_every_byte_is_as_the_strictest_client_wants_it(
    client: httpx2.Client, path: str, members: dict[str, Any]
) -> None:
    answer = client.post(path, json=body(members, "ein Kätzchen 猫"))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-accel-buffering"] == "no"
    assert answer.headers["x-seedbed-model"].startswith("embedded; requested=")
    assert frames(answer.content, CLOSING.get(path, b""))[-1]["type"].endswith("completed")


def test_before_the_first_event_errors_are_plain(
    client: httpx2.Client, drawer: Drawer, path: str, members: dict[str, Any]
) -> None:
    prompt = f"no room for a stream at {path}"
    drawer.script(prompt, refuse=QueueFull("full", 3))
    answer = client.post(path, json=body(members, prompt))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
    for wrong in (body(members, "a cat", size="1x1"), body(members, "")):
        answer = client.post(path, json=wrong)
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/json"
        assert answer.json().keys() == {"error"}


def test_a_fault_of_ours_is_the_last_event(
    client: httpx2.Client,
    drawer: Drawer,
    caplog: pytest.LogCaptureFixture,
    path: str,
    members: dict[str, Any],
) -> None:
    prompt = f"a stream that fails at {path}"
    drawer.script(prompt, fail_at={8: KeyError("secret")})
    answer = client.post(path, json=body(members, prompt, seed=8))
    assert answer.status_code == 200
    last = frames(answer.content, CLOSING.get(path, b""))[-1]
    assert last["type"] == "error"
    assert last["error"]["message"].startswith("The server had an error")
    assert "secret" not in answer.text
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert answer.headers["x-request-id"] in record.getMessage()


def test_when_the_client_leaves_the_drawing_stops(
    client: httpx2.Client, drawer: Drawer, path: str, members: dict[str, Any]
) -> None:
    prompt = f"a stream nobody reads at {path}"
    gate = threading.Event()
    script = drawer.script(prompt, gate=gate)
    with client.stream("POST", path, json=body(members, prompt)) as answer:
        assert answer.status_code == 200
        assert script.started.wait(10)
    assert script.cancelled.wait(10)
    gate.set()
    assert script.steps_done == 0


def test_a_stream_that_cannot_even_begin_stops_the_drawing(
    drawer: Drawer, tmp_path: Path, path: str, members: dict[str, Any]
) -> None:
    prompt = f"a line that breaks at {path}"
    gate = threading.Event()
    script = drawer.script(prompt, gate=gate)
    service = Service(drawer, embedded_catalog(), FileStore(tmp_path))
    app = create_app(service, AppSettings(keys={"tester": KEY}, version="1"))
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {KEY}".encode())],
    }
    asked = httpx2.Request("POST", "http://a", json=body(members, prompt)).content
    said: list[Message] = [{"type": "http.request", "body": asked}, {"type": "http.disconnect"}]

    async def receive() -> Message:
        return said.pop(0) if len(said) > 1 else said[0]  # who has left stays away

    async def send(message: Message) -> None:
        await asyncio.Event().wait()  # the line is full: nothing is ever taken

    asyncio.run(app(scope, receive, send))
    assert script.cancelled.is_set()
    gate.set()
    service.close()


def test_a_silent_stream_shows_that_it_is_alive(
    drawer: Drawer, tmp_path: Path, path: str, members: dict[str, Any]
) -> None:
    prompt = f"a slow stream at {path}"
    gate = threading.Event()
    drawer.script(prompt, gate=gate)
    with (
        serving(drawer, tmp_path, heartbeat_s=0.01) as site,
        httpx2.stream(
            "POST",
            site.url + path,
            json=body(members, prompt),
            headers={"authorization": f"Bearer {KEY}"},
            timeout=20,
        ) as answer,
    ):
        content = b""
        for part in answer.iter_bytes():
            content += part
            if content.count(HEARTBEAT + b"\n\n") == 2:
                gate.set()
    assert content.startswith((HEARTBEAT + b"\n\n") * 2)
    assert frames(content, CLOSING.get(path, b""))[-1]["type"].endswith("completed")
