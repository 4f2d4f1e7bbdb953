"""Paths and model names of the conformance tests, and looks at what comes back."""

import base64
import io
import re
from typing import Any

import httpx2
from PIL import Image

from tests.server.frames import frames
from tests.server.pictures import opened

ARK = "/api/v3/images/generations"
GENERATIONS = "/v1/images/generations"
EDITS = "/v1/images/edits"
VARIATIONS = "/v1/images/variations"
DONE = b"data: [DONE]\n\n"
"""How Ark's streams end; OpenAI's have no such line."""

M3 = "doubao-seedream-3-0-t2i-250415"
EDIT_3 = "doubao-seededit-3-0-i2i-250628"
M4 = "doubao-seedream-4-0-250828"
M45 = "doubao-seedream-4-5-251128"
M5_LITE = "doubao-seedream-5-0-lite-260128"
M5_PRO = "doubao-seedream-5-0-pro-260628"


def fetched(url: str) -> bytes:
    """The picture behind an address, as anybody gets it.

    Nothing is encrypted here, and reading the certificates takes longer than the picture.
    """
    return httpx2.get(url, verify=False, trust_env=False).raise_for_status().content


def size_of(url: str) -> tuple[int, int]:
    return opened(fetched(url)).size


def png(width: int = 64, height: int = 64, colour: tuple[int, ...] = (200, 40, 40)) -> bytes:
    """A plain picture; four numbers make it transparent."""
    mode = "RGBA" if len(colour) == 4 else "RGB"
    return encoded(Image.new(mode, (width, height), colour), "PNG")


def encoded(picture: Image.Image, form: str) -> bytes:
    out = io.BytesIO()
    picture.save(out, form)
    return out.getvalue()


def data_url(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


def ignored(answer: httpx2.Response) -> set[str]:
    """The names that the answer says had no effect."""
    return set(filter(None, re.split(", ", answer.headers.get("x-seedbed-ignored", ""))))


def events_of(answer: httpx2.Response, closing: bytes = b"") -> list[dict[str, Any]]:
    """Check a whole stream to the byte, and return its events."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-accel-buffering"] == "no"
    return frames(answer.content, closing)


def kinds(events: list[dict[str, Any]]) -> list[str]:
    """The types of events, without what all of them begin with."""
    return [event["type"].rpartition(".")[2] for event in events]
