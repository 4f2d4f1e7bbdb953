"""Serves the interactive API description at /docs, from this machine alone.

Swagger UI is vendored in `server/swagger`, so the page works without internet, and its content
security policy allows neither inline script nor another host. Knows nothing of the routes it
describes: the page reads /openapi.json.
"""

from functools import partial
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse

DOCS_PATH = "/docs"
"""The page; its files lie below it. Public: no key is needed."""

_FOLDER = Path(__file__).parent / "swagger"
_PAGE = "docs.html"
_FILES = ("docs.js", "swagger-ui-bundle.js", "swagger-ui.css")
_HEADERS = {
    "cache-control": "no-cache",
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def mount_docs(app: FastAPI) -> None:
    """Add /docs and its files to an app that was made with `docs_url=None`."""
    assert app.docs_url is None, "FastAPI's own /docs would answer first, from another host"
    app.add_route(DOCS_PATH, partial(_send, _PAGE), include_in_schema=False)
    for name in _FILES:
        app.add_route(f"{DOCS_PATH}/{name}", partial(_send, name), include_in_schema=False)


async def _send(name: str, _: Request) -> FileResponse:
    return FileResponse(_FOLDER / name, headers=_HEADERS)
