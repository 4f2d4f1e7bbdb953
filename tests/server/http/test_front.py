"""What holds for every path: keys, ids, cross-origin calls, large bodies, clients that leave."""

import asyncio
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.datastructures import Headers
from starlette.routing import Route

from pipelines.catalog import embedded_catalog
from server.app import AppSettings, create_app
from server.errors import Unauthenticated, WrongKey
from server.http.auth import Keys, is_public
from server.service import Service
from server.store.files import FileStore
from tests.server.conftest import KEY, MAX_BODY_BYTES, Site, serving
from tests.server.drawer import Drawer

ARK = "/api/v3/images/generations"
OPENAI = "/v1/images/generations"
NATIVE = "/seedbed/v1/images"
POSTS = [ARK, OPENAI, NATIVE, "/images/generations", "/openai/deployments/m/images/generations"]
BEARER = f"Bearer {KEY}"
SMALL = {"model": "doubao-seedream-3-0-t2i", "size": "512x512"}


def test_everything_needs_a_key_but_what_is_listed(drawer: Drawer, tmp_path: Path) -> None:
    service = Service(drawer, embedded_catalog(), FileStore(tmp_path))
    app = create_app(service, AppSettings(keys={"a": "b"}, version="1"))
    service.close()
    public = {
        route.path for route in app.routes if isinstance(route, Route) and is_public(route.path)
    }
    assert public == {
        "/",
        "/livez",
        "/readyz",
        "/version",
        "/openapi.json",
        "/.well-known/c2pa-root.pem",
        "/files/{token}/{name}",
        "/docs",
        "/docs/docs.js",
        "/docs/swagger-ui.css",
        "/docs/swagger-ui-bundle.js",
    }


@pytest.mark.parametrize("path", [*POSTS, "/v1/models", "/api/v3/models", "/v1/foo", "/foo"])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "DELETE", "PATCH"])
def test_without_a_key_nothing_is_told(stranger: httpx2.Client, path: str, method: str) -> None:
    assert stranger.request(method, path).status_code == 401


@pytest.mark.parametrize(
    "authorization", ["Bearer " + KEY, "bearer " + KEY, "Bearer   " + KEY + " "]
)
def test_a_key_is_known_by_its_name(authorization: str) -> None:
    headers = Headers({"authorization": authorization})
    assert Keys({"other": "x", "tester": KEY}).name_of(headers) == "tester"


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", KEY, f"Basic {KEY}"])
def test_what_is_no_bearer_key_is_no_key(authorization: str | None) -> None:
    headers = Headers({} if authorization is None else {"authorization": authorization})
    with pytest.raises(Unauthenticated) as caught:
        Keys({"tester": KEY}).name_of(headers)
    assert not isinstance(caught.value, WrongKey)


@pytest.mark.parametrize("secret", [KEY + "x", KEY[:-1], "ä", "ÿ", KEY.upper()])
def test_a_wrong_key_is_wrong(secret: str) -> None:
    with pytest.raises(WrongKey):
        Keys({"tester": KEY}).name_of(Headers({"authorization": f"Bearer {secret}"}))


def test_without_any_key_nobody_enters() -> None:
    with pytest.raises(WrongKey):
        Keys({}).name_of(Headers({"authorization": "Bearer x"}))


@pytest.mark.parametrize("path", [ARK, OPENAI, "/v1/models", "/livez", "/nowhere"])
def test_the_callers_own_id_comes_back(client: httpx2.Client, path: str) -> None:
    own = "20261120130000abcDEF0123456789"
    assert (
        client.get(path, headers={"x-client-request-id": own}).headers["x-client-request-id"] == own
    )
    assert "x-client-request-id" not in client.get(path).headers


def test_a_request_is_charged_to_the_keys_name(site: Site, drawer: Drawer) -> None:
    headers = {"authorization": "Bearer other-key-0123456789"}
    body = {**SMALL, "prompt": "charged to the other"}
    assert httpx2.post(site.url + OPENAI, json=body, headers=headers).status_code == 200
    (request,) = [r for r in drawer.drawn if r.prompt == "charged to the other"]
    assert request.client == "other"


