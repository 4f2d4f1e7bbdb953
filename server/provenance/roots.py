"""Shows whom to trust: the roots of this site, at an address that needs no key.

They are read whenever they are asked for: somebody may make the next one while the server runs.
"""

import logging
from collections.abc import Callable
from typing import TypeAlias

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from server.errors import NotFound
from server.http.routing import Endpoint
from server.terminal import CommandError

PEM_TYPE = "application/pem-certificate-chain"
"""Source: RFC 8555, 9.1."""

ReadRoots: TypeAlias = Callable[[], str | None]
"""Reads them from the disk, as PEM; None when there are none. Raises: CommandError."""

_log = logging.getLogger(__name__)


def roots_endpoint(read: ReadRoots) -> Endpoint:
    """Answers with every root that this site ever made. Raises: CommandError: one is damaged."""
    pem = read()

    async def answer(_request: Request) -> Response:
        nonlocal pem
        try:
            pem = await run_in_threadpool(read)
        except CommandError as error:
            _log.error("the roots that are told are as they were before: %s", error)
        if pem is None:
            raise NotFound("This server signs no pictures: it has no certificates.")
        headers = {"cache-control": "public, max-age=3600", "x-content-type-options": "nosniff"}
        return Response(pem, media_type=PEM_TYPE, headers=headers)

    return answer
