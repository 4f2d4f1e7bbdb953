"""What stands in every response, and where a key may stand in a request."""

import base64
from pathlib import Path

import httpx2
import pytest
from starlette.datastructures import Headers

from pipelines.errors import ModelBroken, ModelFailure, OutOfMemory, PoisonRequest, WorkerLost
from server.http.auth import api_key_header, basic_password, bearer
from tests.server.conftest import KEY, serving
from tests.server.drawer import Drawer

ARK = "/api/v3/images/generations"
OPENAI = "/v1/images/generations"
BODY = {
    "model": "doubao-seedream-3-0-t2i",
    "prompt": "a cat",
    "size": "512x512",
    "response_format": "b64_json",
}


@pytest.mark.parametrize("path", [ARK, OPENAI])
def test_every_response_has_an_id_of_its_own(client: httpx2.Client, path: str) -> None:
    answers = [
        client.post(path, json=BODY),
        client.post(path, json=BODY),
        client.post(path, content="{"),
        client.get(path),
        client.post(f"{path}x"),
        client.post(path, headers={"authorization": "Bearer no"}),
        client.options(path),
        client.get("/livez"),
    ]
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert len(set(ids)) == len(ids)
    length = 53 if path == ARK else 36
    assert {len(each) for each in ids[:-1]} == {length}


@pytest.mark.parametrize("own", ["x", "a b~!\"#$%&'()", "0" * 512])
def test_the_callers_id_comes_back_byte_for_byte(client: httpx2.Client, own: str) -> None:
    answer = client.get("/v1/models", headers={"x-client-request-id": own})
    assert answer.headers["x-client-request-id"] == own


@pytest.mark.parametrize("own", [b"", b"0" * 513, b"\xff\xfe", "ä".encode(), b"a\tb"])
def test_what_is_no_id_does_not_come_back(client: httpx2.Client, own: bytes) -> None:
    answer = client.get("/v1/models", headers=[(b"x-client-request-id", own)])
    assert answer.status_code == 200
    assert "x-client-request-id" not in answer.headers


def test_the_openai_paths_say_how_long_it_took(client: httpx2.Client) -> None:
    for answer in (client.post(OPENAI, json=BODY), client.post(OPENAI, content="{")):
        assert answer.headers["openai-version"] == "2020-10-01"
        assert 0 <= int(answer.headers["openai-processing-ms"]) < 60_000
    for answer in (client.post(ARK, json=BODY), client.get("/livez")):
        assert not [name for name in answer.headers if name.startswith("openai-")]


@pytest.mark.parametrize("path", [ARK, OPENAI])
@pytest.mark.parametrize("kind", [ModelBroken, ModelFailure, OutOfMemory, PoisonRequest])
def test_what_will_fail_again_shall_not_be_tried_again(
    client: httpx2.Client, drawer: Drawer, path: str, kind: type[Exception]
) -> None:
    prompt = f"it fails at {path} with {kind.__name__}"
    drawer.script(prompt, refuse=kind("It failed."))
    answer = client.post(path, json={**BODY, "prompt": prompt})
    assert answer.status_code == 500
    assert answer.headers["x-should-retry"] == "false"


def test_what_may_work_next_time_says_when(client: httpx2.Client, drawer: Drawer) -> None:
    drawer.script("a lost worker", refuse=WorkerLost("It died.", 2))
    answer = client.post(OPENAI, json={**BODY, "prompt": "a lost worker"})
    assert answer.status_code == 503
    assert "x-should-retry" not in answer.headers
    assert answer.headers["retry-after"] == "2"


def test_azures_header_opens_the_openai_paths_only(stranger: httpx2.Client) -> None:
    right, wrong = {"api-key": KEY}, {"api-key": "no"}
    assert stranger.post(OPENAI, json=BODY, headers=right).status_code == 200
    assert stranger.post(OPENAI, json=BODY, headers=wrong).status_code == 401
    assert stranger.post(ARK, json=BODY, headers=right).status_code == 401
    assert stranger.post(ARK, json=BODY, headers={"x-api-key": KEY}).status_code == 401


def test_azures_header_can_be_closed(drawer: Drawer, tmp_path: Path) -> None:
    with serving(drawer, tmp_path, azure_keys=False) as site:
        answer = httpx2.get(f"{site.url}/v1/models", headers={"api-key": KEY})
    assert answer.status_code == 401


def basic(text: str) -> Headers:
    return Headers({"authorization": f"Basic {base64.b64encode(text.encode()).decode()}"})


def test_a_key_is_found_where_it_may_stand() -> None:
    assert bearer(Headers({"authorization": " bEARER  k "})) == "k"
    assert api_key_header(Headers({"api-key": " k "})) == "k"
    assert basic_password(basic("anybody:k:l")) == "k:l"
    for nothing in (Headers({}), Headers({"authorization": "Basic"}), basic("k"), basic("k:")):
        assert bearer(nothing) is None
        assert api_key_header(nothing) is None
        assert basic_password(nothing) is None
    assert basic_password(Headers({"authorization": "Basic ???"})) is None
