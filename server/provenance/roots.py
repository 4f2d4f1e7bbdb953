"""Shows whom to trust: the roots of this site, at an address that needs no key."""

from starlette.requests import Request
from starlette.responses import Response

from server.errors import NotFound
from server.http.routing import Endpoint

PEM_TYPE = "application/pem-certificate-chain"
"""Source: RFC 8555, 9.1."""


def roots_endpoint(pem: str | None) -> Endpoint:
    """Answers with every root that this site ever made."""

    async def answer(_request: Request) -> Response:
        if pem is None:
            raise NotFound("This server signs no pictures: it has no certificates.")
        headers = {"cache-control": "public, max-age=3600", "x-content-type-options": "nosniff"}
        return Response(pem, media_type=PEM_TYPE, headers=headers)

    return answer
