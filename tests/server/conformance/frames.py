"""Reads an event stream byte by byte, and lets nothing pass that a client could stumble over."""

import json
import re
from dataclasses import dataclass
from typing import Any

import httpx2

HEARTBEAT = ": keep-alive"
DONE = "data: [DONE]"


@dataclass(frozen=True)
class Told:
    """What a stream said, in order."""

    events: list[dict[str, Any]]
    raw: bytes

    @property
    def types(self) -> list[str]:
        return [event["type"].rpartition(".")[2] for event in self.events]


def told(answer: httpx2.Response) -> Told:
    """Check every frame of a whole stream."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-accel-buffering"] == "no"
    raw = answer.content
    assert raw.endswith(b"\n\n")
    assert b"\r" not in raw
    frames = raw.decode().removesuffix("\n\n").split("\n\n")
    return Told([event(frame) for frame in frames if frame not in (HEARTBEAT, DONE)], raw)


def event(frame: str) -> dict[str, Any]:
    """A frame is its type on one line and its JSON on the next, which repeats the type."""
    match = re.fullmatch(r"event: (\S+)\ndata: (\{.*\})", frame)
    assert match, frame
    assert not match[2].startswith('{"error":')
    body: dict[str, Any] = json.loads(match[2])
    assert body["type"] == match[1]
    return body
