"""Bodies share one room: who finds it full is told to come again, and nobody is turned out."""

import asyncio
import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import httpx2
import pytest
from starlette.requests import Request
from starlette.types import Message

from server.errors import BodyTooLarge, RoomFull
from server.http.room import Part, Room
from server.inputs.multipart import parse_form
from tests.server.conftest import KEY, Site, serving
from tests.server.drawer import Drawer
from tests.server.shapes import ark_error, openai_error

ARK = "/api/v3/images/generations"
OPENAI = "/v1/images/generations"
GOOD = {"model": "doubao-seedream-3-0-t2i", "prompt": "a cat", "size": "512x512", "seed": 1}
HEADERS = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
ROOM = 1_000_000
DEADLINE_S = 30


def body(size: int) -> bytes:
    """A good call of so many bytes."""
    return json.dumps(GOOD).encode().ljust(size)


@pytest.fixture(scope="module")
def small(drawer: Drawer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose room is smaller than the largest body it would take."""
    with serving(drawer, tmp_path_factory.mktemp("small"), max_bodies_bytes=ROOM) as site:
        yield site


@contextmanager
def half_sent(site: Site, whole: bytes, cut: int) -> Iterator[http.client.HTTPConnection]:
    """A call whose body stands still after `cut` bytes."""
    with closing(http.client.HTTPConnection("127.0.0.1", site.port, timeout=DEADLINE_S)) as call:
        call.putrequest("POST", OPENAI)
        for name, value in {**HEADERS, "content-length": str(len(whole))}.items():
            call.putheader(name, value)
        call.endheaders()
        call.send(whole[:cut])
        yield call


def send(site: Site, path: str, size: int) -> httpx2.Response:
    return httpx2.post(f"{site.url}{path}", content=body(size), headers=HEADERS, timeout=DEADLINE_S)


def until_refused(site: Site, path: str, size: int) -> httpx2.Response:
    """The server reads what was sent in its own time."""
    end_s = time.monotonic() + DEADLINE_S
    while (answer := send(site, path, size)).status_code == 200:
        assert time.monotonic() < end_s, "nothing was refused"
    return answer


@pytest.mark.parametrize(("path", "shape"), [(OPENAI, openai_error), (ARK, ark_error)])
def test_a_full_room_says_come_again_and_turns_nobody_out(
    small: Site, path: str, shape: Callable[[httpx2.Response, int], dict[str, Any]]
) -> None:
    whole = body(700_000)
    with half_sent(small, whole, 600_000) as call:
        refused = until_refused(small, path, 500_000)
        assert "as many bytes of requests as it may" in shape(refused, 503)["message"]
        assert refused.headers["retry-after"] == "2"
        assert send(small, path, 300_000).status_code == 200, "for this there is room"
        call.send(whole[600_000:])
        answer = call.getresponse()
        assert answer.status == 200, answer.read()
        answer.read()
    assert send(small, path, 900_000).status_code == 200, "all of it was given back"


def test_who_leaves_gives_back_what_was_held(small: Site) -> None:
    with half_sent(small, body(900_000), 800_000):
        until_refused(small, OPENAI, 500_000)
    end_s = time.monotonic() + DEADLINE_S
    while send(small, OPENAI, 900_000).status_code != 200:
        assert time.monotonic() < end_s, "it is held for ever"


def test_what_never_fits_is_too_large(small: Site) -> None:
    answer = send(small, OPENAI, ROOM + 1)
    assert answer.status_code == 413
    assert f"({ROOM})" in answer.json()["error"]["message"]


def test_a_room_is_never_overdrawn() -> None:
    room = Room(10)
    one, other = Part(room), Part(room)
    one.hold(6)
    other.hold(4)
    for size in (5, 10):
        with pytest.raises(RoomFull):
            other.hold(size)
        assert (other.held, room.held) == (4, 10)
    with pytest.raises(BodyTooLarge):
        one.hold(11)
    one.give_back()
    other.hold(10)
    other.give_back()
    assert room.held == 0


def test_of_a_form_what_lies_on_the_disk_is_not_counted() -> None:
    files = {b"small": b"s" * 1000, b"large": b"l" * 2_000_000}
    texts = {b"prompt": b"p" * 500}
    parts = [
        *(b'form-data; name="%b"; filename="f"\r\n\r\n%b' % one for one in files.items()),
        *(b'form-data; name="%b"\r\n\r\n%b' % one for one in texts.items()),
    ]
    whole = b"".join(b"--x\r\nContent-Disposition: " + part + b"\r\n" for part in parts)
    whole += b"--x--\r\n"
    pieces = [whole[at : at + 64_000] for at in range(0, len(whole), 64_000)]
    part = Part(Room(1_200_000))
    held: list[int] = []

    async def receive() -> Message:
        held.append(part.held)
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    async def read() -> None:
        head = [(b"content-type", b"multipart/form-data; boundary=x")]
        scope = {"type": "http", "headers": head, "state": {"part": part}}
        form = await parse_form(Request(scope, receive), len(whole))
        assert part.held == 1500
        await form.close()

    asyncio.run(read())
    assert max(held) > 900_000, "a file is in memory until it is large"
