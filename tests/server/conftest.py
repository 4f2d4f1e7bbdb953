"""A real uvicorn on a loopback port, shared by all tests of the HTTP layer."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn

from pipelines.catalog import Catalog, embedded_catalog
from server.app import AppSettings, create_app
from server.drawing import Fleet
from server.inputs.network_guard import NetworkGuard
from server.labelling import Labelling
from server.moderation.policy import Moderation
from server.provenance.publishing import Publishing
from server.provenance.registry import Registry
from server.provenance.verifier import Verifier
from server.service import GptImageResponse, Service
from server.store.files import FileStore
from tests.server.drawer import Drawer

KEY = "test-key-0123456789"
MAX_BODY_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True)
class Site:
    """A running server and what stands behind it."""

    url: str
    data_dir: Path
    files: FileStore
    port: int


@contextmanager
def serving(
    fleet: Fleet,
    data_dir: Path,
    gpt_image_response: GptImageResponse = "both",
    public_url: str | None = None,
    cors_origins: tuple[str, ...] = (),
    heartbeat_s: float = 15.0,
    reproducible: bool = False,
    guard: NetworkGuard | None = None,
    moderation: Moderation | None = None,
    rewrites: bool = False,
    catalog: Catalog | None = None,
    strict_guidance: bool = False,
    verifier: Verifier | None = None,
    publishing: Publishing | None = None,
    registry: Registry | None = None,
    labelling: Labelling | None = None,
    **settings_of_app: Any,
) -> Iterator[Site]:
    """Serve on a free port, from a thread, until the block ends."""
    files = FileStore(data_dir)
    service = Service(
        fleet,
        catalog or embedded_catalog(),
        files,
        gpt_image_response=gpt_image_response,
        guard=guard,
        moderation=moderation,
        rewrites=rewrites,
        strict_guidance=strict_guidance,
        publishing=publishing,
        registry=registry,
        labelling=labelling,
    )
    settings = AppSettings(
        keys={"tester": KEY, "other": "other-key-0123456789"},
        version="0.0.0-test",
        max_body_bytes=MAX_BODY_BYTES,
        public_url=public_url,
        cors_origins=cors_origins,
        heartbeat_s=heartbeat_s,
        reproducible=reproducible,
        **settings_of_app,
    )
    app = create_app(service, settings, verifier)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    config = uvicorn.Config(app, log_config=None, ws="none", lifespan="on", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield Site(f"http://127.0.0.1:{port}", data_dir, files, port)
    finally:
        server.should_exit = True
        thread.join()
        service.close()


@pytest.fixture(scope="session")
def drawer() -> Iterator[Drawer]:
    drawer = Drawer()
    yield drawer
    drawer.close()


@pytest.fixture(scope="session")
def site(drawer: Drawer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(drawer, tmp_path_factory.mktemp("data")) as site:
        yield site


@pytest.fixture(scope="session")
def client(site: Site) -> Iterator[httpx2.Client]:
    """Calls with the right key."""
    headers = {"authorization": f"Bearer {KEY}"}
    with httpx2.Client(base_url=site.url, headers=headers, timeout=30) as client:
        yield client


@pytest.fixture(scope="session")
def stranger(site: Site) -> Iterator[httpx2.Client]:
    """Calls without a key."""
    with httpx2.Client(base_url=site.url, timeout=30) as client:
        yield client
