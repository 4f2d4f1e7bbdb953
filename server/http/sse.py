"""Frames events for a text/event-stream. Knows no dialect.

Rule: one line of JSON per event, LF line ends, and a blank line after every frame, also the last:
client libraries lose a frame without it.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

MEDIA_TYPE = "text/event-stream; charset=utf-8"
HEADERS: Mapping[str, str] = MappingProxyType(
    {"cache-control": "no-cache", "x-accel-buffering": "no"}
)
HEARTBEAT = b": keep-alive\n\n"
"""A comment, which every client library skips; it keeps proxies from closing a silent stream."""
HEARTBEAT_S = 10.0
"""Well within the 15 s after which some proxies and clients lose patience."""


def frame(data: Mapping[str, Any]) -> bytes:
    """One event, named after its own `type`."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"event: {data['type']}\ndata: {text}\n\n".encode()
