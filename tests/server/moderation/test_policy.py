"""A site's rules at work: what a caller hears in each dialect, and what the log says."""

import logging
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from pipelines.errors import ContentRejected
from server.draft import Draft
from server.moderation.policy import Moderation
from tests.server.conftest import KEY, Site, serving
from tests.server.drawer import Drawer

REFUSED = "a quokkabomb in the snow"
LENIENT = "a wombatbomb in the snow"
NOTED = "a notedbomb in the snow"
OPENAI = "/v1/images/generations"
ARK = "/api/v3/images/generations"
RULES = """
[[rules]]
id = "strict"
category = "violence"
words = ["quokkabomb"]

[[rules]]
id = "lenient"
category = "sexual"
words = ["wombatbomb"]
levels = ["auto"]

[[rules]]
id = "noted"
category = "other"
words = ["notedbomb"]
action = "log"
"""


OWN = {"model": "seedbed", "size": "64x64"}


def pictures(site: Site) -> set[Path]:
    return {file for file in site.data_dir.rglob("*") if file.suffix == ".png"}


@pytest.fixture(scope="module")
def moderated(drawer: Drawer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("moderated")
    (folder / "rules.toml").write_text(RULES)
    moderation = Moderation(folder / "rules.toml")
    with serving(drawer, folder / "data", moderation=moderation, a1111=True) as site:
        yield site


@pytest.fixture(scope="module")
def caller(moderated: Site) -> Iterator[httpx2.Client]:
    headers = {"authorization": f"Bearer {KEY}"}
    with httpx2.Client(base_url=moderated.url, headers=headers, timeout=30) as client:
        yield client


def test_the_openai_dialect_says_the_stage_and_the_categories(
    caller: httpx2.Client, drawer: Drawer
) -> None:
    drawn = len(drawer.drawn)
    answer = caller.post(OPENAI, json={"prompt": REFUSED, "n": 2})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert "quokka" not in error.pop("message")
    assert error == {
        "type": "image_generation_user_error",
        "code": "moderation_blocked",
        "param": None,
        "moderation_details": {"moderation_stage": "input", "categories": ["violence"]},
    }
    assert len(drawer.drawn) == drawn


def test_the_ark_dialect_has_the_vendors_code(caller: httpx2.Client) -> None:
    members = {"model": "doubao-seedream-4-0-250828", "prompt": LENIENT}
    answer = caller.post(ARK, json=members)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "InputTextSensitiveContentDetected"
    assert answer.headers["x-error-code"] == "InputTextSensitiveContentDetected"
    assert answer.json()["error"]["type"] == "BadRequest"


def test_the_a1111_dialect_names_the_prompt(caller: httpx2.Client) -> None:
    answer = caller.post("/sdapi/v1/txt2img", json={"prompt": REFUSED, "width": 64, "height": 64})
    assert answer.status_code == 400
    assert answer.json()["error"] == "ContentRejected"
    assert answer.json()["detail"].startswith("prompt: The rules of this site")


def test_a_picture_that_was_refused_after_drawing_is_neither_sent_nor_stored(
    caller: httpx2.Client, drawer: Drawer, moderated: Site
) -> None:
    stored = pictures(moderated)
    prompt = "refused when it was drawn"
    drawer.script(prompt, fail_at={6: ContentRejected("No.", None, ("sexual",))})
    answer = caller.post(OPENAI, json=OWN | {"prompt": prompt, "seed": 6})
    assert answer.status_code == 400
    assert answer.json() == {
        "error": {
            "message": "No.",
            "type": "image_generation_user_error",
            "code": "moderation_blocked",
            "param": None,
            "moderation_details": {"moderation_stage": "output", "categories": ["sexual"]},
        }
    }
    assert pictures(moderated) == stored
    caller.post(OPENAI, json=OWN | {"prompt": prompt, "seed": 7}).raise_for_status()
    assert len(pictures(moderated) - stored) == 1


def test_a_picture_that_came_in_is_refused_as_such(caller: httpx2.Client, drawer: Drawer) -> None:
    prompt = "refused for what it begins from"
    drawer.script(prompt, fail_at={5: ContentRejected("No.", "image", ("sexual",))})
    answer = caller.post(OPENAI, json=OWN | {"prompt": prompt, "seed": 5})
    assert answer.json()["error"]["moderation_details"]["moderation_stage"] == "input"
    model = "doubao-seedream-4-0-250828"
    answer = caller.post(ARK, json={"prompt": prompt, "seed": 5, "model": model})
    assert answer.json()["error"]["code"] == "InputImageSensitiveContentDetected"


def test_a_stream_is_refused_before_it_begins(caller: httpx2.Client) -> None:
    answer = caller.post(OPENAI, json={"prompt": REFUSED, "stream": True})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "moderation_blocked"


@pytest.mark.parametrize(("level", "status"), [("low", 200), ("auto", 400), (None, 400)])
def test_low_leaves_out_the_rules_for_auto_only(
    caller: httpx2.Client, level: str | None, status: int
) -> None:
    answer = caller.post(OPENAI, json={"prompt": LENIENT, "moderation": level})
    assert answer.status_code == status
    assert "moderation" not in answer.headers.get("x-seedbed-ignored", "")


def test_low_does_not_leave_out_the_others(caller: httpx2.Client) -> None:
    answer = caller.post(OPENAI, json={"prompt": REFUSED, "moderation": "low"})
    assert answer.status_code == 400


def test_a_wrong_parameter_is_named_before_the_prompt_is_looked_at(caller: httpx2.Client) -> None:
    answer = caller.post(OPENAI, json={"prompt": REFUSED, "size": "1x1"})
    assert answer.json()["error"]["param"] == "size"


def test_what_shall_not_be_seen_may_be_named(caller: httpx2.Client) -> None:
    members = {"prompt": "a meadow", "negative_prompt": REFUSED, "size": "64x64", "stream": False}
    assert caller.post("/seedbed/v1/images", json=members).status_code == 200


def test_the_log_names_rule_call_and_key_but_no_word(
    caller: httpx2.Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "server")
    refused = caller.post(OPENAI, json={"prompt": REFUSED})
    noted = caller.post(OPENAI, json={"prompt": NOTED, "size": "256x256"})
    assert (refused.status_code, noted.status_code) == (400, 200)
    said = [record.getMessage() for record in caplog.records]
    assert f"{refused.headers['x-request-id']} of tester: refused by the rule strict" in said
    assert f"{noted.headers['x-request-id']} of tester: met the rule noted" in said
    assert "bomb" not in caplog.text


def test_without_rules_the_parameter_has_no_effect(client: httpx2.Client) -> None:
    answer = client.post(OPENAI, json={"prompt": REFUSED, "moderation": "low"})
    assert answer.status_code == 200
    assert answer.headers["x-seedbed-ignored"] == "moderation"


def test_a_file_that_changed_is_read_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "server")
    file = tmp_path / "rules.toml"
    file.write_text(RULES)
    moderation = Moderation(file)
    file.write_text(RULES.replace("quokkabomb", "kiwibomb"))
    moderation.check(Draft(prompt=REFUSED), "tester", "req_1")
    with pytest.raises(ContentRejected):
        moderation.check(Draft(prompt="a kiwibomb"), "tester", "req_2")
    assert "was read again: 3 rules" in caplog.text


@pytest.mark.parametrize("spoil", [Path.unlink, lambda file: file.write_text("[[rules]]")])
def test_rules_stay_when_their_file_is_spoilt(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, spoil: object
) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(RULES)
    moderation = Moderation(file)
    assert callable(spoil)
    spoil(file)
    for _ in range(2):
        with pytest.raises(ContentRejected):
            moderation.check(Draft(prompt=REFUSED), "tester", "req_1")
    assert caplog.text.count("the rules stay as they were") == 1
