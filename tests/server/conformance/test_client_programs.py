"""The calls of well-known programs, as each of them makes them, and what it reads from the answer.

Written from their sources: a program that changes its call needs a new line here.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from tests.server.conformance.calls import M4, fetched, png
from tests.server.conftest import KEY, Site
from tests.server.pictures import opened
from tests.server.shapes import ark_error

BEARER = {"Authorization": f"Bearer {KEY}"}
COMFY = {"X-API-KEY": KEY, "Comfy-Env": "local"}
Read = Callable[[dict[str, Any]], bytes | str]


@dataclass(frozen=True)
class Call:
    """One program's call, how it reads the answer, and the size of the picture it must find."""

    program: str
    path: str
    read: Read
    json: dict[str, Any] | None = None
    form: dict[str, str] | None = None
    files: list[tuple[str, tuple[str, bytes, str]]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=lambda: BEARER)
    size: tuple[int, int] = (1024, 1024)


def first_address(body: dict[str, Any]) -> bytes:
    return fetched(body["data"][0]["url"])


def first_base64(body: dict[str, Any]) -> str:
    text: str = body["data"][0]["b64_json"]
    return text


def open_webui(body: dict[str, Any]) -> bytes | str:
    """It prefers the address, fetches it with its key, and wants a picture's content type."""
    item = body["data"][0]
    if not item.get("url"):
        return first_base64(body)
    answer = httpx2.get(item["url"], headers=BEARER).raise_for_status()
    assert answer.headers["content-type"].split("/")[0] == "image"
    return answer.content


def libre_chat(body: dict[str, Any]) -> bytes:
    """It names its copy after the address: without an extension nobody could open it."""
    basename = httpx2.URL(body["data"][0]["url"]).path.rpartition("/")[2]
    assert re.fullmatch(r"[\w-]+\.(png|jpg|jpeg|webp)", basename)
    return first_address(body)


def comfy_ark(body: dict[str, Any]) -> bytes:
    """Its type fails on a member `error`, whatever stands in it."""
    assert "error" not in body
    assert isinstance(body["model"], str)
    assert isinstance(body["created"], int)
    assert all("url" in item for item in body["data"])
    return first_address(body)


def comfy_openai(body: dict[str, Any]) -> str:
    """It reckons the price from the usage."""
    assert body["usage"]["input_tokens"] + body["usage"]["output_tokens"] > 0
    return first_base64(body)


def dify_ark(body: dict[str, Any]) -> bytes:
    """It guesses the type from the address."""
    assert httpx2.URL(body["data"][0]["url"]).path.endswith((".jpg", ".jpeg"))
    return first_address(body)


def one(name: str, data: bytes, kind: str = "image/png") -> tuple[str, tuple[str, bytes, str]]:
    return name, ("image.png", data, kind)


RED, HOLED = png(256, 256), png(256, 256, (200, 40, 40, 0))
"""A plain picture, and one that is transparent everywhere, as a mask of what shall be drawn."""


