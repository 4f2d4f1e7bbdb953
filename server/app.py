"""Wires paths to dialects. The only place where both are known.

Everything it needs is handed in; it starts and stops nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fastapi import FastAPI
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from server.batches.office import BatchOffice, BatchSettings
from server.batches.paths import batch_paths
from server.dialect import Dialect, Dialects
from server.dialects.a1111 import schema as a1111_schema
from server.dialects.a1111.dialect import A1111
from server.dialects.a1111.pages import ROOT as A1111_ROOT
from server.dialects.a1111.pages import Pages as A1111Pages
from server.dialects.ark import schema as ark_schema
from server.dialects.ark.dialect import Ark
from server.dialects.openai.dialect import OpenAI
from server.dialects.openai.edits import OpenAIEdits
from server.dialects.openai.schema import ERROR
from server.docs_page import DOCS_PATH, mount_docs
from server.http.auth import Keys, RequireKey
from server.http.description import add_path
from server.http.front import Front, translate_http_exception
from server.http.limits import RequestLimits
from server.http.paths import Path
from server.http.room import GiveRoom, Room
from server.http.routes import (
    ARK_ROOT,
    OPENAI_EDITS,
    OPENAI_GENERATIONS,
    PICTURES,
    drawing_paths,
    model_paths,
    public_paths,
)
from server.http.routing import Router
from server.http.schema import Schema
from server.http.sse import HEARTBEAT_S
from server.inputs.picture_rule import MIB
from server.provenance.api import VerifyApi
from server.provenance.paths import provenance_paths
from server.provenance.roots import ReadRoots
from server.provenance.verifier import Verifier
from server.service import Service
from server.store.database import Database

_DESCRIPTION = (
    "Draws pictures. Speaks the Volcengine Ark image API under /api/v3 and the OpenAI image API "
    "under /v1, which also answer without /v1, under /openai/v1 and under "
    "/openai/deployments/{model}. Every path needs a key, except the probes, this page and the "
    "pictures' own signed addresses. Every answer has the header x-request-id; what was drawn and "
    "what had no effect stands in headers that begin with x-seedbed-."
)


@dataclass(frozen=True, slots=True)
class AppSettings:
    """The plain values that the HTTP layer needs."""

    keys: Mapping[str, str] = field(repr=False)
    """Whose key: name -> secret."""
    version: str
    max_body_bytes: int = 64 * MIB
    max_form_bytes: int = 256 * MIB
    max_bodies_bytes: int = 512 * MIB
    """What bodies of all calls may hold in memory at once."""
    public_url: str | None = None
    """What picture addresses begin with; None takes the address the request came to."""
    cors_origins: tuple[str, ...] = ()
    """Web origins whose pages may call the API from a browser; "*" means all."""
    reproducible: bool = False
    """Whether pictures are drawn alone when the caller does not say."""
    snap_sizes: bool = False
    """Whether the nearest size is taken where the model has not the one that is said."""
    native_ark_errors: bool = False
    """Whether a 400 of the Ark path has the vendor's own code in its body."""
    requests_per_minute: int = 0
    """How many drawing calls a key may make; 0 does not count them."""
    azure_keys: bool = True
    """Whether the OpenAI paths also take the key from the header api-key."""
    a1111: bool = False
    """Whether the paths of the AUTOMATIC1111 web UI are there."""
    heartbeat_s: float = HEARTBEAT_S
    """How long a stream may be silent before it shows that it is alive."""
    batches: BatchSettings | None = None
    """Without them there are no batches."""
    roots: ReadRoots = field(default=lambda: None)
    """Reads the roots that this site's content credentials lead to."""


def create_app(
    service: Service,
    settings: AppSettings,
    verifier: Verifier | None = None,
    database: Database | None = None,
) -> FastAPI:
    """Build the whole HTTP layer around a service, and a verifier of pictures where there is one.

    `database` is what batches are kept in, where it is open already.

    Raises: StorageFailure, CommandError.
    """
    openai, ark = OpenAI(settings.azure_keys), Ark(settings.native_ark_errors)
    limits = RequestLimits(settings.requests_per_minute) if settings.requests_per_minute else None
    router = Router(
        service,
        settings.max_body_bytes,
        settings.public_url,
        reproducible=settings.reproducible,
        snap_sizes=settings.snap_sizes,
        limits=limits,
        max_form_bytes=settings.max_form_bytes,
        heartbeat_s=settings.heartbeat_s,
    )
    office = None
    if settings.batches is not None:
        speeches = {OPENAI_GENERATIONS: openai, OPENAI_EDITS: OpenAIEdits()}
        office = BatchOffice(settings.batches, router, openai, speeches, database)
    app = FastAPI(
        title="seedbed",
        version=settings.version,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={HTTPException: translate_http_exception},
        lifespan=None if office is None else office.open,
    )
    _add_public_paths(app, service, settings)
    tagged: dict[str, Iterable[Path]] = {
        "drawing": drawing_paths(router, ark, openai),
        "models": model_paths(service),
        "batches": () if office is None else batch_paths(office),
        "provenance": ()
        if verifier is None
        else provenance_paths(VerifyApi(verifier, settings.max_form_bytes)),
        "a1111": A1111Pages(router).paths() if settings.a1111 else (),
    }
    for tag, paths in tagged.items():
        for path in paths:
            add_path(app, path, tag, errors=_errors_at(path.path))

    app.add_middleware(GiveRoom, room=Room(settings.max_bodies_bytes))
    app.add_middleware(RequireKey, keys=Keys(settings.keys))
    others: dict[str, Dialect] = {ARK_ROOT: ark}
    if settings.a1111:
        others[A1111_ROOT] = A1111()
    dialects = Dialects(default=openai, by_prefix=others)
    app.add_middleware(Front, dialects=dialects, cors_origins=settings.cors_origins, limits=limits)
    return app


def _add_public_paths(app: FastAPI, service: Service, settings: AppSettings) -> None:
    """Those that `server.http.auth` lets through without a key."""
    for path in public_paths(service, settings.version, settings.roots):
        tag = "pictures" if path.path == PICTURES else "operations"
        add_path(app, path, tag, errors=ERROR, needs_key=False)
    app.add_api_route("/", _to_docs, methods=["GET", "HEAD"], include_in_schema=False)
    mount_docs(app)


def _errors_at(path: str) -> Schema:
    """The shape of what goes wrong at a path."""
    shapes = {ARK_ROOT: ark_schema.ERROR, A1111_ROOT: a1111_schema.ERROR}
    return next((shape for root, shape in shapes.items() if path.startswith(root)), ERROR)


async def _to_docs(_request: Request) -> Response:
    return RedirectResponse(DOCS_PATH, 302)
