"""The Ark dialect as a stream, to the byte."""

import threading
from pathlib import Path
from typing import Any

import httpx2
import pytest
from volcenginesdkarkruntime import Ark

from pipelines.errors import ContentRejected, ModelFailure
from tests.server.conformance.calls import ARK, DONE, M4, events_of, fetched, kinds, size_of
from tests.server.conftest import KEY, Site, serving
from tests.server.drawer import Drawer
from tests.server.frames import HEARTBEAT
from tests.server.pictures import opened
from tests.server.shapes import Post, ark_error

CHEAP = {"model": M4, "prompt": "a cat", "size": "1280x720", "stream": True}
GROUP = {
    "prompt": "three pictures of a cat",
    "sequential_image_generation": "auto",
    "sequential_image_generation_options": {"max_images": 3},
}


@pytest.fixture
def post(client: httpx2.Client) -> Post:
    def post(**members: Any) -> httpx2.Response:
        return client.post(ARK, json=CHEAP | members)

    return post


def test_a_s01_a_picture_then_the_sum_then_done(post: Post) -> None:
    answer = post()
    picture, end = events_of(answer, DONE)
    assert picture["type"] == "image_generation.partial_succeeded"
    assert picture["image_index"] == 0
    assert picture["model"] == end["model"] == M4
    assert type(picture["created"]) is int
    assert size_of(picture["url"]) == (1280, 720)
    assert end["type"] == "image_generation.completed"
    assert end["usage"]["generated_images"] == 1
    assert answer.content.count(DONE) == 1


def test_a_s02_every_frame_is_two_lines_and_a_blank_one(post: Post) -> None:
    answer = post(prompt="猫\u2028with a line separator", response_format="b64_json")
    events = events_of(answer, DONE)
    assert answer.content.count(b"\n") == 3 * len(events) + 2
    assert opened(events[0]["b64_json"]).format == "JPEG"
    assert "url" not in events[0]


def test_a_s03_a_group_comes_picture_by_picture(post: Post) -> None:
    *pictures, end = events_of(post(**GROUP), DONE)
    assert [picture["image_index"] for picture in pictures] == [0, 1, 2]
    assert len({fetched(picture["url"]) for picture in pictures}) == 3
    sizes = [size_of(picture["url"]) for picture in pictures]
    pixels = sum(width * height for width, height in sizes)
    assert end["usage"]["output_tokens"] == end["usage"]["total_tokens"] == pixels // 256
    assert end["usage"]["generated_images"] == 3


def test_a_s03_a_refused_picture_does_not_stop_its_group(post: Post, drawer: Drawer) -> None:
    refused = ContentRejected("not this one")
    drawer.script("three pictures of a thing", fail_at={8: refused})
    members = GROUP | {"prompt": "three pictures of a thing", "seed": 7}
    events = events_of(post(**members), DONE)
    assert kinds(events) == [
        "partial_succeeded",
        "partial_failed",
        "partial_succeeded",
        "completed",
    ]
    failed, end = events[1], events[-1]
    assert failed["image_index"] == 1
    assert failed["error"]["code"] == "OutputImageSensitiveContentDetected"
    assert end["usage"]["generated_images"] == 2


def test_a_s03_a_failure_after_the_beginning_is_an_event(post: Post, drawer: Drawer) -> None:
    drawer.script("a picture that breaks", fail_at={7: ModelFailure("NaN in the latents")})
    answer = post(prompt="a picture that breaks", seed=7)
    *_, last = events_of(answer, DONE)
    assert last["type"] == "error"
    assert last["error"]["code"] == "InternalServiceError"


def test_a_s05_the_vendors_package_reads_to_the_end(site: Site) -> None:
    sdk = Ark(base_url=f"{site.url}/api/v3", api_key=KEY)
    events = list(sdk.images.generate(**CHEAP | {"model": M4, "prompt": "a cat"}))
    sdk.close()
    assert [event.type for event in events] == [
        "image_generation.partial_succeeded",
        "image_generation.completed",
    ]
    assert events[0].url
    assert events[-1].usage["generated_images"] == 1


def test_a_s07_a_silent_stream_shows_that_it_is_alive(drawer: Drawer, tmp_path: Path) -> None:
    gate = threading.Event()
    drawer.script("slow", gate=gate)
    with serving(drawer, tmp_path, heartbeat_s=0.02) as site:
        sdk = Ark(base_url=f"{site.url}/api/v3", api_key=KEY)
        sdk_events = sdk.images.generate(model=M4, prompt="slow", size="1280x720", stream=True)
        raw = b""
        with httpx2.stream(
            "POST",
            site.url + ARK,
            json=CHEAP | {"prompt": "slow"},
            headers={"authorization": f"Bearer {KEY}"},
        ) as answer:
            for data in answer.iter_bytes():
                raw += data
                if raw.count(HEARTBEAT) >= 3:
                    gate.set()
        assert [event.type for event in sdk_events][-1] == "image_generation.completed"
        sdk.close()
    assert raw.endswith(DONE)
    assert raw.startswith(HEARTBEAT + b"\n\n")


def test_a_s08_who_leaves_mid_stream_stops_the_drawing(
    client: httpx2.Client, drawer: Drawer
) -> None:
    gate = threading.Event()
    script = drawer.script("left mid-stream", gate=gate)
    members = CHEAP | {"prompt": "left mid-stream"}
    with client.stream("POST", ARK, json=members) as answer:
        assert answer.status_code == 200
        assert script.started.wait(10)
    assert script.cancelled.wait(10)
    gate.set()
    assert script.steps_done == 0


def test_a_wrong_call_is_plain_json_also_when_it_asks_for_a_stream(post: Post) -> None:
    ark_error(post(size="1x1"), 400)
