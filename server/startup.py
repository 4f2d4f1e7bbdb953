"""Starts the server and stops it: what is built in which order, and what the operator reads.

Rule: nothing is started before everything that can be refused has been checked.
"""

import asyncio
import logging
import shlex
import signal
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from threading import TIMEOUT_MAX

import uvicorn
from fastapi import FastAPI

from pipelines.catalog import Catalog
from pipelines.errors import NotReady, StorageFailure
from pipelines.fleet import Fleet
from server.app import AppSettings, create_app
from server.assembly import Marks, build_fleet, build_marks, build_service, default_catalog
from server.batches.office import BatchSettings
from server.chores import Chore, do_chores
from server.docs_page import DOCS_PATH
from server.http.protocol import with_patience
from server.inputs.picture_rule import MIB
from server.manager import reassure_manager, tell_manager
from server.provenance.certificate_commands import seal_settings
from server.provenance.seal import trusted_roots
from server.setting_values import ApiKey
from server.settings import Settings
from server.store.api_keys import callers_keys, key_file
from server.store.database import claim, prepare
from server.store.files import FileStore
from server.terminal import CommandError, results_console

_LOG_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
_BACKLOG = 2048
"""Connections the kernel holds while the event loop is busy."""
_RENDER_S = 5.0
"""What remains to be done for a drawn picture once the fleet has been drained."""
_KEEP_ALIVE_S = 75
"""A connection may rest so long between two requests: longer than proxies keep theirs."""
_DAY_S = 24 * 3600
_TIDY_S = 3600.0
"""What has expired is removed this often."""


def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM, then finish what was accepted.

    Raises: CommandError: why the server cannot start.
    """
    keys = callers_keys(settings)
    listener = _listen(settings)
    _log_plainly(settings)
    catalog = default_catalog(settings)
    try:
        claimed = claim(settings.data_dir)
        prepare(settings.data_dir)
        files = FileStore(
            settings.data_dir,
            valid_s=settings.url_ttl_hours * 3600,
            keep_s=settings.batch_ttl_days * _DAY_S,
        )
        fleet = build_fleet(settings, catalog)
        marks = build_marks(settings)
        service = build_service(settings, catalog, fleet, files, marks.publishing, marks.registry)
        app = create_app(service, _app_settings(settings, keys), marks.verifier, marks.database)
    except StorageFailure as error:
        raise CommandError(error.message) from error
    server = _Server(
        _uvicorn_config(app, settings),
        _House(settings, catalog, fleet, files, marks, _address(settings, listener)),
    )
    # uvicorn raises the signal that ended it once more; by then nothing is left to be done.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    fleet.start()
    try:
        server.run(sockets=[listener])
    finally:
        fleet.close(drain_s=0)
        service.close()
        marks.verifier.close()
        claimed.release()


@dataclass(frozen=True, slots=True)
class _House:
    """What the running server looks after besides HTTP."""

    settings: Settings
    catalog: Catalog
    fleet: Fleet
    files: FileStore
    marks: Marks
    address: str


class _Server(uvicorn.Server):
    """uvicorn that greets the operator, and lets the fleet finish before it leaves."""

    def __init__(self, config: uvicorn.Config, house: _House) -> None:
        super().__init__(config)
        self._house = house
        self._chores: list[asyncio.Task[None]] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        _greet(self._house)
        tell_manager("READY=1", "STATUS=loading the model")
        self._chores = [
            asyncio.create_task(reassure_manager()),
            asyncio.create_task(_announce_ready(self._house.fleet)),
            asyncio.create_task(do_chores(_chores(self._house), _TIDY_S)),
        ]

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Refuse new requests and finish the accepted ones; a second Ctrl-C does not wait."""
        fleet = self._house.fleet
        tell_manager("STOPPING=1", "STATUS=finishing accepted requests")
        _tell("stopping: accepted requests are finished first (Ctrl-C again: at once)")
        drain_s = self._house.settings.drain_s
        drained = asyncio.create_task(asyncio.to_thread(fleet.close, drain_s))
        await super().shutdown(sockets)
        await asyncio.to_thread(fleet.close, 0.0)
        if self.force_exit:  # then uvicorn leaves this out, and rows of batches were cut off loudly
            await self.lifespan.shutdown()
        await drained
        for chore in self._chores:
            chore.cancel()
        _tell("stopped")


