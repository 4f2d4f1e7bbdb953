"""The wish for other words, from what a caller says to what they are told; no model is at work."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from pipelines.types import Rewriting
from tests.server.conftest import KEY, serving
from tests.server.drawer import Drawer

ARK, OPENAI, OWN = "/api/v3/images/generations", "/v1/images/generations", "/seedbed/v1/images"
V4, PRO = "doubao-seedream-4-0-250828", "doubao-seedream-5-0-pro-260628"


@pytest.fixture(scope="module")
def caller(drawer: Drawer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    with serving(drawer, tmp_path_factory.mktemp("worded"), rewrites=True) as site:
        headers = {"authorization": f"Bearer {KEY}"}
        with httpx2.Client(base_url=site.url, headers=headers, timeout=30) as caller:
            yield caller


def ark(caller: httpx2.Client, **members: Any) -> httpx2.Response:
    body = {"model": V4, "prompt": "a cat", "size": "1280x720", "watermark": False}
    answer = caller.post(ARK, json=body | members)
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize(
    ("members", "mode"),
    [
        ({"optimize_prompt": True}, "standard"),
        ({"optimize_prompt_options": {"mode": "fast"}}, "fast"),
        ({"optimize_prompt_options": {"thinking": "auto", "mode": None}}, "standard"),
        ({"optimize_prompt": False, "optimize_prompt_options": {"mode": "fast"}}, None),
        ({"optimize_prompt_options": {"thinking": None, "mode": None}}, None),
        ({"optimize_prompt": None}, None),
        ({}, None),
    ],
)
def test_what_ark_says_of_it_becomes_a_mode(
    caller: httpx2.Client, drawer: Drawer, members: dict[str, Any], mode: str | None
) -> None:
    answer = ark(caller, **members)
    wanted = drawer.drawn[-1].rewriting
    assert wanted == (None if mode is None else Rewriting("a cat", mode))
    assert mode is None or "x-seedbed-ignored" not in answer.headers
    assert ("revised_prompt" in answer.json()["data"][0]) == (mode is not None)


def test_a_site_without_a_model_names_the_wish_as_without_effect(
    client: httpx2.Client, drawer: Drawer
) -> None:
    options = {"mode": "fast", "thinking": "enabled"}
    answer = ark(client, optimize_prompt=True, optimize_prompt_options=options)
    assert drawer.drawn[-1].rewriting is None
    said = answer.headers["x-seedbed-ignored"]
    assert said == "optimize_prompt, optimize_prompt_options"
    assert "x-seedbed-rewriting" not in answer.headers
    assert "revised_prompt" not in answer.json()["data"][0]


def test_the_ground_of_a_transparent_picture_follows_the_other_words(
    caller: httpx2.Client, drawer: Drawer
) -> None:
    ark(caller, model=PRO, background="transparent", output_format="png", optimize_prompt=True)
    wanted = drawer.drawn[-1].rewriting
    assert wanted is not None
    assert wanted.said == "a cat"
    assert wanted.ending
    assert drawer.drawn[-1].prompt == f"a cat{wanted.ending}"


def test_every_picture_of_a_group_says_its_words(caller: httpx2.Client) -> None:
    answer = ark(
        caller,
        prompt="two pictures of a cat",
        optimize_prompt=True,
        sequential_image_generation="auto",
    )
    told = [item["revised_prompt"] for item in answer.json()["data"]]
    assert told == ["two pictures of a cat, in other words"] * 2


def test_what_is_drawn_instead_is_said(caller: httpx2.Client, drawer: Drawer) -> None:
    drawer.script("a dog, vivid and dramatic, saturated colours, strong light", why="cut-off")
    body = {"model": "dall-e-3", "prompt": "a dog", "style": "vivid"}
    answer = caller.post(OPENAI, json=body)
    said = "requested=vivid; applied=fixed-words; reason=cut-off"
    assert answer.headers["x-seedbed-rewriting"] == said
    drawer.script("a dog", why="cut-off")
    answer = ark(caller, prompt="a dog", optimize_prompt=True)
    said = "requested=standard; applied=none; reason=cut-off"
    assert answer.headers["x-seedbed-rewriting"] == said


def test_our_own_dialect_says_the_words_of_a_picture(caller: httpx2.Client) -> None:
    body = {"prompt": "a cat", "size": "64x64", "stream": False}
    answer = caller.post(OWN, json=body)
    assert answer.json()["images"][0]["revised_prompt"] == "a cat"
