"""Verification over HTTP: a form with pictures in, what their layers say out; stored manifests.

Whoever has a key learns the verdict, the id and the manifest of any picture: those lie in the file
itself. Which request drew it, and for whom, is told to the key that asked for it alone.
"""

import re
from dataclasses import dataclass
from typing import Any, BinaryIO

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from pipelines.errors import MissingParameter, UnsupportedValue, WrongType
from pipelines.tilemark.mark import Depth
from server.errors import NotFound
from server.http.body import Body, json_type
from server.http.routing import seedbed_headers, while_connected
from server.inputs.multipart import Uploaded, read_form
from server.provenance.report import report
from server.provenance.verifier import Verifier
from server.provenance.verifying import RULE

MANIFEST_TYPE = "application/c2pa"
_ID = re.compile(r"[0-9a-f]{16}")
_FORM_OVERHEAD = 64 * 1024
"""What a form has besides its files. Units: bytes."""


class VerifyBody(Body):
    """The form of a call, as its callers fill it in."""

    image: Any = None
    depth: Depth = "deep"


@dataclass(frozen=True, slots=True)
class VerifyApi:
    """The endpoints."""

    verifier: Verifier
    max_form_bytes: int

    async def verify(self, request: Request) -> Response:
        """Raises: RequestError, CapacityError, Cancelled."""
        limit = min(self.max_form_bytes, RULE.most * RULE.max_bytes + _FORM_OVERHEAD)
        client = request.state.client
        async with read_form(request, VerifyBody, limit) as members:
            body = VerifyBody.read(members)
            verifying = self.verifier.verify(_files(body.image), body.depth, client)
            verified = await while_connected(request, verifying)
        data = [report(one, index, client) for index, one in enumerate(verified)]
        ignored = seedbed_headers({"ignored": ", ".join(body.foreign_names())})
        return JSONResponse({"object": "list", "data": data}, headers=ignored)

    async def manifest(self, request: Request) -> Response:
        """Raises: NotFound, DatabaseUnavailable."""
        said = request.path_params["mark_id"]
        found = None
        if _ID.fullmatch(said):
            found = await self.verifier.manifest(int(said, 16))
        if found is None:
            raise NotFound(f"There is no manifest of '{said[:40]}'.", "mark_id")
        return Response(
            found,
            media_type=MANIFEST_TYPE,
            headers={
                "content-disposition": f'attachment; filename="{said}.c2pa"',
                "x-content-type-options": "nosniff",
            },
        )


def _files(value: Any) -> dict[str, BinaryIO]:
    """Each file by what it is called in an error. Raises: RequestError."""
    if value is None:
        raise MissingParameter("Send one picture or several as files of a form.", "image")
    if not isinstance(value, list) or not all(isinstance(one, Uploaded) for one in value):
        raise WrongType(f"expected a file, but got {json_type(value)} instead.", "image")
    if len(value) > RULE.most:
        raise UnsupportedValue(
            f"{len(value)} pictures are too many: at most {RULE.most} are looked at in one call.",
            "image",
        )
    if len(value) == 1:
        return {"image": value[0].file}
    return {f"image[{index}]": one.file for index, one in enumerate(value)}
