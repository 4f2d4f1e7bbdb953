"""The files of batches over HTTP: POST, GET and DELETE below /v1/files.

Knows no batch; what a file holds is looked at when a batch reads it.
"""

import re
from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from pipelines.errors import MissingParameter, UnsupportedValue
from server.batches.query import page_of
from server.batches.uploads import Upload, Uploads
from server.dialect import Json
from server.errors import BodyTooLarge, NotFound
from server.http.body import Body
from server.inputs.multipart import parse_form

_MOST = 10_000
_LONGEST_NAME = 255
_MIN_TTL_S, _MAX_TTL_S = 3600, 30 * 24 * 3600
_SECONDS = re.compile(r"[0-9]{1,9}")
_OVERHEAD_BYTES = 64 * 1024
"""What a body has besides its file."""


class ExpiresAfter(Body):
    """How long a file is wanted."""

    anchor: str
    seconds: int

    def ttl_s(self, param: str) -> int:
        """Raises: UnsupportedValue."""
        if self.anchor != "created_at":
            raise UnsupportedValue("Supported values are: 'created_at'.", f"{param}.anchor")
        if not _MIN_TTL_S <= self.seconds <= _MAX_TTL_S:
            raise UnsupportedValue(
                f"Expected a value within {_MIN_TTL_S}..{_MAX_TTL_S}.", f"{param}.seconds"
            )
        return self.seconds


@dataclass(frozen=True, slots=True)
class FilesApi:
    """The endpoints. Units: `max_bytes` is of one file."""

    uploads: Uploads
    max_bytes: int

    async def create(self, request: Request) -> Response:
        """Raises: RequestError, StorageFailure."""
        form = await parse_form(
            request, self.max_bytes + _OVERHEAD_BYTES, max_files=1, max_texts=10
        )
        try:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise MissingParameter("Send the file as multipart/form-data.", "file")
            _check_purpose(form)
            if not file.size:
                raise UnsupportedValue("The file is empty.", "file")
            if file.size > self.max_bytes:
                raise BodyTooLarge(self.max_bytes)
            name = (file.filename or "file")[:_LONGEST_NAME]
            ttl_s = _ttl_s(form)
            upload = await self.uploads.add(request.state.client, name, file.file, ttl_s)
        finally:
            await form.close()
        return JSONResponse(describe(upload))

    async def list(self, request: Request) -> Response:
        """Raises: RequestError."""
        page = page_of(request, most=_MOST, default=_MOST)
        purpose = request.query_params.get("purpose")
        found, more = await self.uploads.page(request.state.client, purpose, page)
        return JSONResponse(as_list([describe(upload) for upload in found], more))

    async def show(self, request: Request) -> Response:
        """Raises: NotFound."""
        return JSONResponse(describe(await self._wanted(request)))

    async def content(self, request: Request) -> Response:
        """Raises: NotFound."""
        upload = await self._wanted(request)
        path = self.uploads.path(upload.id)
        if not path.exists():
            raise NotFound(f"The content of {upload.id} is gone.", "id")
        return FileResponse(
            path,
            filename=upload.filename,
            media_type="application/octet-stream",
            headers={"x-content-type-options": "nosniff"},
        )

    async def delete(self, request: Request) -> Response:
        """Raises: NotFound, Conflict."""
        file_id = request.path_params["file_id"]
        await self.uploads.delete(request.state.client, file_id)
        return JSONResponse({"id": file_id, "object": "file", "deleted": True})

    async def _wanted(self, request: Request) -> Upload:
        return await self.uploads.get(request.state.client, request.path_params["file_id"])


def describe(upload: Upload) -> Json:
    """A file as its client sees it."""
    return {
        "id": upload.id,
        "object": "file",
        "bytes": upload.bytes,
        "created_at": upload.created_at,
        "expires_at": upload.expires_at,
        "filename": upload.filename,
        "purpose": upload.purpose,
        "status": "processed",
        "status_details": None,
    }


def as_list(entries: list[Json], more: bool) -> Json:
    """A page of anything."""
    return {
        "object": "list",
        "data": entries,
        "first_id": entries[0]["id"] if entries else None,
        "last_id": entries[-1]["id"] if entries else None,
        "has_more": more,
    }


def _check_purpose(form: FormData) -> None:
    purpose = form.get("purpose")
    if not isinstance(purpose, str) or not purpose:
        raise MissingParameter("Say what the file is for: 'batch'.", "purpose")
    if purpose != "batch":
        raise UnsupportedValue(
            f"'{purpose[:40]}': this server keeps files for batches only. "
            "Supported values are: 'batch'.",
            "purpose",
        )


def _ttl_s(form: FormData) -> int | None:
    """Raises: RequestError."""
    anchor, seconds = form.get("expires_after[anchor]"), form.get("expires_after[seconds]")
    if anchor is None and seconds is None:
        return None
    given = int(seconds) if isinstance(seconds, str) and _SECONDS.fullmatch(seconds) else seconds
    members = {"anchor": anchor, "seconds": given}
    said = {name: value for name, value in members.items() if value is not None}
    return ExpiresAfter.read(said).ttl_s("expires_after")
