"""The outermost layer: every response gets its ids and headers here, every failure its answer.

Rule 1: whatever goes wrong further in, the caller gets the path's own error shape, once.
Rule 2: the text of a foreign exception stays in the log.
Knows no model and no body.
"""

import logging
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipelines.errors import Cancelled, CapacityError, GenerationError, RequestError
from server.auth import is_public
from server.dialect import Dialect, Dialects
from server.errors import MethodNotAllowed, NotFound

_ECHOED = "x-client-request-id"
_METHODS = "GET, HEAD, POST, OPTIONS"
_PREFLIGHT_S = "600"

_log = logging.getLogger(__name__)


class Front:
    """Middleware around all others: request ids, cross-origin headers, errors, trailing slashes."""

    def __init__(self, app: ASGIApp, dialects: Dialects, cors_origins: Sequence[str]) -> None:
        self._app = app
        self._dialects = dialects
        self._cors_origins = frozenset(cors_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, send, self._dialects, self._cors_origins)
        try:
            if scope["method"] == "OPTIONS":
                await exchange.preflight()(scope, receive, exchange.send)
            else:
                await self._app(scope, receive, exchange.send)
        except ClientDisconnect:
            _log.debug("%s: the client left while sending", exchange.request_id)
        except Exception as error:  # noqa: BLE001 - whatever failed, the caller gets an answer
            await exchange.fail(error, scope, receive)


class _Exchange:
    """One request and what must be said in its response."""

    def __init__(
        self, scope: Scope, send: Send, dialects: Dialects, cors_origins: frozenset[str]
    ) -> None:
        if not is_public(scope["path"]):
            scope["path"] = scope["path"].rstrip("/") or "/"
        self.dialect = dialects.at(scope["path"])
        self.request_id = self.dialect.new_request_id()
        scope.setdefault("state", {}).update(dialect=self.dialect, request_id=self.request_id)
        self._send = send
        self._started = False
        headers = Headers(scope=scope)
        self._echo = headers.get(_ECHOED)
        self._asked_headers = headers.get("access-control-request-headers")
        origin = headers.get("origin")
        allowed = origin in cors_origins or "*" in cors_origins
        self._origin = origin if allowed else None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._started = True
            headers = MutableHeaders(scope=message)
            headers["x-request-id"] = self.request_id
            if self._echo is not None:
                headers[_ECHOED] = self._echo
            if self._origin is not None:
                headers["access-control-allow-origin"] = self._origin
                headers["access-control-expose-headers"] = "*"
                headers.add_vary_header("origin")
        await self._send(message)

    def preflight(self) -> Response:
        """What a browser asks before it calls. Without an allowed origin it learns nothing."""
        headers = {"allow": _METHODS}
        if self._origin is not None:
            headers |= {
                "access-control-allow-methods": _METHODS,
                "access-control-allow-headers": self._asked_headers
                or "authorization, content-type",
                "access-control-max-age": _PREFLIGHT_S,
            }
        return Response(status_code=204, headers=headers)

    async def fail(self, error: Exception, scope: Scope, receive: Receive) -> None:
        """Answer with the error; when the answer has begun, all that is left is to break it off."""
        log_failure(error, self.request_id)
        if self._started:
            raise error
        response = error_response(error, self.dialect, self.request_id)
        await response(scope, receive, self.send)


def error_response(error: Exception, dialect: Dialect, request_id: str) -> Response:
    """Render an error in the dialect's shape."""
    answer = dialect.render_error(error, request_id)
    return JSONResponse(answer.body, answer.status, dict(answer.headers))


async def translate_http_exception(request: Request, error: Exception) -> Response:
    """Raise the router's own exceptions as errors of ours. Raises: NotFound, MethodNotAllowed."""
    if not isinstance(error, HTTPException):
        raise error
    method, path = request.method, request.url.path
    if error.status_code == 405:
        raise MethodNotAllowed(
            f"Not allowed to {method} on {path}. "
            "(HINT: Perhaps you meant to use a different HTTP method?)",
            allow=(error.headers or {}).get("Allow", ""),
        ) from None
    if error.status_code == 404:
        raise NotFound(f"Invalid URL ({method} {path})") from None
    raise error


def log_failure(error: Exception, request_id: str) -> None:
    """Our own faults are logged with their traceback; a caller's are not faults of ours."""
    if isinstance(error, RequestError | CapacityError | Cancelled):
        _log.info("%s: %s: %s", request_id, type(error).__name__, error)
    elif isinstance(error, GenerationError):
        _log.error("%s: %s: %s", request_id, type(error).__name__, error, exc_info=error)
    else:
        _log.error("%s: unexpected failure", request_id, exc_info=error)
