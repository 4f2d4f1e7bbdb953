"""Clients that dribble, stall, never read or speak no HTTP: each costs a while, no more."""

import asyncio
import json
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from server.http.protocol import MAX_HEAD_BYTES, SLOWEST_BYTES_PER_S, with_patience

PATIENCE_S = 0.4
HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
EARLY = b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
LARGE = b"x" * 40_000_000


class Application:
    """Answers with how much was sent; /large with more than fits into any buffer."""

    def __init__(self) -> None:
        self.left = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        length, more = 0, scope["path"] != "/early"
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.left.set()
                return
            length += len(message["body"])
            more = message["more_body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if scope["path"] == "/large":
            await send({"type": "http.response.body", "body": LARGE, "more_body": True})
            while (await receive())["type"] != "http.disconnect":
                pass
            self.left.set()
            return
        await send({"type": "http.response.body", "body": str(length).encode()})


@contextmanager
def serving(application: Application, patience_s: float, keep_alive_s: int = 30) -> Iterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        application,
        http=with_patience(patience_s),
        ws="none",
        lifespan="off",
        log_config=None,
        timeout_keep_alive=keep_alive_s,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def application() -> Application:
    return Application()


@pytest.fixture(scope="module")
def impatient(application: Application) -> Iterator[int]:
    with serving(application, PATIENCE_S) as port:
        yield port


@pytest.fixture(scope="module")
def patient(application: Application) -> Iterator[int]:
    with serving(application, 60, keep_alive_s=1) as port:
        yield port


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def is_cut(connection: socket.socket) -> bool:
    """Wait for the end of the connection; False when an answer comes."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize(
    "sent",
    [b"", b"POST / HT", b"POST / HTTP/1.1\r\nHost: x\r\nA: b", HEAD % 10, HEAD % 10 + b"123456789"],
    ids=["nothing", "line", "headers", "no body", "half a body"],
)
def test_who_stops_sending_is_cut_off_without_an_answer(impatient: int, sent: bytes) -> None:
    with connected(impatient) as connection:
        connection.sendall(sent)
        assert is_cut(connection)


def test_who_dribbles_is_cut_off(impatient: int) -> None:
    """A byte from time to time earns next to nothing."""
    with connected(impatient) as connection:
        connection.sendall(HEAD % 1_000_000)
        dribbled = 0
        while not select.select([connection], [], [], PATIENCE_S / 10)[0]:
            connection.sendall(b"x")
            dribbled += 1
        assert is_cut(connection)
        assert dribbled < 100


def test_the_application_learns_that_the_body_will_not_come(
    impatient: int, application: Application
) -> None:
    application.left.clear()
    with connected(impatient) as connection:
        connection.sendall(HEAD % 10 + b"1234")
        assert application.left.wait(20)


def test_who_has_sent_much_may_take_longer(impatient: int) -> None:
    with connected(impatient) as connection:
        connection.sendall(HEAD % (SLOWEST_BYTES_PER_S * 10 + 1) + b"x" * SLOWEST_BYTES_PER_S * 10)
        assert not select.select([connection], [], [], PATIENCE_S * 1.5)[0]
        connection.sendall(b"x")
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")


def test_a_connection_between_two_requests_waits_as_long_as_it_may(impatient: int) -> None:
    with connected(impatient) as connection:
        for _ in range(2):
            connection.sendall(HEAD % 1 + b"x")
            assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
            assert not select.select([connection], [], [], PATIENCE_S * 1.5)[0]
        connection.sendall(b"POST /")
        assert is_cut(connection)


def test_who_does_not_fetch_the_answer_is_cut_off(impatient: int, application: Application) -> None:
    application.left.clear()
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(20)
        connection.connect(("127.0.0.1", impatient))
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        assert application.left.wait(20)


def test_who_fetches_it_gets_all_of_it(patient: int) -> None:
    with connected(patient) as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        fetched = 0
        while fetched < len(LARGE):
            fetched += len(connection.recv(1 << 20))


def test_an_answer_before_the_end_of_the_body_leaves_no_connection_behind(patient: int) -> None:
    """The rest is thrown away, and then the usual time between two requests begins."""
    with connected(patient) as connection:
        connection.sendall(EARLY % 10)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
        connection.sendall(b"0123456789")
        assert is_cut(connection)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 400),
        (b"GET http://[::1 HTTP/1.1\r\n\r\n", 400),
        ("GET /ä HTTP/1.1\r\nHost: x\r\n\r\n".encode(), 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: x\r\n\r\nzz\r\n", 400),
        (b"CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: " + b"b" * MAX_HEAD_BYTES, 431),
        (b"GET /" + b"b" * MAX_HEAD_BYTES, 431),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * MAX_HEAD_BYTES, 431),
    ],
    ids=[
        "tls",
        "url",
        "beyond ascii",
        "lengths",
        "length",
        "chunk",
        "proxy",
        "header",
        "path",
        "headers",
    ],
)
def test_what_is_no_http_is_told_so_in_json(patient: int, sent: bytes, status: int) -> None:
    with connected(patient) as connection:
        connection.sendall(sent)
        answer = b""
        try:
            while part := connection.recv(65536):
                answer += part
        except ConnectionResetError:
            assert answer
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\ncontent-type: application/json\r\n" in head
    assert json.loads(body)["error"].keys() == {"message", "type", "param", "code"}


def test_a_client_that_offers_another_protocol_is_served(patient: int) -> None:
    """Java's own client and curl --http2 ask to upgrade, with the body already on its way."""
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n"
    with connected(patient) as connection:
        connection.sendall((HEAD % 4)[:-2] + upgrade + b"bo")
        answer = b""
        connection.sendall(b"dy")
        while not answer.endswith(b"4\r\n0\r\n\r\n"):
            part = connection.recv(1000)
            assert part, answer
            answer += part
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_patience_belongs_to_one_server() -> None:
    assert asyncio.Protocol in with_patience(1).__mro__
    assert (with_patience(1).patience_s, with_patience(2).patience_s) == (1, 2)
