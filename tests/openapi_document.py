"""The API's description as a file: `python -m tests.openapi_document` writes docs/openapi.json.

Everything that a setting can add is in it. A test compares, so that no path, parameter or answer
changes without being seen in a review.
"""

import json
import tempfile
from concurrent.futures import Future
from importlib import metadata
from pathlib import Path
from typing import Any

from pipelines.catalog import embedded_catalog
from pipelines.errors import NotReady
from pipelines.presence import WorkerView
from pipelines.types import ImageRequest, Pixels
from server.app import AppSettings, create_app
from server.batches.office import BatchSettings
from server.service import Service
from server.store.files import FileStore
from tests.server.provenance.marked import verifying

FILE = Path(__file__).parents[1] / "docs" / "openapi.json"


class NoFleet:
    """Nothing is drawn for a description."""

    ready = False
    reason = "This server only describes itself."
    workers: tuple[WorkerView, ...] = ()

    def submit(self, request: ImageRequest, on_progress: object = None) -> Future[Pixels]:
        raise NotReady(self.reason)

    def cancel(self, request_id: str) -> None:
        """There is nothing to cancel."""


def document() -> dict[str, Any]:
    """The description of a server with everything switched on."""
    with tempfile.TemporaryDirectory() as folder:
        service = Service(NoFleet(), embedded_catalog(), FileStore(Path(folder)))
        verifier = verifying()
        settings = AppSettings(
            keys={"anybody": "key"},
            version=metadata.version("seedbed"),
            a1111=True,
            batches=BatchSettings(Path(folder)),
        )
        try:
            return create_app(service, settings, verifier).openapi()
        finally:
            verifier.close()
            service.close()


def text() -> str:
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
