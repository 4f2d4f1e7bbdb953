"""What a caller may say in a header, because no dialect has a parameter for it."""

from pathlib import Path

import httpx2
import pytest

from tests.server.conftest import KEY, Site, serving
from tests.server.drawer import Drawer

PATHS = ("/v1/images/generations", "/api/v3/images/generations", "/seedbed/v1/images")


def draw(site: Site, path: str, prompt: str, **headers: str) -> httpx2.Response:
    model = "doubao-seedream-4-0-250828" if path.startswith("/api") else "gpt-image-1"
    body = {"model": model, "prompt": prompt, "size": "1024x1024"}
    headers = {"authorization": f"Bearer {KEY}", **headers}
    return httpx2.post(site.url + path, json=body, headers=headers, timeout=60)


def asked_alone(drawer: Drawer, prompt: str) -> bool:
    return next(r.reproducible for r in drawer.drawn if r.prompt == prompt)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("said", "alone"), [("true", True), ("TRUE", True), ("1", True), ("false", False), ("0", False)]
)
def test_a_caller_may_ask_for_a_picture_that_company_cannot_change(
    site: Site, drawer: Drawer, path: str, said: str, alone: bool
) -> None:
    prompt = f"reproducible {path} {said}"
    answer = draw(site, path, prompt, **{"x-seedbed-reproducible": said})
    assert answer.status_code == 200
    assert asked_alone(drawer, prompt) is alone


@pytest.mark.parametrize("path", PATHS)
def test_anything_but_true_or_false_is_refused(site: Site, path: str) -> None:
    answer = draw(site, path, "x", **{"x-seedbed-reproducible": "maybe"})
    assert answer.status_code == 400
    assert "x-seedbed-reproducible" in answer.json()["error"]["message"]


def test_the_setting_holds_where_the_caller_does_not_say(drawer: Drawer, tmp_path: Path) -> None:
    with serving(drawer, tmp_path, reproducible=True) as site:
        draw(site, PATHS[0], "by the setting")
        draw(site, PATHS[0], "against the setting", **{"x-seedbed-reproducible": "false"})
    assert asked_alone(drawer, "by the setting") is True
    assert asked_alone(drawer, "against the setting") is False
