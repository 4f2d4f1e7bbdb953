"""What holds in both dialects. More of it: tests/server/test_front."""

import socket

import httpx2
import pytest

from tests.server.conformance.calls import ARK, GENERATIONS
from tests.server.conftest import KEY, Site
from tests.server.shapes import ark_error, openai_error

SMALL = {"model": "doubao-seedream-3-0-t2i", "prompt": "a cat", "size": "512x512"}
ODD_CALLS = [
    ("GET", "", 404),
    ("POST", "/images/nothing", 404),
    ("DELETE", "/images/generations", 405),
    ("PUT", "/images/generations", 405),
    ("POST", "/models", 405),
    ("POST", "/images/generations", 400),
    ("POST", "/images/generations/%00", 404),
    ("POST", "/images/generations/..%2f..%2fdocs", 404),
]


@pytest.mark.parametrize("path", [ARK, GENERATIONS])
def test_x_01_one_key_opens_both_dialects(client: httpx2.Client, path: str) -> None:
    assert client.post(path, json=SMALL).status_code == 200


@pytest.mark.parametrize(("method", "path", "status"), ODD_CALLS)
@pytest.mark.parametrize("root", ["/api/v3", "/v1"])
def test_x_07_an_odd_call_is_answered_in_its_paths_shape(
    client: httpx2.Client, root: str, method: str, path: str, status: int
) -> None:
    answer = client.request(method, root + path)
    if root == "/v1":
        openai_error(answer, status)
    else:
        ark_error(answer, status)


@pytest.mark.parametrize(
    "request_line",
    [
        "GET /v1/\x01 HTTP/1.1",
        "GET http:// HTTP/1.1",
        "BREW /v1/images/generations HTTP/1.1",
        "POST /v1/images/generations HTTP/3.7",
        "nonsense",
    ],
)
def test_x_07_what_is_no_http_gets_no_page_of_html(site: Site, request_line: str) -> None:
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as connection:
        call = f"{request_line}\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\nConnection: close\r\n"
        connection.sendall(call.encode() + b"\r\n")
        answer = b""
        while data := connection.recv(4096):
            answer += data
    assert answer.startswith(b"HTTP/1.1 4")
    assert b"<html" not in answer.lower()
    assert b'"detail"' not in answer
