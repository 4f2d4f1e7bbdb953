"""Reads a stream of events byte by byte, as strictly as the strictest client library does."""

import json
from typing import Any

HEARTBEAT = b": keep-alive"


def frames(body: bytes, closing: bytes = b"") -> list[dict[str, Any]]:
    """Check every byte of a stream, and return its events."""
    assert b"\r" not in body
    assert body.endswith(b"\n\n")
    assert body.endswith(closing)
    told = body.removesuffix(closing).removesuffix(b"\n\n").split(b"\n\n")
    return [_event(frame) for frame in told if frame != HEARTBEAT]


def _event(frame: bytes) -> dict[str, Any]:
    name, data = frame.split(b"\n")
    event: dict[str, Any] = json.loads(data.removeprefix(b"data: "))
    text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    assert name == f"event: {event['type']}".encode()
    assert data == f"data: {text}".encode()
    # Go's client loses a frame that begins with an error.
    assert data.startswith(b'data: {"type":')
    return event
