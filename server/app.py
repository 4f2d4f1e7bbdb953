"""Wires paths to dialects. The only place where both are known.

Everything it needs is handed in; it starts and stops nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import FastAPI
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from server.auth import Keys, RequireKey
from server.batches.office import BatchOffice, BatchSettings
from server.batches.paths import batch_paths
from server.description import add_path, form_schema
from server.dialect import Dialect, Dialects
from server.dialects.a1111.dialect import A1111
from server.dialects.a1111.pages import ROOT as A1111_ROOT
from server.dialects.a1111.pages import Pages as A1111Pages
from server.dialects.ark.body import ArkBody
from server.dialects.ark.dialect import Ark
from server.dialects.native.body import NativeBody
from server.dialects.native.dialect import Native
from server.dialects.openai.body import OpenAIBody
from server.dialects.openai.dialect import OpenAI
from server.dialects.openai.edits import (
    OpenAIEdits,
    OpenAIEditsBody,
    OpenAIVariations,
    OpenAIVariationsBody,
)
from server.docs_page import DOCS_PATH, mount_docs
from server.front import Front, translate_http_exception
from server.limits import RequestLimits
from server.models_page import list_ark_models, list_models, show_model
from server.ops import livez, readyz, version
from server.paths import Path
from server.routing import Router
from server.service import Service
from server.sse import HEARTBEAT_S

ARK_ROOT = "/api/v3"
ARK_GENERATIONS = f"{ARK_ROOT}/images/generations"
OPENAI_GENERATIONS = "/v1/images/generations"
OPENAI_EDITS = "/v1/images/edits"
OPENAI_VARIATIONS = "/v1/images/variations"
NATIVE_IMAGES = "/seedbed/v1/images"
PICTURES = "/files/{token}/{name}"

_MODEL_LISTS = (
    Path("GET", "/v1/models", list_models),
    Path("GET", "/v1/models/{name:path}", show_model),
    Path("GET", f"{ARK_ROOT}/models", list_ark_models),
)
_DESCRIPTION = (
    "Draws pictures. Speaks the Volcengine Ark image API under /api/v3 and the OpenAI image API "
    "under /v1. Every path needs a key, except the probes, this page and the pictures' own signed "
    "addresses."
)


@dataclass(frozen=True, slots=True)
class AppSettings:
    """The plain values that the HTTP layer needs."""

    keys: Mapping[str, str] = field(repr=False)
    """Whose key: name -> secret."""
    version: str
    max_body_bytes: int = 25 * 1024 * 1024
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


def create_app(service: Service, settings: AppSettings) -> FastAPI:
    """Build the whole HTTP layer around a service. Raises: StorageFailure."""
    openai, ark = OpenAI(settings.azure_keys), Ark(settings.native_ark_errors)
    limits = RequestLimits(settings.requests_per_minute) if settings.requests_per_minute else None
    router = Router(
        service,
        settings.max_body_bytes,
        settings.public_url,
        reproducible=settings.reproducible,
        snap_sizes=settings.snap_sizes,
        limits=limits,
        heartbeat_s=settings.heartbeat_s,
    )
    office = None
    if settings.batches is not None:
        speeches = {OPENAI_GENERATIONS: openai, OPENAI_EDITS: OpenAIEdits()}
        office = BatchOffice(settings.batches, router, openai, speeches)
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
    for path in _drawing_paths(router, ark, openai):
        add_path(app, path, tag="drawing")
    for path in _MODEL_LISTS:
        add_path(app, path, tag="models")
    for path in () if office is None else batch_paths(office):
        add_path(app, path, tag="batches")
    for path in A1111Pages(router).paths() if settings.a1111 else ():
        add_path(app, path, tag="a1111")

    app.add_middleware(RequireKey, keys=Keys(settings.keys))
    others: dict[str, Dialect] = {ARK_ROOT: ark}
    if settings.a1111:
        others[A1111_ROOT] = A1111()
    dialects = Dialects(default=openai, by_prefix=others)
    app.add_middleware(Front, dialects=dialects, cors_origins=settings.cors_origins, limits=limits)
    return app


def _add_public_paths(app: FastAPI, service: Service, settings: AppSettings) -> None:
    """Those that `server.auth` lets through without a key."""
    probes = (
        Path("GET", "/livez", livez),
        Path("GET", "/readyz", readyz(service.fleet)),
        Path("GET", "/version", version(settings.version)),
    )
    for path in probes:
        add_path(app, path, tag="operations", needs_key=False)
    add_path(app, Path("GET", PICTURES, service.files.serve), tag="pictures", needs_key=False)
    app.add_api_route("/", _to_docs, methods=["GET", "HEAD"], include_in_schema=False)
    mount_docs(app)


def _drawing_paths(router: Router, ark: Ark, openai: OpenAI) -> tuple[Path, ...]:
    return (
        Path("POST", ARK_GENERATIONS, router.drawing_endpoint(ark), body=ArkBody),
        Path("POST", OPENAI_GENERATIONS, router.drawing_endpoint(openai), body=OpenAIBody),
        Path(
            "POST",
            OPENAI_EDITS,
            router.form_endpoint(OpenAIEdits(), OpenAIEditsBody),
            body=OpenAIEditsBody,
            form=form_schema(OpenAIEditsBody, "image", "mask", "markup"),
        ),
        Path(
            "POST",
            OPENAI_VARIATIONS,
            router.form_endpoint(OpenAIVariations(), OpenAIVariationsBody),
            body=OpenAIVariationsBody,
            form=form_schema(OpenAIVariationsBody, "image"),
        ),
        Path("POST", NATIVE_IMAGES, router.drawing_endpoint(Native()), body=NativeBody),
    )


async def _to_docs(_request: Request) -> Response:
    return RedirectResponse(DOCS_PATH, 302)
