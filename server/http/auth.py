"""Who is calling: a key, compared in constant time. Everything not listed here needs one.

Where a key may stand is the dialect's to say. Knows no dialect; the error it raises is rendered
further out.
"""

import base64
import hmac
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from server.errors import Unauthenticated, WrongKey

ROOTS = "/.well-known/c2pa-root.pem"
PUBLIC_PATHS = frozenset({"/", "/livez", "/readyz", "/version", "/openapi.json", "/docs", ROOTS})
PUBLIC_FOLDERS = ("/docs/", "/files/")

Place: TypeAlias = Callable[[Headers], str | None]
"""Finds the key that a caller put into one place; None: nothing stands there."""


def is_public(path: str) -> bool:
    """Whether a path is answered without a key: probes, the API's description, signed addresses."""
    return path in PUBLIC_PATHS or path.startswith(PUBLIC_FOLDERS)


def bearer(headers: Headers) -> str | None:
    """`Authorization: Bearer KEY`."""
    return _authorization(headers, "bearer")


def api_key_header(headers: Headers) -> str | None:
    """`api-key: KEY`, as clients of Azure send it."""
    return headers.get("api-key", "").strip() or None


def x_api_key_header(headers: Headers) -> str | None:
    """`x-api-key: KEY`, as ComfyUI's nodes send it to their own service's addresses."""
    return headers.get("x-api-key", "").strip() or None


def basic_password(headers: Headers) -> str | None:
    """`Authorization: Basic base64(anybody:KEY)`; the user's name means nothing."""
    encoded = _authorization(headers, "basic")
    if encoded is None:
        return None
    try:
        pair = base64.b64decode(encoded, validate=True).decode("latin-1")
    except ValueError:  # no base64, or not even ASCII
        return None
    return pair.partition(":")[2] or None


class Keys:
    """The keys of this server, each with the name its use is charged to."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = {name: secret.encode() for name, secret in secrets.items()}

    def name_of(self, headers: Headers, places: Sequence[Place] = (bearer,)) -> str:
        """Return the name of the caller's key, from the first of the places that holds one.

        All keys are compared, whichever is right, so that the time tells nothing.

        Raises: Unauthenticated.
        """
        secret = next((found for place in places if (found := place(headers)) is not None), None)
        if secret is None:
            raise Unauthenticated(_what_is_missing(headers))
        given = secret.encode("latin-1")  # the bytes that were sent, whatever they mean
        right = [name for name, known in self._secrets.items() if hmac.compare_digest(given, known)]
        if not right:
            raise WrongKey("Incorrect API key provided. Ask the operator of this server for one.")
        return right[0]


class RequireKey:
    """Middleware: no key, no entry. It runs before the path is looked up and the body is read."""

    def __init__(self, app: ASGIApp, keys: Keys) -> None:
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises: Unauthenticated."""
        if scope["type"] == "http" and not is_public(scope["path"]):
            state = scope["state"]
            places = (*state["dialect"].key_places, *state["more_key_places"])
            state["client"] = self._keys.name_of(Headers(scope=scope), places)
        await self._app(scope, receive, send)


def _authorization(headers: Headers, scheme: str) -> str | None:
    said, _, secret = headers.get("authorization", "").strip().partition(" ")
    return secret.strip() or None if said.lower() == scheme else None


def _what_is_missing(headers: Headers) -> str:
    if "authorization" in headers:
        return "The Authorization header must read: Authorization: Bearer YOUR_KEY."
    return (
        "You didn't provide an API key. You need to provide your API key in an "
        "Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
    )
