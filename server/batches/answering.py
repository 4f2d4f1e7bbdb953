"""Answers one row of a batch: the way of a call, without a client who waits.

Rule 1: a row is drawn when nobody who waits needs the device.
Rule 2: what only needs time (a full queue, a lost worker, a full disk) is waited for; every other
failure is the row's answer, in the dialect's own words.
Rule 3: the same row of the same batch has the same seed, however often it is begun.
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

from starlette.concurrency import run_in_threadpool

from pipelines.errors import CapacityError, StorageFailure, UnsupportedValue
from server.batches.answers import Answer
from server.batches.batch import Batch
from server.batches.lines import InputRow
from server.contract.checks import MAX_SEED, RANDOM_SEED
from server.dialect import Call, Dialect, Json, Speech
from server.draft import Draft
from server.events import Drawn
from server.http.front import log_failure
from server.http.routing import seedbed_headers
from server.service import Service

BACKGROUND_S = -3600.0
"""A row goes behind everybody who has waited up to an hour less than it has."""
_SHORTEST_WAIT_S = 0.05
_LONGEST_WAIT_S = 30.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answering:
    """What every row needs."""

    service: Service
    dialect: Dialect
    """In which errors are told."""
    speeches: Mapping[str, Speech]
    """Endpoint of a batch -> how its rows are said and answered."""
    snap_sizes: bool
    """Whether the nearest size is taken where the model has not the one that is said."""

    async def answer(self, batch: Batch, row: InputRow) -> Answer:
        """Draw a row, however long that takes."""
        request_id = self.dialect.new_request_id()
        headers: dict[str, str] = {}
        try:
            status, (body, headers) = 200, await self._draw(batch, row, request_id)
        except Exception as error:  # noqa: BLE001 - whatever failed, the row gets an answer
            log_failure(error, request_id)
            answer = self.dialect.render_error(error, request_id)
            status, body = answer.status, answer.body
        response = {
            "status_code": status,
            "request_id": request_id,
            "body": body,
            "headers": headers,
        }
        text = await run_in_threadpool(_line, batch, row, response, None)
        return Answer(row.line, status == 200, text)

    async def _draw(
        self, batch: Batch, row: InputRow, request_id: str
    ) -> tuple[Json, dict[str, str]]:
        """The body and the headers of a good answer. Raises: GenerationError."""
        speech = self.speeches[batch.endpoint]
        draft = replace(_draft(batch, row, speech), snap_size=self.snap_sizes)
        call = Call(request_id, lambda name: self._address(batch, name))
        while True:
            try:
                draft = await self.service.prepare(draft, speech.customs)
                drawing = self.service.start(
                    draft, speech.customs, batch.client, request_id=request_id
                )
                drawn = await drawing.result()
                body = await run_in_threadpool(self._render, speech, drawn, call)
                return body, seedbed_headers(drawn.facts)
            except CapacityError as error:
                wait_s = error.retry_after_s
            except StorageFailure as error:
                _log.error("batch %s waits: %s", batch.id, error)
                wait_s = _LONGEST_WAIT_S
            await asyncio.sleep(min(max(wait_s, _SHORTEST_WAIT_S), _LONGEST_WAIT_S))

    def _render(self, speech: Speech, drawn: Drawn, call: Call) -> Json:
        for finished in drawn.pictures:
            if finished.name is not None:
                self.service.files.keep(finished.name)
        return speech.render(drawn, call)

    def _address(self, batch: Batch, name: str) -> str:
        return batch.base_url + self.service.files.path(name, kept=True)


def too_late(batch: Batch, row: InputRow) -> Answer:
    """What a row becomes that was not drawn while the batch's window was open."""
    error = {
        "code": "batch_expired",
        "message": "This request could not be executed before the completion window expired.",
    }
    return Answer(row.line, False, _line(batch, row, None, error))


def _draft(batch: Batch, row: InputRow, speech: Speech) -> Draft:
    """Raises: RequestError."""
    draft = speech.draft(row.body)
    if draft.stream:
        raise UnsupportedValue("A row of a batch has no stream: leave it out.", "stream")
    seed = _seed(batch, row) if draft.seed in (None, RANDOM_SEED) else draft.seed
    return replace(draft, seed=seed, priority_s=BACKGROUND_S, reproducible=batch.reproducible)


def _line(batch: Batch, row: InputRow, response: Json | None, error: Json | None) -> bytes:
    members = {
        "id": f"batch_req_{_digest(batch, row)[:32]}",
        "custom_id": row.custom_id,
        "response": response,
        "error": error,
    }
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _seed(batch: Batch, row: InputRow) -> int:
    return int(_digest(batch, row)[-16:], 16) % (MAX_SEED + 1)


def _digest(batch: Batch, row: InputRow) -> str:
    return hashlib.sha256(f"{batch.seed} {row.line}".encode()).hexdigest()
