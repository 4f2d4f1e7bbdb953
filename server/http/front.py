"""The outermost layer: every response gets its ids and headers here, every failure its answer.

Rule 1: whatever goes wrong further in, the caller gets the path's own error shape, once.
Rule 2: the text of a foreign exception stays in the log.
Knows no model and no body.
"""

import logging
import math
import re
import time
from collections.abc import Iterable, Mapping, Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipelines.errors import Cancelled, CapacityError, GenerationError, RequestError
from server.dialect import Dialect, Dialects
from server.errors import MethodNotAllowed, NotFound
from server.http.aliases import Address, canonical
from server.http.auth import is_public, x_api_key_header
from server.http.limits import Allowance, RequestLimits

_ECHOED = "x-client-request-id"
_ECHOABLE = re.compile(r"[\x20-\x7e]{1,512}")
"""What comes back byte for byte; anything else is no id, and is left out."""
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""What a caller could end a line of the log with, and write one of their own."""
_METHODS = "GET, HEAD, POST, DELETE, OPTIONS"
_PREFLIGHT_S = "600"

_log = logging.getLogger(__name__)


class Front:
    """Middleware around all others: addresses, request ids, cross-origin headers, errors."""

    def __init__(
        self,
        app: ASGIApp,
        dialects: Dialects,
        cors_origins: Sequence[str],
        limits: RequestLimits | None = None,
    ) -> None:
        self._app = app
        self._dialects = dialects
        self._cors_origins = frozenset(cors_origins)
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, send, self._dialects, self._cors_origins, self._limits)
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
        self,
        scope: Scope,
        send: Send,
        dialects: Dialects,
        cors_origins: frozenset[str],
        limits: RequestLimits | None,
    ) -> None:
        self._began_s = time.monotonic()
        asked = scope["path"]
        self._public = is_public(asked)
        address = Address(asked) if self._public else canonical(asked)
        scope["path"] = address.path
        self.dialect = dialects.at(address.path)
        self.request_id = self.dialect.new_request_id()
        self._state = scope.setdefault("state", {})
        self._state.update(
            dialect=self.dialect,
            request_id=self.request_id,
            asked=asked,
            model=address.model,
            more_key_places=(x_api_key_header,) if address.proxied else (),
        )
        self._limits = limits
        self._send = send
        self._started = False
        headers = Headers(scope=scope)
        own = headers.get(_ECHOED, "")
        self._echo = own if _ECHOABLE.fullmatch(own) else None
        self._asked_headers = headers.get("access-control-request-headers")
        origin = headers.get("origin")
        allowed = origin in cors_origins or "*" in cors_origins
        self._origin = origin if allowed else None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._started = True
            headers = MutableHeaders(scope=message)
            headers["x-request-id"] = self.request_id
            headers.update(self._facts())
            if self._echo is not None:
                headers[_ECHOED] = self._echo
            if self._origin is not None:
                headers["access-control-allow-origin"] = self._origin
                headers["access-control-expose-headers"] = "*"
                headers.add_vary_header("origin")
        await self._send(message)

    def _facts(self) -> Mapping[str, str]:
        """What the dialect says everywhere, and what the caller's key may still do."""
        if self._public:
            return {}
        facts = dict(self.dialect.headers(time.monotonic() - self._began_s))
        if self._limits is not None and "client" in self._state:
            facts |= limit_headers(self._limits.look(self._state["client"]))
        return facts

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
    method, path = request.method, request.state.asked
    if error.status_code == 405:
        raise MethodNotAllowed(
            f"Not allowed to {method} on {path}. "
            "(HINT: Perhaps you meant to use a different HTTP method?)",
            allow=", ".join(sorted(_methods_at(request.app.routes, request.scope))),
        ) from None
    if error.status_code == 404:
        raise NotFound(f"Invalid URL ({method} {path})") from None
    raise error


def _methods_at(routes: Iterable[BaseRoute], scope: Scope) -> set[str]:
    """Every method that is served at this path, by whichever route."""
    return {
        method
        for route in routes
        if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE
        for method in route.methods or ()
    }


def limit_headers(allowance: Allowance) -> dict[str, str]:
    """The three headers that client libraries pace themselves by."""
    return {
        "x-ratelimit-limit-requests": str(allowance.limit),
        "x-ratelimit-remaining-requests": str(allowance.remaining),
        "x-ratelimit-reset-requests": _duration(allowance.reset_s),
    }


def _duration(seconds: float) -> str:
    """As the vendor writes it: 120ms, 58.891s, 6m0s."""
    milliseconds = math.ceil(seconds * 1000)
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes}m{rest / 1000:g}s" if minutes else f"{rest / 1000:g}s"


def log_failure(error: Exception, request_id: str) -> None:
    """Our own faults are logged with their traceback; a caller's are not faults of ours."""
    said = _UNPRINTABLE.sub("?", str(error))
    if isinstance(error, RequestError | CapacityError | Cancelled):
        _log.info("%s: %s: %s", request_id, type(error).__name__, said)
    elif isinstance(error, GenerationError):
        _log.error("%s: %s: %s", request_id, type(error).__name__, said, exc_info=error)
    else:
        _log.error("%s: unexpected failure", request_id, exc_info=error)