def _listen(settings: Settings) -> socket.socket:
    """Take the port before anything else is started.

    Raises: CommandError: it cannot be had.
    """
    try:
        (family, kind, protocol, _, address), *_ = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        raise CommandError(
            f"cannot listen on {settings.host} port {settings.port}: {error.strerror}; "
            "another port: --port"
        ) from error
    return listener


def _log_plainly(settings: Settings) -> None:
    """One line per event on standard error. Addresses of pictures are secrets: no access log."""
    logging.basicConfig(
        level=settings.log_level.upper(), format=_LOG_FORMAT, stream=sys.stderr, force=True
    )
    if settings.log_level != "debug":
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)


def _app_settings(settings: Settings, keys: tuple[ApiKey, ...]) -> AppSettings:
    return AppSettings(
        keys={key.name: key.secret.get_secret_value() for key in keys},
        version=metadata.version("seedbed"),
        max_body_bytes=settings.max_body_mib * MIB,
        max_form_bytes=settings.max_form_mib * MIB,
        max_bodies_bytes=settings.max_bodies_mib * MIB,
        public_url=None if settings.public_url is None else str(settings.public_url).rstrip("/"),
        cors_origins=settings.origins,
        snap_sizes=settings.sizes == "snap",
        native_ark_errors=settings.ark_errors == "native",
        requests_per_minute=settings.requests_per_minute,
        azure_keys=settings.azure_keys,
        a1111=settings.a1111,
        reproducible=settings.reproducible,
        roots=partial(trusted_roots, seal_settings(settings)),
        batches=BatchSettings(
            settings.data_dir,
            rows_at_once=settings.batch_rows,
            max_file_bytes=settings.max_batch_mib * MIB,
            ttl_s=settings.batch_ttl_days * _DAY_S,
        ),
    )


def _uvicorn_config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=with_patience(settings.client_timeout_s),
        ws="none",
        timeout_keep_alive=_KEEP_ALIVE_S,
        log_config=None,
        access_log=settings.log_level == "debug",
        server_header=False,
        timeout_graceful_shutdown=round(settings.drain_s + _RENDER_S),
    )


def _address(settings: Settings, listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _greet(house: _House) -> None:
    """Say where everything is, and one line that draws a picture when it is pasted."""
    settings, catalog, address = house.settings, house.catalog, house.address
    if settings.keys:
        kept = f"the configured ones: {', '.join(key.name for key in settings.keys)}"
        key = "YOUR_KEY"
    else:
        path = key_file(settings)
        kept = str(path)
        key = f"$(cat {shlex.quote(str(path.absolute()))})"
    body = '{"model": "seedbed", "prompt": "a red circle on a blue ground"}'
    _tell(f"seedbed {metadata.version('seedbed')}")
    _tell(f"  address   {address}")
    _tell(f"  API docs  {address}{DOCS_PATH}")
    _tell(f"  API key   {kept}")
    _tell(f"  models    {', '.join(one.name for one in catalog.stand_ins)} (tier {catalog.tier})")
    _tell(f"  marks     {', '.join(house.marks.named)}")
    for note in catalog.notes:
        _tell(f"  note      {note}")
    _tell(
        f"  try it    curl {address}/v1/images/generations "
        f"-H \"Authorization: Bearer {key}\" -H 'Content-Type: application/json' -d '{body}'"
    )
    _tell("loading the model ...")


async def _announce_ready(fleet: Fleet) -> None:
    began_s = time.monotonic()
    try:
        await asyncio.to_thread(fleet.wait_ready, TIMEOUT_MAX)
    except NotReady as error:
        if fleet.state == "failed":
            tell_manager(f"STATUS=NOT READY: {error.message}")
            _tell(f"NOT READY: {error.message}")
        return
    tell_manager("STATUS=ready: pictures can be drawn")
    _tell(f"ready: pictures can be drawn ({time.monotonic() - began_s:.1f} s of loading)")


def _chores(house: _House) -> dict[str, Chore]:
    """What is done hourly: what has expired is removed, and what will is renewed."""
    chores: dict[str, Chore] = {
        "removing expired pictures": partial(asyncio.to_thread, house.files.sweep),
        "forgetting expired rows": house.marks.registry.sweep,
    }
    if house.marks.seal is not None:
        chores["renewing certificates"] = partial(asyncio.to_thread, house.marks.seal.look_after)
    return chores


def _tell(line: str) -> None:
    """Print for the operator. A reader who has gone must not end what the server is doing."""
    with suppress(SystemExit, OSError):  # rich leaves with SystemExit on a broken pipe
        results_console().print(line, markup=False)
