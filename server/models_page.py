"""Which models there are: GET /v1/models, /v1/models/{id} and /api/v3/models."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from server.contract.named_models import NamedModel
from server.errors import NoSuchModel


@dataclass(frozen=True, slots=True)
class ModelsPage:
    """The lists of one server's models."""

    models: Mapping[str, NamedModel]

    async def openai(self, _request: Request) -> Response:
        """All of them."""
        data = [_entry(model) for model in self.models.values()]
        return JSONResponse({"object": "list", "data": data})

    async def ark(self, _request: Request) -> Response:
        """Those that the Ark dialect knows."""
        data = [_ark_entry(model) for model in self.models.values() if model.brand == "seedream"]
        return JSONResponse({"object": "list", "data": data})

    async def show(self, request: Request) -> Response:
        """Raises: NoSuchModel."""
        name = request.path_params["name"]
        if name not in self.models:
            raise NoSuchModel(f"The model '{name[:80]}' does not exist", "model")
        return JSONResponse(_entry(self.models[name]))


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
