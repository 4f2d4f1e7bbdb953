"""Wires paths to dialects. The only place where both are known.

Everything it needs is handed in; it starts and stops nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from fastapi.params import Depends
from fastapi.responses import RedirectResponse
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from server.auth import Keys, RequireKey
from server.batches.office import BatchOffice, BatchSettings
from server.batches.paths import Path as BatchPath
from server.batches.paths import batch_paths
from server.body import Body
from server.dialect import Dialects
from server.dialects.ark.body import ArkBody
from server.dialects.ark.dialect import Ark
from server.dialects.native.body import NativeBody
from server.dialects.native.dialect import Native
from server.dialects.openai.body import OpenAIBody
from server.dialects.openai.dialect import OpenAI
from server.docs_page import DOCS_PATH, mount_docs
from server.front import Front, translate_http_exception
from server.limits import RequestLimits
from server.models_page import list_ark_models, list_models, show_model
from server.ops import livez, readyz, version
from server.routing import Endpoint, Router
from server.service import Service
from server.sse import HEARTBEAT_S

ARK_ROOT = "/api/v3"
ARK_GENERATIONS = f"{ARK_ROOT}/images/generations"
OPENAI_GENERATIONS = "/v1/images/generations"
NATIVE_IMAGES = "/seedbed/v1/images"
PICTURES = "/files/{token}/{name}"

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
        speeches = {OPENAI_GENERATIONS: openai}
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
    _add_post(app, ARK_GENERATIONS, router.drawing_endpoint(ark), ArkBody)
    _add_post(app, OPENAI_GENERATIONS, router.drawing_endpoint(openai), OpenAIBody)
    _add_post(app, NATIVE_IMAGES, router.drawing_endpoint(Native()), NativeBody)
    _add_model_lists(app)
    for path in () if office is None else batch_paths(office):
        _add_batch_path(app, path)

    app.add_middleware(RequireKey, keys=Keys(settings.keys))
    dialects = Dialects(default=openai, by_prefix={ARK_ROOT: ark})
    app.add_middleware(Front, dialects=dialects, cors_origins=settings.cors_origins, limits=limits)
    return app


def _add_public_paths(app: FastAPI, service: Service, settings: AppSettings) -> None:
    """Those that `server.auth` lets through without a key."""
    probes = {
        "/livez": livez,
        "/readyz": readyz(service.fleet),
        "/version": version(settings.version),
    }
    for path, endpoint in probes.items():
        _add_get(app, path, endpoint, tag="operations", needs_key=False)
    _add_get(app, PICTURES, service.files.serve, tag="pictures", needs_key=False)
    app.add_api_route("/", _to_docs, methods=["GET", "HEAD"], include_in_schema=False)
    mount_docs(app)


def _add_model_lists(app: FastAPI) -> None:
    _add_get(app, "/v1/models", list_models, tag="models")
    _add_get(app, "/v1/models/{name:path}", show_model, tag="models")
    _add_get(app, f"{ARK_ROOT}/models", list_ark_models, tag="models")


def _add_get(
    app: FastAPI,
    path: str,
    endpoint: Endpoint,
    tag: str,
    needs_key: bool = True,
) -> None:
    names = re.findall(r"{(\w+)", path)
    app.add_api_route(
        path,
        endpoint,
        methods=["GET"],
        dependencies=[_key_in_description()] if needs_key else [],
        openapi_extra={"parameters": [_path_parameter(name) for name in names]},
        tags=[tag],
    )
    app.add_api_route(path, endpoint, methods=["HEAD"], include_in_schema=False)


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _add_post(app: FastAPI, path: str, endpoint: Endpoint, body: type[Body]) -> None:
    app.add_api_route(
        path,
        endpoint,
        methods=["POST"],
        dependencies=[_key_in_description()],
        openapi_extra={"requestBody": _request_body(body)},
        name=body.__name__.removesuffix("Body").lower(),
        tags=["drawing"],
    )


def _add_batch_path(app: FastAPI, path: BatchPath) -> None:
    names = re.findall(r"{(\w+)", path.path)
    query = [
        {"name": name, "in": "query", "schema": dict(kind)}
        for name, kind in (path.query or {}).items()
    ]
    extra: dict[str, Any] = {"parameters": [*(_path_parameter(name) for name in names), *query]}
    if path.body is not None:
        extra["requestBody"] = _request_body(path.body)
    if path.form is not None:
        content = {"multipart/form-data": {"schema": dict(path.form)}}
        extra["requestBody"] = {"required": True, "content": content}
    app.add_api_route(
        path.path,
        path.endpoint,
        methods=[path.method],
        dependencies=[_key_in_description()],
        openapi_extra=extra,
        tags=["batches"],
    )
    if path.method == "GET":
        app.add_api_route(path.path, path.endpoint, methods=["HEAD"], include_in_schema=False)


def _key_in_description() -> Depends:
    """Makes /docs ask for a key. The key itself is checked by `server.auth`, for every path."""
    return Depends(HTTPBearer(auto_error=False))


def _request_body(body: type[Body]) -> dict[str, Any]:
    schema = body.model_json_schema()
    parts = schema.pop("$defs", {})
    return {
        "required": True,
        "content": {"application/json": {"schema": _inlined(schema, parts)}},
    }


def _inlined(schema: Any, parts: dict[str, Any]) -> Any:
    """A schema that stands alone: every reference replaced by what it refers to."""
    if isinstance(schema, list):
        return [_inlined(item, parts) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if reference := schema.get("$ref"):
        return _inlined(parts[reference.rpartition("/")[2]], parts)
    return {name: _inlined(value, parts) for name, value in schema.items()}


async def _to_docs(_request: Request) -> Response:
    return RedirectResponse(DOCS_PATH, 302)
