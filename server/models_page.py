"""Which models there are: GET /v1/models, /v1/models/{id} and /api/v3/models."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from server.errors import NoSuchModel
from server.named_models import MODELS, NamedModel


async def list_models(_request: Request) -> Response:
    return JSONResponse({"object": "list", "data": [_entry(model) for model in MODELS.values()]})


async def list_ark_models(_request: Request) -> Response:
    data = [_ark_entry(model) for model in MODELS.values() if model.brand == "seedream"]
    return JSONResponse({"object": "list", "data": data})


async def show_model(request: Request) -> Response:
    """Raises: NoSuchModel."""
    name = request.path_params["name"]
    if name not in MODELS:
        raise NoSuchModel(f"The model '{name[:80]}' does not exist", "model")
    return JSONResponse(_entry(MODELS[name]))


def _entry(model: NamedModel) -> dict[str, Any]:
    return {
        "id": model.id,
        "object": "model",
        "created": model.created,
        "owned_by": model.owned_by,
    }


def _ark_entry(model: NamedModel) -> dict[str, Any]:
    name, _, version = model.id.rpartition("-")
    if not version.isdecimal():
        name, version = model.id, ""
    return {
        "id": model.id,
        "name": name,
        "version": version,
        "object": "model",
        "created": model.created,
        "domain": "ImageGeneration",
        "task_type": ["TextToImage"],
    }
