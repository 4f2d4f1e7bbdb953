"""`seedbed health`: what containers and service managers ask, by its exit status."""

import socket
from pathlib import Path

import pytest

from server.health import check
from server.settings import PREFIX, Settings, load
from server.terminal import CommandError
from tests.running import seedbed
from tests.server.conftest import Site
from tests.server.drawer import Drawer


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory of its own, and no setting in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)
    return tmp_path


def test_a_server_that_lives_is_healthy(folder: Path, site: Site) -> None:
    settings = {"SEEDBED_HOST": "0.0.0.0", "SEEDBED_PORT": str(site.port)}
    done = seedbed(folder, "health", settings=settings)
    assert (done.returncode, done.stdout) == (0, '{"status":"ok"}\n')


def test_a_server_that_cannot_draw_yet_lives_but_is_not_ready(
    site: Site, drawer: Drawer, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = load({"port": str(site.port)}).settings
    check(settings, ready=True)
    drawer.ready, drawer.reason = False, "the worker loads its model"
    try:
        check(settings, ready=False)
        with pytest.raises(CommandError, match=r"/readyz answers 503: .*loads its model"):
            check(settings, ready=True)
    finally:
        drawer.ready, drawer.reason = True, ""
    assert capsys.readouterr().out == '{"ready":true}\n{"status":"ok"}\n'


def test_no_server_is_not_healthy(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    done = seedbed(folder, "health", settings={"SEEDBED_PORT": port})
    assert done.returncode == 1
    assert done.stderr.startswith(f"seedbed: no server answers at http://127.0.0.1:{port}: ")
