"""What holds in both dialects. More of it: tests/server/test_front."""

import http.server
import re
import socket
import struct
import subprocess
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.server.conformance.calls import ARK, EDITS, GENERATIONS, png
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
FORBIDDEN = [
    "http://169.254.169.254/latest/meta-data",
    "file:///etc/passwd",
    "ftp://127.0.0.1/a.png",
    "http://127.0.0.1:{port}/a.png",
    "http://localhost:{port}/a.png",
    "http://[::1]:{port}/a.png",
    "//127.0.0.1:{port}/a.png",
]


def png_of(megabytes: int) -> bytes:
    """A picture whose file is that large: most of it is a chunk that readers skip."""
    content = b"seEd" + bytes(megabytes * 1024 * 1024)
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    plain = png(1024, 1024)
    end_of_header = 8 + 25
    return plain[:end_of_header] + chunk + plain[end_of_header:]


@pytest.fixture
def listener() -> Iterator[tuple[int, list[str]]]:
    """A web server on this machine, and what it was asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.server_address[1], asked
    server.shutdown()
    thread.join()
    server.server_close()


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


def test_x_06_thirty_megabytes_in_a_form_are_taken_after_asking(site: Site, tmp_path: Path) -> None:
    picture = tmp_path / "large.png"
    picture.write_bytes(png_of(30))
    command = [
        *("curl", "-sS", "-v", site.url + EDITS, "-H", f"Authorization: Bearer {KEY}"),
        *("-H", "Expect: 100-continue", "-F", "model=gpt-image-1", "-F", "prompt=at night"),
        *("-F", f"image=@{picture};type=image/png", "-o", str(tmp_path / "answer.json")),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert re.findall(r"^< HTTP/1\.1 (\d+)", done.stderr, flags=re.MULTILINE) == ["100", "200"]


@pytest.mark.parametrize("address", FORBIDDEN)
def test_x_09_an_address_of_a_private_network_is_not_asked(
    client: httpx2.Client, listener: tuple[int, list[str]], address: str
) -> None:
    port, asked = listener
    url = address.format(port=port)
    body = {"model": "doubao-seedream-4-0-250828", "prompt": "a cat", "image": url}
    ark_error(client.post(ARK, json=body), 400)
    edit = {"model": "gpt-image-1", "prompt": "a cat", "images": [{"image_url": url}]}
    openai_error(client.post(EDITS, json=edit), 400)
    assert asked == []
