"""Batches over HTTP: POST and GET below /v1/batches.

Knows the published shape of a batch; knows nothing of how one is worked on.
"""

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from pipelines.errors import QueueFull, TooLong, UnsupportedValue
from server.batches.batch import OPEN, Batch
from server.batches.files_api import ExpiresAfter, as_list
from server.batches.query import page_of
from server.batches.runner import Runner
from server.batches.store import BatchStore, Wanted
from server.batches.uploads import Uploads
from server.dialect import Json
from server.draft import Draft
from server.http.body import Body
from server.http.routing import Router, seedbed_headers

_MOST, _DEFAULT = 100, 20
MOST_OPEN = 32
"""Batches of one key that are not at their end."""
_FULL_RETRY_S = 60.0
_MOST_PAIRS, _LONGEST_NAME, _LONGEST_VALUE = 16, 64, 512
_MOST_HOURS = 720
_SEED_BITS = 62


class BatchBody(Body):
    """The body of a call that makes a batch."""

    input_file_id: str
    endpoint: str
    completion_window: str
    metadata: dict[str, str] | None = None
    output_expires_after: ExpiresAfter | None = None


@dataclass(frozen=True, slots=True)
class BatchesApi:
    """The endpoints."""

    store: BatchStore
    uploads: Uploads
    runner: Runner
    router: Router
    endpoints: Collection[str]
    """Paths whose calls may stand in a batch."""

    async def create(self, request: Request) -> Response:
        """Raises: RequestError, QueueFull."""
        body = BatchBody.read(await self.router.read_members(request))
        client = request.state.client
        wanted = Wanted(
            client=client,
            endpoint=self._endpoint(body),
            input_file_id=(await self.uploads.get(client, body.input_file_id, "input_file_id")).id,
            completion_window=body.completion_window,
            window_s=_window_s(body),
            metadata=_metadata(body),
            base_url=self.router.base_url(request),
            reproducible=self.router.with_headers(Draft(), request).reproducible,
            seed=secrets.randbits(_SEED_BITS),
            output_ttl_s=_output_ttl_s(body) or self.uploads.ttl_s,
        )
        if await self.store.open_of(client) >= MOST_OPEN:
            raise QueueFull(f"{MOST_OPEN} batches of this key are under way.", _FULL_RETRY_S)
        batch = await self.store.create(wanted)
        self.runner.begin(batch.id)
        ignored = seedbed_headers({"ignored": ", ".join(body.foreign_names())})
        return JSONResponse(describe(batch), headers=ignored)

    async def list(self, request: Request) -> Response:
        """Raises: RequestError."""
        page = page_of(request, most=_MOST, default=_DEFAULT)
        found, more = await self.store.page(request.state.client, page)
        return JSONResponse(as_list([describe(batch) for batch in found], more))

    async def show(self, request: Request) -> Response:
        """Raises: NotFound."""
        batch_id = request.path_params["batch_id"]
        return JSONResponse(describe(await self.store.get(request.state.client, batch_id)))

    async def cancel(self, request: Request) -> Response:
        """Raises: NotFound, Conflict."""
        batch_id = request.path_params["batch_id"]
        batch = await self.store.cancel(request.state.client, batch_id)
        self.runner.hurry(batch.id)
        return JSONResponse(describe(batch))

    def _endpoint(self, body: BatchBody) -> str:
        if body.endpoint not in self.endpoints:
            choices = ", ".join(f"'{path}'" for path in self.endpoints)
            raise UnsupportedValue(
                f"'{body.endpoint[:40]}'. Supported values are: {choices}.", "endpoint"
            )
        return body.endpoint


def describe(batch: Batch) -> Json:
    """A batch as its client sees it: its files are there when it has ended."""
    ended = batch.status not in OPEN
    errors = {"object": "list", "data": batch.errors}
    return {
        "id": batch.id,
        "object": "batch",
        "endpoint": batch.endpoint,
        "errors": errors if batch.errors else None,
        "input_file_id": batch.input_file_id,
        "completion_window": batch.completion_window,
        "status": batch.status,
        "output_file_id": batch.output_file_id if ended and batch.output_bytes else None,
        "error_file_id": batch.error_file_id if ended and batch.error_bytes else None,
        "created_at": batch.created_at,
        "in_progress_at": batch.in_progress_at,
        "expires_at": batch.expires_at,
        "finalizing_at": batch.finalizing_at,
        "completed_at": batch.completed_at,
        "failed_at": batch.failed_at,
        "expired_at": batch.expired_at,
        "cancelling_at": batch.cancelling_at,
        "cancelled_at": batch.cancelled_at,
        "request_counts": {
            "total": batch.total,
            "completed": batch.completed,
            "failed": batch.failed,
        },
        "metadata": batch.metadata,
    }


def _window_s(body: BatchBody) -> int:
    """A day, as published; a machine that needs longer for a sweep may be given longer."""
    said = re.fullmatch(r"([1-9]\d{0,2})h", body.completion_window)
    if said is None or int(said[1]) > _MOST_HOURS:
        raise UnsupportedValue(
            f"Expected '24h', or any number of hours from '1h' to '{_MOST_HOURS}h'.",
            "completion_window",
        )
    return int(said[1]) * 3600


def _metadata(body: BatchBody) -> dict[str, str] | None:
    for name, value in (body.metadata or {}).items():
        if len(name) > _LONGEST_NAME or len(value) > _LONGEST_VALUE:
            raise TooLong(
                f"Expected names of at most {_LONGEST_NAME} and values of at most "
                f"{_LONGEST_VALUE} characters.",
                "metadata",
            )
    if len(body.metadata or {}) > _MOST_PAIRS:
        raise UnsupportedValue(f"Expected at most {_MOST_PAIRS} pairs.", "metadata")
    return body.metadata


def _output_ttl_s(body: BatchBody) -> int | None:
    after = body.output_expires_after
    return None if after is None else after.ttl_s("output_expires_after")
