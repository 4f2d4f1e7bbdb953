"""Adds a path to the app, and what /openapi.json says of it.

FastAPI only carries the description here: endpoints read their requests themselves, because every
dialect has its own words for what is wrong with one.
"""

import re
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.params import Depends
from fastapi.security import HTTPBearer
from starlette.responses import Response

from server.http.body import Body
from server.http.paths import Answers, Path
from server.http.schema import Schema

_JSON = "application/json"


def add_path(app: FastAPI, path: Path, tag: str, *, errors: Schema, needs_key: bool = True) -> None:
    """Whoever may GET a path may also ask for its HEAD. `errors` is the shape of all failures."""
    failed = {"description": "What went wrong.", "content": _as_content({_JSON: errors})}
    app.add_api_route(
        path.path,
        path.endpoint,
        methods=[path.method],
        dependencies=[_key_in_description()] if needs_key else [],
        operation_id=f"{path.method.lower()}{re.sub(r'[^a-z0-9]+', '_', path.path)}".rstrip("_"),
        summary=path.summary,
        description=path.notes or path.summary,
        response_class=Response,
        responses={
            200: {"description": "It went well.", "content": _as_content(path.answers)},
            **{
                status: {"description": "Not now.", "content": _as_content({_JSON: shape})}
                for status, shape in path.unlike.items()
            },
            "default": failed,
        },
        openapi_extra=_description(path),
        tags=[tag],
    )
    if path.method == "GET":
        app.add_api_route(path.path, path.endpoint, methods=["HEAD"], include_in_schema=False)


def _as_content(answers: Answers) -> dict[str, Any]:
    return {media_type: {"schema": dict(schema)} for media_type, schema in answers.items()}


def _key_in_description() -> Depends:
    """Makes /docs ask for a key. The key is checked by `server.http.auth`, for every path."""
    return Depends(HTTPBearer(auto_error=False))


def _description(path: Path) -> dict[str, Any]:
    names = re.findall(r"{(\w+)", path.path)
    parameters = [*map(_path_parameter, names), *_query_parameters(path.query or {})]
    said: dict[str, Any] = {"parameters": parameters}
    if path.body is not None or path.form is not None:
        said["requestBody"] = {"required": True, "content": _content(path)}
    return said


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query_parameters(query: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"name": name, "in": "query", "schema": dict(kind)} for name, kind in query.items()]


def _content(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if path.body is not None:
        content["application/json"] = {"schema": json_schema(path.body)}
    if path.form is not None:
        content["multipart/form-data"] = {"schema": dict(path.form)}
    return content


def json_schema(body: type[Body]) -> dict[str, Any]:
    """The schema of a body, standing alone: every reference replaced by what it refers to."""
    schema = body.model_json_schema()
    parts = schema.pop("$defs", {})
    inlined: dict[str, Any] = _inlined(schema, parts)
    return inlined


def form_schema(body: type[Body], several: str, *single: str) -> dict[str, Any]:
    """The same said in a form, where pictures are files: several of one name, and single ones."""
    schema = json_schema(body)
    file = {"type": "string", "format": "binary"}
    files = {several: {"type": "array", "items": file}} | dict.fromkeys(single, file)
    properties = {
        name: kind for name, kind in schema["properties"].items() if name != f"{several}s"
    }
    return schema | {"properties": properties | files}


def _inlined(schema: Any, parts: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_inlined(item, parts) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if reference := schema.get("$ref"):
        return _inlined(parts[reference.rpartition("/")[2]], parts)
    return {name: _inlined(value, parts) for name, value in schema.items()}
