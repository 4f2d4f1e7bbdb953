"""Language models the whole way: a server with two of them, from the prompt to the answer."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import numpy as np
import pytest

from server.dialects.ark.events import CLOSING
from tests.pipelines.talkers import save_judge, save_rewriter
from tests.running import Running, seedbed
from tests.server.frames import frames
from tests.server.pictures import pixels

pytestmark = pytest.mark.timeout(300)

FOX = "A fox painted in detailed light"
ARK, OPENAI = "/api/v3/images/generations", "/v1/images/generations"
SEEDREAM_3, SEEDREAM_4 = "doubao-seedream-3-0-t2i", "doubao-seedream-4-0-250828"

Draw = Callable[..., httpx2.Response]


@pytest.fixture(scope="module")
def talking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("talking")
    settings = {
        "SEEDBED_REWRITER": str(save_rewriter(folder / "rewriter")),
        "SEEDBED_TEXT_CLASSIFIER": str(save_judge(folder / "judge")),
        # Two calls in other words have two ids, and so two marks.
        "SEEDBED_INVISIBLE_MARK": "false",
    }
    with Running(folder, settings=settings) as server:
        server.read_until("ready")
        yield server


@pytest.fixture(scope="module")
def caller(talking: Running) -> Iterator[httpx2.Client]:
    headers = {"authorization": f"Bearer {talking.key}"}
    with httpx2.Client(base_url=talking.url, headers=headers, timeout=120) as caller:
        yield caller


@pytest.fixture
def ark(caller: httpx2.Client) -> Draw:
    def draw(prompt: str, **members: Any) -> httpx2.Response:
        body = {
            "model": SEEDREAM_3,
            "prompt": prompt,
            "size": "512x512",
            "seed": 12,
            "quality": "low",
            "response_format": "b64_json",
            "watermark": False,
        }
        return caller.post(ARK, json=body | members)

    return draw


def item(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["data"][0]
    return found


def test_who_asks_for_it_gets_the_picture_of_other_words_and_is_told_them(ark: Draw) -> None:
    answer = ark("a fox in the snow", optimize_prompt=True)
    assert item(answer)["revised_prompt"] == FOX
    assert answer.headers["x-seedbed-rewriting"] == "requested=standard; applied=rewritten"
    assert "optimize_prompt" not in answer.headers.get("x-seedbed-ignored", "")
    told = pixels(item(ark(FOX))["b64_json"])
    unasked = pixels(item(ark("a fox in the snow"))["b64_json"])
    drawn = pixels(item(answer)["b64_json"])
    assert np.array_equal(drawn, told)
    assert not np.array_equal(drawn, unasked), "the control"


def test_the_same_request_gives_the_same_bytes(ark: Draw) -> None:
    first, second = (item(ark("a cat", optimize_prompt=True))["b64_json"] for _ in range(2))
    assert first == second


def test_who_does_not_ask_keeps_their_words(ark: Draw) -> None:
    for members in ({"optimize_prompt": False}, {"optimize_prompt_options": {}}):
        answer = ark("a fox", **members)
        assert "revised_prompt" not in item(answer)
        assert "x-seedbed-rewriting" not in answer.headers


def test_a_mode_is_heard_and_thinking_is_not(caller: httpx2.Client) -> None:
    options = {"mode": "fast", "thinking": "enabled"}
    body = {"model": SEEDREAM_4, "prompt": "a fox", "size": "1280x720", "watermark": False}
    answer = caller.post(ARK, json=body | {"optimize_prompt_options": options})
    assert item(answer)["revised_prompt"] == "A fox painted in plain light"
    assert answer.headers["x-seedbed-ignored"] == "optimize_prompt_options.thinking"


def test_events_say_the_words_too(caller: httpx2.Client) -> None:
    body = {
        "model": SEEDREAM_4,
        "prompt": "a fox",
        "size": "1280x720",
        "stream": True,
        "optimize_prompt_options": {"mode": "standard"},
    }
    answer = caller.post(ARK, json=body)
    assert answer.headers["x-seedbed-rewriting"] == "requested=standard"
    told = [event["revised_prompt"] for event in frames(answer.content, CLOSING)[:-1]]
    assert told == [FOX]


def test_a_style_is_put_into_words_by_the_model_or_by_fixed_ones_and_the_answer_says_which(
    caller: httpx2.Client,
) -> None:
    body = {"model": "dall-e-3", "style": "vivid", "response_format": "b64_json"}
    answer = caller.post(OPENAI, json=body | {"prompt": "a house"})
    assert item(answer)["revised_prompt"] == "A house painted in blazing light"
    assert answer.headers["x-seedbed-rewriting"] == "requested=vivid; applied=rewritten"
    assert "style" not in answer.headers.get("x-seedbed-ignored", "")

    answer = caller.post(OPENAI, json=body | {"prompt": "a violin"})
    revised = item(answer)["revised_prompt"]
    assert revised.startswith("a violin, vivid and dramatic")
    said = "requested=vivid; applied=fixed-words; reason=unrelated"
    assert answer.headers["x-seedbed-rewriting"] == said


def test_a_prompt_that_is_judged_unsafe_is_refused_in_the_dialects_words_and_logged(
    caller: httpx2.Client, ark: Draw, talking: Running
) -> None:
    prompt = "a knife for the marmalade"
    answer = caller.post(OPENAI, json={"model": "gpt-image-1", "prompt": prompt})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "moderation_blocked")
    assert error["moderation_details"] == {
        "categories": ["violence", "sexual"],
        "moderation_stage": "input",
    }
    answer = ark(prompt)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "InputTextSensitiveContentDetected"
    log = talking.log.read_text()
    assert log.count("a classifier refused prompt (violence, sexual)") == 2
    assert "marmalade" not in log


def test_low_is_a_level_of_its_own(caller: httpx2.Client) -> None:
    body = {"model": "gpt-image-1", "prompt": "an election poster", "quality": "low"}
    assert caller.post(OPENAI, json=body).status_code == 400
    answer = caller.post(OPENAI, json=body | {"moderation": "low"})
    assert answer.status_code == 200, answer.text
    assert "moderation" not in answer.headers.get("x-seedbed-ignored", "")


def test_without_a_verdict_it_is_the_servers_fault(ark: Draw, talking: Running) -> None:
    answer = ark("a riddle")
    assert answer.status_code == 500
    assert "the text classifier gave no verdict" in talking.log.read_text()


def test_the_server_says_what_it_has_beside_the_models_that_draw(
    talking: Running, caller: httpx2.Client
) -> None:
    (worker,) = caller.get("/seedbed/v1/models").json()["workers"]
    assert worker["beside"] == ["rewriter", "text_classifier"]
    table = seedbed(talking.folder, "models", "ps", "--server", talking.url).stdout
    assert "text_classifier  resident" in table
