"""Who is calling: a bearer key, compared in constant time. Everything not listed here needs one.

Knows no dialect; the error it raises is rendered further out.
"""

import hmac
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from server.errors import Unauthenticated, WrongKey

PUBLIC_PATHS = frozenset({"/", "/livez", "/readyz", "/version", "/openapi.json", "/docs"})
PUBLIC_FOLDERS = ("/docs/", "/files/")


def is_public(path: str) -> bool:
    """Whether a path is answered without a key: probes, the API's description, signed addresses."""
    return path in PUBLIC_PATHS or path.startswith(PUBLIC_FOLDERS)


class Keys:
    """The keys of this server, each with the name its use is charged to."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = {name: secret.encode() for name, secret in secrets.items()}

    def name_of(self, authorization: str | None) -> str:
        """Return the name of the caller's key.

        All keys are compared, whichever is right, so that the time tells nothing.

        Raises: Unauthenticated.
        """
        if authorization is None:
            raise Unauthenticated(
                "You didn't provide an API key. You need to provide your API key in an "
                "Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
            )
        scheme, _, secret = authorization.strip().partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise Unauthenticated(
                "The Authorization header must read: Authorization: Bearer YOUR_KEY."
            )
        given = secret.strip().encode("latin-1")  # the bytes that were sent, whatever they mean
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
            authorization = Headers(scope=scope).get("authorization")
            scope["state"]["client"] = self._keys.name_of(authorization)
        await self._app(scope, receive, send)
