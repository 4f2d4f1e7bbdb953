"""Starting and stopping the server: what the operator reads, pastes and signals."""

import json
import signal
import socket
import stat
import subprocess
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import httpx2
import pytest

from server.settings import Settings
from server.store.api_keys import callers_keys, key_file, senders_key
from server.terminal import CommandError
from tests.running import EXIT_S, Running, plain_environment, seedbed

pytestmark = pytest.mark.timeout(300)


def drawing(server: Running, **more: object) -> AbstractContextManager[httpx2.Response]:
    """A call whose steps and pictures are heard as events."""
    return httpx2.stream(
        "POST",
        f"{server.url}/seedbed/v1/images",
        json={"prompt": "a red circle", **more},
        headers={"authorization": f"Bearer {server.key}"},
        timeout=60,
    )


def test_startup_says_where_everything_is(running: Running) -> None:
    text = "\n".join(running.said)
    assert f"address   {running.url}" in text
    assert f"API docs  {running.url}/docs" in text
    assert "API key   data/api-key" in text
    assert "  marks     metadata\n" in text
    assert running.key not in text
    assert httpx2.get(f"{running.url}/docs").is_success


def test_ready_is_said_when_a_picture_can_be_drawn(running: Running) -> None:
    assert running.said[-1].startswith("ready: pictures can be drawn")
    assert httpx2.get(f"{running.url}/readyz").status_code == 200


def test_the_printed_line_draws_a_picture_when_it_is_pasted(
    running: Running, tmp_path: Path
) -> None:
    (line,) = (said for said in running.said if said.strip().startswith("try it"))
    pasted = subprocess.run(
        ["bash", "-c", line.partition("try it")[2].strip()],
        cwd=tmp_path,
        env=plain_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    (picture,) = json.loads(pasted.stdout)["data"]
    assert httpx2.get(picture["url"]).content.startswith(b"\x89PNG")


def test_the_log_has_neither_chatter_nor_the_address_of_a_picture(running: Running) -> None:
    answer = httpx2.post(
        f"{running.url}/v1/images/generations",
        json={"model": "seedbed", "prompt": "a red circle", "size": "64x64"},
        headers={"authorization": f"Bearer {running.key}"},
        timeout=60,
    )
    address = answer.json()["data"][0]["url"]
    assert httpx2.get(address).is_success
    log = running.log.read_text()
    assert "is ready" in log
    assert "uvicorn" not in log
    assert "/files/" not in log


def test_output_to_a_file_has_no_colours(running: Running) -> None:
    assert not [line for line in running.said if "\x1b" in line]


def test_stopping_finishes_what_was_accepted(tmp_path: Path) -> None:
    with Running(tmp_path) as server:
        server.read_until("ready")
        with drawing(server, n=4) as answer:
            events = iter(httpx2.EventSource(answer))
            next(events)
            server.process.send_signal(signal.SIGTERM)
            heard = [event.event for event in events]
        assert server.wait() == 0
    assert heard.count("image") == 4
    assert heard[-1] == "completed"
    assert server.said[-1] == "stopped"


def test_a_second_ctrl_c_does_not_wait(tmp_path: Path) -> None:
    with Running(tmp_path, flags=("--drain-s", "600")) as server:
        server.read_until("ready")
        with drawing(server, n=10, quality="high") as answer:
            events = iter(httpx2.EventSource(answer))
            next(events)
            server.process.send_signal(signal.SIGINT)
            server.read_until("stopping")
            assert server.stop(signal.SIGINT) == 0
            with suppress(httpx2.TransportError):
                assert "completed" not in [event.event for event in events]
    assert "lifespan" not in server.log.read_text(), "what works on batches was cut off"


def test_a_data_folder_belongs_to_one_server(running: Running) -> None:
    done = seedbed(running.folder, "serve", "--port", "0")
    assert done.returncode == 1
    assert "another seedbed is using the folder data" in done.stderr


def test_a_reader_of_the_output_who_has_gone_does_not_end_the_draining(tmp_path: Path) -> None:
    with Running(tmp_path) as server:
        server.read_until("address")
        assert server.process.stdout is not None
        server.process.stdout.close()
        server.process.stdout = None
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(EXIT_S) == 0
        assert "Traceback" not in server.log.read_text()


def test_configured_keys_are_never_printed(tmp_path: Path) -> None:
    settings = {"SEEDBED_API_KEYS": "web:hush-hush", "SEEDBED_LOG_LEVEL": "debug"}
    with Running(tmp_path, settings=settings) as server:
        server.read_until("loading")
        assert server.stop() == 0
    text = "\n".join(server.said) + server.log.read_text()
    assert "API key   the configured ones: web" in text
    assert "hush-hush" not in text
    assert not (tmp_path / "data" / "api-key").exists()


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = seedbed(tmp_path, "serve", "--port", port)
    assert done.returncode == 1
    assert done.stderr.startswith(f"seedbed: cannot listen on 127.0.0.1 port {port}: ")
    assert done.stderr.count("\n") == 1


def test_without_keys_others_may_not_reach_the_server(tmp_path: Path) -> None:
    done = seedbed(tmp_path, "serve", "--host", "0.0.0.0", "--port", "0")
    assert done.returncode == 1
    assert "set SEEDBED_API_KEYS" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "data").exists()


def test_a_data_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = seedbed(tmp_path, "serve", "--port", "0", "--data-dir", "file/data")
    assert done.returncode == 1
    assert "file/data" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_first_start_makes_a_key_and_later_starts_keep_it(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "new" / "data")
    assert senders_key(settings) is None
    (first,) = callers_keys(settings)
    (second,) = callers_keys(settings)
    secret = first.secret.get_secret_value()
    assert secret == second.secret.get_secret_value() == senders_key(settings)
    assert len(secret) > 40
    assert stat.S_IMODE(key_file(settings).stat().st_mode) == 0o600


def test_an_empty_key_file_opens_no_door(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    key_file(settings).write_text("\n")
    with pytest.raises(CommandError, match="is empty"):
        callers_keys(settings)