CALLS = [
    Call(
        "Open WebUI, dall-e-2",
        "/v1/images/generations",
        open_webui,
        json={
            "model": "dall-e-2",
            "prompt": "a cat",
            "n": 1,
            "size": "512x512",
            "response_format": "b64_json",
        },
        size=(512, 512),
    ),
    Call(
        "Open WebUI, gpt-image-1 as on Azure",
        "/v1/images/generations?api-version=2025-04-01-preview",
        open_webui,
        json={"model": "gpt-image-1", "prompt": "a cat", "n": 1, "size": "1024x1024"},
    ),
    Call(
        "LibreChat, DALLE3 tool",
        "/v1/images/generations",
        libre_chat,
        json={
            "model": "dall-e-3",
            "quality": "standard",
            "style": "vivid",
            "size": "1024x1024",
            "prompt": "a cat",
            "n": 1,
        },
    ),
    Call(
        "LibreChat, DALL-E 2 tool",
        "/v1/images/generations",
        libre_chat,
        json={"prompt": "a cat", "n": 1, "size": "512x512"},
        size=(512, 512),
    ),
    Call(
        "LibreChat, gpt-image-1 tool",
        "/v1/images/generations",
        first_base64,
        json={
            "model": "gpt-image-1",
            "prompt": "a cat",
            "n": 1,
            "background": "auto",
            "output_format": "png",
            "quality": "auto",
            "size": "auto",
        },
    ),
    Call(
        "LibreChat, gpt-image-1 tool at an address of its own",
        "/v1/images/generations",
        first_base64,
        json={
            "model": "gpt-image-1",
            "prompt": "a cat",
            "n": 1,
            "output_format": "webp",
            "output_compression": 80,
            "quality": "high",
            "size": "1024x1024",
            "response_format": "b64_json",
        },
    ),
    Call(
        "Dify, dall-e-3",
        "/v1/images/generations",
        first_base64,
        json={
            "model": "dall-e-3",
            "prompt": "a cat",
            "size": "1024x1024",
            "n": 1,
            "quality": "standard",
            "style": "vivid",
            "response_format": "b64_json",
        },
    ),
    Call(
        "Dify, Volcengine",
        "/api/v3/images/generations",
        dify_ark,
        json={
            "model": M4,
            "prompt": "a cat",
            "size": "1024x1024",
            "sequential_image_generation": "disabled",
            "sequential_image_generation_options": {"max_images": 15},
            "output_format": "jpeg",
            "response_format": "url",
            "watermark": False,
        },
    ),
    Call(
        "ComfyUI, ByteDance node",
        "/proxy/byteplus/api/v3/images/generations",
        comfy_ark,
        json={
            "model": "seedream-4-0-250828",
            "prompt": "a cat",
            "image": [],
            "size": "1024x1024",
            "seed": 0,
            "response_format": "url",
            "sequential_image_generation": "disabled",
            "sequential_image_generation_options": {"max_images": 1},
            "optimize_prompt_options": {"thinking": "auto"},
            "watermark": False,
        },
        headers=COMFY,
    ),
    Call(
        "ComfyUI, Seedream 3 node",
        "/proxy/byteplus/api/v3/images/generations",
        comfy_ark,
        json={
            "model": "seedream-3-0-t2i-250415",
            "prompt": "a cat",
            "size": "1024x1024",
            "seed": 7,
            "guidance_scale": 2.5,
            "response_format": "url",
            "watermark": True,
        },
        headers=COMFY,
    ),
    Call(
        "ComfyUI, OpenAI node",
        "/proxy/openai/images/generations",
        comfy_openai,
        json={
            "model": "gpt-image-1",
            "prompt": "a cat",
            "quality": "low",
            "background": "auto",
            "moderation": "low",
            "n": 1,
            "size": "auto",
        },
        headers=COMFY,
    ),
    Call(
        "Vercel AI SDK",
        "/v1/images/generations",
        first_base64,
        json={
            "model": "dall-e-3",
            "prompt": "a cat",
            "n": 1,
            "size": "1024x1024",
            "response_format": "b64_json",
        },
    ),
    Call(
        "new-api, to Ark",
        "/api/v3/images/generations",
        first_address,
        json={
            "model": M4,
            "prompt": "a cat",
            "n": 1,
            "size": "1024x1024",
            "response_format": "url",
            "seed": 7,
            "guidance_scale": 2.5,
            "watermark": False,
        },
    ),
    Call(
        "Open WebUI, edit of one picture",
        "/v1/images/edits",
        open_webui,
        form={"model": "gpt-image-1", "prompt": "at night", "n": "1", "size": "1024x1024"},
        files=[one("image", RED)],
    ),
    Call(
        "Open WebUI, edit of two pictures",
        "/v1/images/edits?api-version=2025-04-01-preview",
        open_webui,
        form={"model": "gpt-image-1", "prompt": "at night", "n": "1", "watermark": "True"},
        files=[one("image[]", RED), one("image[]", RED)],
    ),
    Call(
        "LibreChat, edit on Azure",
        "/openai/deployments/gpt-image-1/images/edits?api-version=2025-04-01-preview",
        first_base64,
        form={"prompt": "at night", "quality": "auto", "size": "auto"},
        files=[one("image[]", RED, "application/octet-stream")],
        headers={"api-key": KEY},
    ),
    Call(
        "ComfyUI, edit with gpt-image-1",
        "/proxy/openai/images/edits",
        comfy_openai,
        form={
            "model": "gpt-image-1",
            "prompt": "at night",
            "quality": "low",
            "background": "auto",
            "moderation": "low",
            "n": "1",
            "size": "auto",
        },
        files=[one("image", RED), one("mask", HOLED)],
        headers=COMFY,
    ),
    Call(
        "ComfyUI, edit with dall-e-2",
        "/proxy/openai/images/edits",
        first_address,
        form={"model": "dall-e-2", "prompt": "at night", "n": "1", "size": "256x256"},
        files=[one("image", HOLED)],
        size=(256, 256),
        headers=COMFY,
    ),
    Call(
        "Vercel AI SDK, edit",
        "/v1/images/edits",
        first_base64,
        form={"model": "gpt-image-1", "prompt": "at night", "response_format": "b64_json"},
        files=[one("image", RED)],
    ),
    Call(
        "new-api, edit with an Ark model",
        "/v1/images/edits",
        first_address,
        form={
            "model": M4,
            "prompt": "at night",
            "size": "1024x1024",
            "watermark": "false",
            "seed": "7",
        },
        files=[one("image[0]", RED)],
    ),
    Call(
        "a client without /v1 and with a slash",
        "/images/generations/",
        first_address,
        json={"prompt": "a cat", "size": "256x256"},
        size=(256, 256),
    ),
]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.program)
def test_a_programs_call_gives_it_what_it_reads(stranger: httpx2.Client, call: Call) -> None:
    answer = stranger.post(
        call.path, json=call.json, data=call.form, files=call.files or None, headers=call.headers
    )
    assert answer.status_code == 200, answer.text
    assert opened(call.read(answer.json())).size == call.size


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}], ids=["none", "wrong"])
def test_difys_probe_tells_a_good_key_from_a_bad_one(
    stranger: httpx2.Client, headers: dict[str, str]
) -> None:
    """It asks with GET, and takes 400 and 405 for a good key, 401 and 404 for a bad one."""
    ark_error(stranger.get("/api/v3/images/generations", headers=headers), 401)
    ark_error(stranger.get("/api/v3/images/generations", headers=BEARER), 405)


def test_difys_tool_finds_the_models(stranger: httpx2.Client, site: Site) -> None:
    answer = stranger.get("/v1/models", headers=BEARER)
    assert answer.json()["data"]
