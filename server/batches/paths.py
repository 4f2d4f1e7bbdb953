"""Which path is answered by which endpoint of files and batches, as plain data."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from server.batches import schema
from server.batches.api import BatchBody
from server.batches.office import BatchOffice
from server.http.paths import Answers, Parameters, Path, json_answer
from server.http.schema import TEXT

_PAGE: Parameters = MappingProxyType(
    {"after": {"type": "string"}, "limit": {"type": "integer", "minimum": 1}}
)
_CONTENT: Answers = MappingProxyType({"application/octet-stream": TEXT})
_FORM: Mapping[str, Any] = MappingProxyType(
    {
        "type": "object",
        "required": ["file", "purpose"],
        "properties": {
            "file": {"type": "string", "format": "binary"},
            "purpose": {"type": "string", "enum": ["batch"]},
            "expires_after[anchor]": {"type": "string", "enum": ["created_at"]},
            "expires_after[seconds]": {"type": "integer", "minimum": 3600, "maximum": 2592000},
        },
    }
)


def batch_paths(office: BatchOffice) -> tuple[Path, ...]:
    """All of them."""
    files, batches = office.files, office.batches
    file, batch = json_answer(schema.FILE), json_answer(schema.BATCH)
    sorting: Parameters = {"order": {"enum": ["asc", "desc"]}, "purpose": {"type": "string"}}
    return (
        Path("POST", "/v1/files", files.create, "Send a file", file, form=_FORM),
        Path(
            "GET",
            "/v1/files",
            files.list,
            "List files",
            json_answer(schema.FILES),
            query={**_PAGE, **sorting},
        ),
        Path("GET", "/v1/files/{file_id}", files.show, "Show a file", file),
        Path("GET", "/v1/files/{file_id}/content", files.content, "Fetch a file", _CONTENT),
        Path(
            "DELETE",
            "/v1/files/{file_id}",
            files.delete,
            "Delete a file",
            json_answer(schema.DELETED),
        ),
        Path("POST", "/v1/batches", batches.create, "Begin a batch", batch, body=BatchBody),
        Path(
            "GET",
            "/v1/batches",
            batches.list,
            "List batches",
            json_answer(schema.BATCHES),
            query=_PAGE,
        ),
        Path("GET", "/v1/batches/{batch_id}", batches.show, "Show a batch", batch),
        Path("POST", "/v1/batches/{batch_id}/cancel", batches.cancel, "Cancel a batch", batch),
    )
