"""Which path is answered by which endpoint of files and batches, as plain data."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from server.batches.api import BatchBody
from server.batches.office import BatchOffice
from server.paths import Parameters, Path

_PAGE: Parameters = MappingProxyType(
    {"after": {"type": "string"}, "limit": {"type": "integer", "minimum": 1}}
)
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
    sorting: Parameters = {"order": {"enum": ["asc", "desc"]}, "purpose": {"type": "string"}}
    return (
        Path("POST", "/v1/files", files.create, form=_FORM),
        Path("GET", "/v1/files", files.list, query={**_PAGE, **sorting}),
        Path("GET", "/v1/files/{file_id}", files.show),
        Path("GET", "/v1/files/{file_id}/content", files.content),
        Path("DELETE", "/v1/files/{file_id}", files.delete),
        Path("POST", "/v1/batches", batches.create, body=BatchBody),
        Path("GET", "/v1/batches", batches.list, query=_PAGE),
        Path("GET", "/v1/batches/{batch_id}", batches.show),
        Path("POST", "/v1/batches/{batch_id}/cancel", batches.cancel),
    )
