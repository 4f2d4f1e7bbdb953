"""Every way in which clients write an address leads to the one route, and no further."""

import httpx2
import pytest
from openai import AzureOpenAI, OpenAI

from server.http.aliases import Address, canonical
from server.http.auth import is_public
from tests.server.conftest import KEY, Site
from tests.server.shapes import ark_error, openai_error

ARK = "/api/v3/images/generations"
OPENAI = "/v1/images/generations"
DRAWN = {"prompt": "a cat", "size": "256x256", "response_format": "b64_json"}


@pytest.mark.parametrize(
    ("asked", "path", "model"),
    [
        (OPENAI, OPENAI, None),
        (f"{OPENAI}/", OPENAI, None),
        ("/images/generations", OPENAI, None),
        ("/images/edits/", "/v1/images/edits", None),
        ("/models", "/v1/models", None),
        ("/models/gpt-image-1", "/v1/models/gpt-image-1", None),
        ("/openai/v1/images/edits", "/v1/images/edits", None),
        ("/openai/v1/models", "/v1/models", None),
        ("/openai/images/generations", OPENAI, None),
        ("/openai/deployments/dall-e-3/images/generations", OPENAI, "dall-e-3"),
        ("/openai/deployments/a/b/images/edits/", "/v1/images/edits", "a/b"),
        ("/proxy/openai/images/generations", OPENAI, None),
        ("/proxy/openai/v1/images/edits", "/v1/images/edits", None),
        ("/proxy/byteplus/api/v3/images/generations", ARK, None),
        (ARK, ARK, None),
        (f"{ARK}/", ARK, None),
        ("/", "/", None),
        ("///", "/", None),
        ("/v1/openai/v1/models", "/v1/openai/v1/models", None),
        ("/openai", "/openai", None),
        ("/imagesque", "/imagesque", None),
        ("/openai/deployments/x/chat", "/v1/deployments/x/chat", None),
        ("/proxy/byteplus/api/v30/x", "/proxy/byteplus/api/v30/x", None),
    ],
)
def test_an_address_means_one_path(asked: str, path: str, model: str | None) -> None:
    assert canonical(asked) == Address(path, model, asked.startswith("/proxy/") and asked != path)


@pytest.mark.parametrize("public", ["/livez", "/files/a/b", "/docs/docs.js", "/openapi.json"])
@pytest.mark.parametrize("prefix", ["/openai", "/openai/v1", "/proxy/openai", "/proxy/byteplus"])
def test_no_other_spelling_is_open_without_a_key(prefix: str, public: str) -> None:
    assert not is_public(canonical(prefix + public).path)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/images/generations/",
        "/v1/images/generations?foo=1",
        "/images/generations",
        "/images/generations/?api-version=2025-04-01-preview",
        "/openai/v1/images/generations?api-version=preview",
        "/proxy/openai/images/generations",
        "/api/v3/images/generations/?foo=1",
        "/proxy/byteplus/api/v3/images/generations",
    ],
)
def test_every_spelling_draws_without_a_redirect(client: httpx2.Client, path: str) -> None:
    body = {**DRAWN, "model": "doubao-seedream-3-0-t2i", "size": "512x512"}
    answer = client.post(path, json=body, follow_redirects=False)
    assert answer.status_code == 200, answer.text
    assert ("id" in answer.json()) == ("api/v3" in path)


def test_a_deployment_is_the_model(client: httpx2.Client) -> None:
    path = "/openai/deployments/dall-e-2/images/generations?api-version=2025-04-01-preview"
    for more in ({}, {"model": "gpt-image-1"}):
        answer = client.post(path, json={**DRAWN, **more})
        assert answer.status_code == 200, answer.text
        assert answer.headers["x-seedbed-model"] == "embedded; requested=dall-e-2"
    unknown = client.post("/openai/deployments/mine/images/generations", json=DRAWN)
    assert openai_error(unknown, 400)["message"] == "Invalid model specified"


def test_azures_own_client_draws(site: Site) -> None:
    with AzureOpenAI(azure_endpoint=site.url, api_key=KEY, api_version="2025-04-01") as client:
        answer = client.images.generate(
            model="dall-e-2", prompt="a cat", size="256x256", response_format="b64_json"
        )
    assert answer.data is not None
    assert answer.data[0].b64_json


def test_a_base_address_without_the_version_serves_the_whole_client(site: Site) -> None:
    for base in ("", "/", "/v1/", "/openai/v1", "/proxy/openai"):
        with OpenAI(base_url=site.url + base, api_key=KEY, max_retries=0) as client:
            assert client.models.retrieve("gpt-image-1").id == "gpt-image-1"
            assert len(client.models.list().data) > 3


@pytest.mark.parametrize("path", [ARK, f"{ARK}/", OPENAI, "/images/generations"])
def test_get_where_one_must_post(client: httpx2.Client, stranger: httpx2.Client, path: str) -> None:
    """How one client tests a key: 405 is a right one, 401 a wrong one."""
    answer = client.get(path)
    error = ark_error(answer, 405) if "api" in path else openai_error(answer, 405)
    assert answer.headers["allow"] == "POST"
    assert f"Not allowed to GET on {path}." in error["message"]
    assert client.head(path).status_code == 405
    assert stranger.get(path, headers={"authorization": "Bearer no"}).status_code == 401


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/gpt-image-1", "/api/v3/models"])
def test_allow_names_every_method_of_a_path(client: httpx2.Client, path: str) -> None:
    assert client.head(path).status_code == 200
    answer = client.post(path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_an_unknown_address_is_named_as_it_was_written(client: httpx2.Client) -> None:
    for path in ("/v1/foo", "/openai/v1/foo", "/foo/"):
        error = openai_error(client.post(path), 404)
        assert error["message"] == f"Invalid URL (POST {path})"
        assert (error["type"], error["code"]) == ("invalid_request_error", None)
    for path in ("/api/v3/foo", "/proxy/byteplus/api/v3/foo"):
        error = ark_error(client.post(path), 404)
        assert (error["type"], error["code"]) == ("NotFound", "NotFound")
        assert f"Invalid URL (POST {path})" in error["message"]


def test_a_model_may_be_asked_for_with_every_letter_escaped(client: httpx2.Client) -> None:
    name = "".join(f"%{ord(letter):02X}" for letter in "gpt-image-1")
    assert client.get(f"/v1/models/{name}").json()["id"] == "gpt-image-1"
    error = openai_error(client.get("/v1/models/org%2Fmodel%20name"), 404)
    assert (error["code"], error["param"]) == ("model_not_found", "model")
    assert "'org/model name'" in error["message"]