@pytest.mark.parametrize("path", POSTS)
def test_x_08_a_preflight_needs_no_key_and_allows_no_stranger(
    stranger: httpx2.Client, path: str
) -> None:
    headers = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    answer = stranger.options(path, headers=headers)
    assert answer.status_code == 204
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("configured", "allowed"), [("https://app.example", True), ("*", True), ("https://a.b", False)]
)
def test_x_08_a_configured_origin_may_call(
    drawer: Drawer, tmp_path: Path, configured: str, allowed: bool
) -> None:
    origin = {"origin": "https://app.example"}
    asked = {"access-control-request-headers": "authorization, x-stainless-os"}
    with serving(drawer, tmp_path, cors_origins=(configured,)) as site:
        preflight = httpx2.options(site.url + OPENAI, headers=origin | asked)
        refused = httpx2.post(site.url + OPENAI, headers=origin)
    assert preflight.status_code == 204
    assert refused.status_code == 401
    for answer in (preflight, refused):
        given = answer.headers.get("access-control-allow-origin")
        assert given == ("https://app.example" if allowed else None)
    if allowed:
        assert (
            preflight.headers["access-control-allow-headers"]
            == asked["access-control-request-headers"]
        )
        assert refused.headers["vary"] == "origin"


def connect(site: Site) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)


def read(connection: http.client.HTTPConnection) -> tuple[int, dict[str, Any]]:
    answer = connection.getresponse()
    assert answer.headers["content-type"] == "application/json"
    return answer.status, json.loads(answer.read())["error"]


def megabytes(count: int) -> Iterator[bytes]:
    yield b'{"prompt": "'
    for _ in range(count):
        yield b"x" * 1_000_000
    yield b'"}'


@pytest.mark.parametrize("path", [ARK, OPENAI, NATIVE])
@pytest.mark.parametrize("chunked", [True, False], ids=["chunked", "content-length"])
def test_forty_megabytes_are_refused_in_the_paths_shape(
    site: Site, path: str, chunked: bool
) -> None:
    connection = connect(site)
    body = megabytes(40)
    data: Any = body if chunked else b"".join(body)
    connection.request("POST", path, data, {"authorization": BEARER}, encode_chunked=chunked)
    status, error = read(connection)
    connection.close()
    assert status == 413
    assert str(MAX_BODY_BYTES) in error["message"]
    assert error["type"] == ("RequestEntityTooLarge" if path == ARK else "server_error")


def test_a_body_of_just_the_limit_is_read(client: httpx2.Client) -> None:
    for length, status in ((MAX_BODY_BYTES, 400), (MAX_BODY_BYTES + 1, 413)):
        assert client.post(OPENAI, content=b" " * length).status_code == status


