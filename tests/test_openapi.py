"""docs/openapi.json is what the server says of itself, and what it says is true."""

import base64
import io
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
from jsonschema import Draft202012Validator
from PIL import Image

from server.batches.office import BatchSettings
from server.store.database import prepare
from tests.openapi_document import FILE, document
from tests.server.conftest import KEY, serving
from tests.server.drawer import Drawer
from tests.server.provenance.marked import verifying

WORDS = "run make openapi and look at what has changed"
DOUBAO = {"model": "doubao-seedream-3-0-t2i", "prompt": "a cat", "size": "512x512"}
SMALL = {"prompt": "a cat", "size": "64x64"}


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return document()


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    """A server with every path that there is."""
    drawer, folder = Drawer(), tmp_path_factory.mktemp("data")
    prepare(folder)
    verifier = verifying()
    batches = BatchSettings(folder)
    with (
        closing(verifier),
        serving(
            drawer, folder, a1111=True, batches=batches, verifier=verifier, roots=lambda: "PEM"
        ) as site,
        httpx2.Client(
            base_url=site.url, headers={"authorization": f"Bearer {KEY}"}, timeout=30
        ) as client,
    ):
        yield client
    drawer.close()


def test_the_committed_description_is_the_servers(described: dict[str, Any]) -> None:
    assert json.loads(FILE.read_text()) == described, WORDS


def test_every_call_has_a_name_a_summary_and_both_outcomes(described: dict[str, Any]) -> None:
    calls = [call for path in described["paths"].values() for call in path.values()]
    names = [call["operationId"] for call in calls]
    assert len(set(names)) == len(names) > 30
    for call in calls:
        assert call["summary"]
        assert {"200", "default"} <= call["responses"].keys()
        assert call["tags"]


def test_it_stands_alone(described: dict[str, Any]) -> None:
    assert "$ref" not in json.dumps(described)
    for path in described["paths"].values():
        for call in path.values():
            for content in (call.get("requestBody", {}), *call["responses"].values()):
                for kind in content.get("content", {}).values():
                    Draft202012Validator.check_schema(kind["schema"])


def matches(described: dict[str, Any], path: str, method: str, answer: httpx2.Response) -> None:
    """Check an answer against what is said of it."""
    responses = described["paths"][path][method.lower()]["responses"]
    said = responses.get(str(answer.status_code), responses["default"])
    media_type = answer.headers["content-type"].partition(";")[0]
    assert media_type in said["content"], (path, answer.status_code, media_type)
    if media_type == "application/json":
        Draft202012Validator(said["content"][media_type]["schema"]).validate(answer.json())


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(file, "PNG")
    return file.getvalue()


JSON_CALLS: list[tuple[str, dict[str, Any]]] = [
    ("/api/v3/images/generations", DOUBAO),
    ("/api/v3/images/generations", {**DOUBAO, "response_format": "b64_json"}),
    ("/api/v3/images/generations", {**DOUBAO, "seed": "x"}),
    ("/v1/images/generations", DOUBAO),
    ("/v1/images/generations", {"model": "gpt-image-1", "prompt": "a cat"}),
    ("/v1/images/generations", {"model": "gpt-image-1", "prompt": "a cat", "stream": True}),
    ("/v1/images/generations", {"model": "nope"}),
    ("/v1/images/edits", {"prompt": "a cat"}),
    ("/v1/images/variations", {}),
    ("/seedbed/v1/images", SMALL),
    ("/seedbed/v1/images", {**SMALL, "stream": False}),
    ("/seedbed/v1/images", {**SMALL, "n": 0}),
    ("/sdapi/v1/txt2img", {"prompt": "a cat", "width": 64, "height": 64}),
    ("/sdapi/v1/txt2img", {}),
    ("/sdapi/v1/img2img", {"init_images": [base64.b64encode(png()).decode()], "steps": 0}),
    ("/sdapi/v1/options", {"sd_model_checkpoint": "seedbed"}),
    ("/sdapi/v1/options", {"sd_model_checkpoint": "nope"}),
    ("/sdapi/v1/interrupt", {}),
    ("/v1/batches", {}),
]


@pytest.mark.parametrize(("path", "body"), JSON_CALLS)
def test_an_answer_is_as_it_is_described(
    described: dict[str, Any], everything: httpx2.Client, path: str, body: dict[str, Any]
) -> None:
    matches(described, path, "POST", everything.post(path, json=body))


def test_whatever_can_be_asked_for_is_as_it_is_described(
    described: dict[str, Any], everything: httpx2.Client
) -> None:
    plain = [path for path, calls in described["paths"].items() if "get" in calls]
    for path in plain:
        asked = path.replace("{name}", "gpt-image-1")
        if "{" not in asked:
            answer = everything.get(asked)
            assert answer.status_code == 200, path
            matches(described, path, "GET", answer)
    matches(described, "/v1/models/{name}", "GET", everything.get("/v1/models/nope"))
    stranger = httpx2.get(f"{everything.base_url}/api/v3/models")
    matches(described, "/api/v3/models", "GET", stranger)


def test_files_are_as_they_are_described(
    described: dict[str, Any], everything: httpx2.Client
) -> None:
    line = {"custom_id": "a", "method": "POST", "url": "/v1/images/generations", "body": DOUBAO}
    form = {"file": ("a.jsonl", json.dumps(line).encode())}
    sent = everything.post("/v1/files", files=form, data={"purpose": "batch"})
    matches(described, "/v1/files", "POST", sent)
    name = sent.json()["id"]
    matches(described, "/v1/files/{file_id}", "GET", everything.get(f"/v1/files/{name}"))
    matches(described, "/v1/files", "GET", everything.get("/v1/files"))
    content = everything.get(f"/v1/files/{name}/content")
    matches(described, "/v1/files/{file_id}/content", "GET", content)
    gone = everything.delete(f"/v1/files/{name}")
    matches(described, "/v1/files/{file_id}", "DELETE", gone)


def test_a_planted_change_is_found(described: dict[str, Any], tmp_path: Path) -> None:
    """The comparison and the validation can fail."""
    changed = json.loads(FILE.read_text())
    changed["paths"]["/livez"]["get"]["summary"] = "Something else"
    assert changed != described
    wrong = httpx2.Response(
        200, json={"created": "now"}, headers={"content-type": "application/json"}
    )
    with pytest.raises(Exception, match=r"is a required property|is not of type"):
        matches(described, "/v1/images/generations", "POST", wrong)
