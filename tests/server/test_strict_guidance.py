"""A site that refuses guidance without effect: every dialect names the parameter its own way."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest

from pipelines.catalog import EMBEDDED, Catalog, always_by
from tests.server.conftest import KEY, serving
from tests.server.drawer import Drawer

BASIC = base64.b64encode(f"me:{KEY}".encode()).decode()


@pytest.fixture(scope="module")
def strict(drawer: Drawer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    distilled = Catalog(always_by(replace(EMBEDDED, name="flux2-klein-4b", family="flux2_klein")))
    folder: Path = tmp_path_factory.mktemp("strict")
    with serving(drawer, folder, catalog=distilled, strict_guidance=True, a1111=True) as site:
        yield site.url


def ask(site: str, path: str, **body: Any) -> httpx2.Response:
    scheme = f"Basic {BASIC}" if path.startswith("/sdapi") else f"Bearer {KEY}"
    return httpx2.post(
        site + path, json={"prompt": "a cat", **body}, headers={"authorization": scheme}, timeout=30
    )


def test_the_openai_dialect_names_it_in_param(strict: str) -> None:
    answer = ask(strict, "/v1/images/generations", model="dall-e-3", guidance_scale=3)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["type"], error["param"]) == ("invalid_request_error", "guidance_scale")
    assert "no effect here: flux2-klein-4b, which draws for dall-e-3, had" in error["message"]


def test_the_ark_dialect_names_it_too(strict: str) -> None:
    model = "doubao-seedream-4-0-250828"
    answer = ask(strict, "/api/v3/images/generations", model=model, guidance_scale=2.5)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "guidance_scale"
    assert "or send 5.5." in answer.json()["error"]["message"]


def test_our_own_dialect_names_it_too(strict: str) -> None:
    answer = ask(strict, "/seedbed/v1/images", guidance_scale=10)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "guidance_scale")


def test_the_web_uis_dialect_calls_it_by_its_own_name(strict: str) -> None:
    answer = ask(strict, "/sdapi/v1/txt2img", cfg_scale=3)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("cfg_scale: A guidance scale has no effect here")


def test_the_vendors_usual_value_and_none_at_all_are_drawn(strict: str) -> None:
    for said in ({}, {"guidance_scale": 5.5}):
        answer = ask(strict, "/v1/images/generations", model="dall-e-3", **said)
        assert answer.status_code == 200, answer.text
        assert answer.headers["x-seedbed-guidance"].endswith("applied=none; reason=distilled")