def test_who_asks_first_is_refused_before_sending(site: Site) -> None:
    with socket.create_connection(("127.0.0.1", site.port), timeout=20) as connection:
        connection.sendall(
            f"POST {OPENAI} HTTP/1.1\r\nHost: x\r\nAuthorization: {BEARER}\r\n"
            "Content-Length: 40000000\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_who_asks_first_and_may_send_is_told_to(site: Site) -> None:
    body = json.dumps({**SMALL, "prompt": "a cat"}).encode()
    with socket.create_connection(("127.0.0.1", site.port), timeout=20) as connection:
        connection.sendall(
            f"POST {OPENAI} HTTP/1.1\r\nHost: x\r\nAuthorization: {BEARER}\r\n"
            f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("path", [ARK, OPENAI])
def test_when_the_client_leaves_the_drawing_stops(
    client: httpx2.Client,
    site: Site,
    drawer: Drawer,
    path: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    prompt = f"nobody waits for this at {path}"
    gate = threading.Event()
    script = drawer.script(prompt, gate=gate)
    connection = connect(site)
    connection.request(
        "POST", path, json.dumps({**SMALL, "prompt": prompt}), {"authorization": BEARER}
    )
    assert script.started.wait(10)
    connection.close()
    assert script.cancelled.wait(10)
    gate.set()
    assert client.get("/livez").status_code == 200
    assert script.steps_done == 0
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_who_leaves_while_sending_costs_nothing(site: Site, client: httpx2.Client) -> None:
    with socket.create_connection(("127.0.0.1", site.port)) as connection:
        connection.sendall(
            f"POST {OPENAI} HTTP/1.1\r\nHost: x\r\nAuthorization: {BEARER}\r\n"
            'Content-Length: 100\r\n\r\n{"prompt'.encode()
        )
    assert client.get("/livez").status_code == 200


def test_one_failure_stops_the_other_pictures(client: httpx2.Client, drawer: Drawer) -> None:
    gate = threading.Event()
    script = drawer.script("one of three fails", gate=gate, fail_at={6: RuntimeError("x")})
    gate.set()
    answer = client.post(OPENAI, json={**SMALL, "prompt": "one of three fails", "n": 3, "seed": 5})
    assert answer.status_code == 500
    assert script.cancelled.is_set()


def test_x_03_twenty_callers_of_both_dialects_get_their_own_pictures(site: Site) -> None:
    async def draw(client: httpx2.AsyncClient, path: str, seed: int) -> str:
        body = {
            **SMALL,
            "prompt": "everybody wants one",
            "seed": seed,
            "response_format": "b64_json",
            "output_format": "png",
            "watermark": False,
        }
        answer = await client.post(path, json=body)
        assert answer.status_code == 200
        text: str = answer.json()["data"][0]["b64_json"]
        return text

    async def draw_all() -> tuple[list[str], list[str]]:
        headers = {"authorization": BEARER}
        async with httpx2.AsyncClient(base_url=site.url, headers=headers, timeout=60) as client:
            together = await asyncio.gather(
                *(draw(client, (ARK, OPENAI)[seed % 2], seed) for seed in range(20))
            )
            alone = [await draw(client, (OPENAI, ARK)[seed % 2], seed) for seed in (0, 7, 19)]
        return together, alone

    together, alone = asyncio.run(draw_all())
    assert len(set(together)) == 20
    assert alone == [together[0], together[7], together[19]]


@pytest.mark.parametrize("host", ["", "a b", '"><script>', "x" * 3000, "\u00e4", "[::1", "h:99999"])
def test_a_strange_host_breaks_nothing(site: Site, host: str) -> None:
    body = json.dumps({**SMALL, "prompt": "a cat"}).encode()
    with socket.create_connection(("127.0.0.1", site.port), timeout=20) as connection:
        connection.sendall(
            f"POST {OPENAI} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {BEARER}\r\n"
            f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode("latin-1")
            + body
        )
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.split(b" ", 2)[1] in (b"200", b"400")


@pytest.mark.parametrize("path", ["/%00", "/v1/%ff", "/v1/models/%2e%2e%2f", "/v1//"])
def test_a_strange_path_is_404_in_json(client: httpx2.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in (401, 404)
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("//livez", 401),
        ("/livez/../v1/models", 401),
        ("/files/../v1/models", 404),
        ("/docs/x", 404),
    ],
)
def test_no_spelling_of_a_public_path_opens_another(site: Site, path: str, status: int) -> None:
    connection = connect(site)
    connection.request("GET", path)
    assert read(connection)[0] == status
    connection.close()


def test_a_key_beyond_ascii_is_the_bytes_that_were_sent() -> None:
    sent = Headers(raw=[(b"authorization", "Bearer schlüssel".encode())])
    assert Keys({"tester": "schlüssel"}).name_of(sent) == "tester"


def test_the_front_page_leads_to_the_description(stranger: httpx2.Client) -> None:
    answer = stranger.get("/")
    assert answer.status_code == 302
    assert stranger.get(answer.headers["location"]).status_code == 200


def test_the_description_names_every_field_and_resolves(stranger: httpx2.Client) -> None:
    description = stranger.get("/openapi.json").json()
    assert "$ref" not in json.dumps(description)
    bodies = {
        path: description["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        for path in (ARK, OPENAI, NATIVE)
    }
    for body in bodies.values():
        assert {"model", "prompt", "size", "seed"} <= body["schema"]["properties"].keys()
    assert "HTTPBearer" in description["components"]["securitySchemes"]


def test_a_caller_writes_no_lines_of_their_own_into_the_log(
    stranger: httpx2.Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "server.http.front"):
        assert stranger.get("/docs/%0a2026-01-01 INFO%1b[31m forged").status_code == 404
    (line,) = caplog.messages
    assert "/docs/?2026-01-01 INFO?[31m forged" in line
