"""One connection: uvicorn's own HTTP/1.1, and what it lacks against slow and hostile clients.

- A head or a body that does not arrive, and an answer that is not fetched, ends the connection. It
  is closed without a word: client libraries would send a 408 again, twice.
- A head beyond its limit is refused before it is stored; bytes that are no HTTP get JSON.
- An offer to speak another protocol is declined; uvicorn would lose the body that comes with it.

Knows no path and no dialect.
"""

import asyncio
import json
from http import HTTPStatus
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

SLOWEST_BYTES_PER_S = 4096
"""Who sends or fetches at least this fast is never cut off."""
MAX_HEAD_BYTES = 64 * 1024
_FETCHING = 3
"""How much longer a client may pause that fetches: it may be busy with what has come."""


class HttpProtocol(HttpToolsProtocol):
    """Make a subclass with `with_patience`."""

    patience_s = 20.0

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._head_bytes = 0
        self._in_head = True
        self._due_s = 0.0
        self._sending: asyncio.TimerHandle | None = None
        self._fetching: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_bytes()

    def connection_lost(self, exc: Exception | None) -> None:
        self._all_sent()
        self._all_fetched()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_bytes += len(data)
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._decline(data[offer.args[0] :])
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._refuse(431, f"The head of a request may have {MAX_HEAD_BYTES} bytes.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        if self._sending is None:
            self._expect_bytes()

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        super().on_headers_complete()
        self._in_head, self._head_bytes = False, 0
        self._due_s = self.loop.time() + self.patience_s

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._due_s += len(body) / SLOWEST_BYTES_PER_S

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return
        super().on_message_complete()
        self._all_sent()
        if self.cycle.response_complete:  # answered before it had all come: nobody else waits
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def pause_writing(self) -> None:
        """More is written than the client fetches; uvicorn writes no more until it has caught up"""
        super().pause_writing()
        self._expect_fetching()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._all_fetched()

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, msg)

    def _decline(self, rest: bytes) -> None:
        """Read the same request once more, without the offer.

        The parser takes whatever follows an offer for the other protocol. Clients go on in
        HTTP/1.1: Java's own sends the offer with every first request, its body right behind.
        """
        method = self.parser.get_method()
        if method == b"CONNECT":
            self.send_400_response("This is no proxy.")
            return
        kept = [name + b": " + value for name, value in self.headers if name != b"upgrade"]
        version = self.parser.get_http_version().encode()
        line = b"%b %b HTTP/%b" % (method, self.url, version)
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(b"\r\n".join([line, *kept, b"", rest]))

    def _expect_bytes(self) -> None:
        self._due_s = self.loop.time() + self.patience_s
        self._sending = self.loop.call_at(self._due_s, self._look_at_sending)

    def _all_sent(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None

    def _look_at_sending(self) -> None:
        if self.flow.read_paused:  # it is we who do not read
            self._expect_bytes()
        elif self.loop.time() < self._due_s:
            self._sending = self.loop.call_at(self._due_s, self._look_at_sending)
        else:
            self.transport.abort()

    def _expect_fetching(self) -> None:
        waiting = self.transport.get_write_buffer_size()
        patience_s = self.patience_s * _FETCHING
        self._fetching = self.loop.call_later(patience_s, self._look_at_fetching, waiting)

    def _all_fetched(self) -> None:
        if self._fetching is not None:
            self._fetching.cancel()
            self._fetching = None

    def _look_at_fetching(self, before: int) -> None:
        fetched = before - self.transport.get_write_buffer_size()
        if fetched < SLOWEST_BYTES_PER_S * self.patience_s * _FETCHING:
            self.transport.abort()
        else:
            self._expect_fetching()

    def _refuse(self, status: int, message: str) -> None:
        """Answer what never became a request, in the shape that all dialects' clients can read."""
        error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
        body = json.dumps({"error": error}).encode()
        head = (
            f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


def with_patience(seconds: float) -> type[HttpProtocol]:
    """A connection that waits so long for a head, for a body, and for an answer to be fetched."""
    return type("PatientHttpProtocol", (HttpProtocol,), {"patience_s": seconds})
