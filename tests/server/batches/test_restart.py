"""A batch survives the death of its server: no row is lost, none is answered twice."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import openai
import pytest
from openai.types import Batch

from server.batches.office import BatchSettings
from server.store.database import FILE, prepare
from tests.server.batches.conftest import ended, jsonl, lines, row, sdk_of, send
from tests.server.conftest import serving
from tests.server.drawer import Drawer

REPOSITORY = Path(__file__).parents[3]
ROWS = 40
EARLY = 25
"""So many rows are drawn before the server is killed; the others wait for the next one."""


@contextmanager
def process(folder: Path, gate: str) -> Iterator[tuple[subprocess.Popen[str], openai.OpenAI]]:
    started = subprocess.Popen(
        [sys.executable, "-m", "tests.server.batches.office_process", str(folder), gate],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert started.stdout is not None
        url = started.stdout.readline().strip()
        with sdk_of(url) as sdk:
            yield started, sdk
    finally:
        started.kill()
        started.communicate()


@dataclass(frozen=True)
class Killed:
    """What a server left that was killed in the middle of a batch."""

    folder: Path
    batch: str
    output: bytes
    """Its output file so far."""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Killed:
    folder = tmp_path_factory.mktemp("killed")
    names = ["soon"] * EARLY + ["later"] * (ROWS - EARLY)
    rows = [row(f"r{i}", name, response_format="b64_json") for i, name in enumerate(names)]
    rows[3]["body"]["size"] = "nonsense"
    with process(folder, "shut") as (server, sdk):
        batch = send(sdk, jsonl(rows)).id
        while sum(counts(sdk, batch)[1:]) < EARLY:
            pass
        os.kill(server.pid, signal.SIGKILL)
        assert server.wait(20) == -signal.SIGKILL
    (output,) = [p for p in (folder / "uploads").iterdir() if b'"status_code":200' in first_line(p)]
    before = output.read_bytes()
    # As if it had died later: one answer is whole and not yet counted, one is half written.
    with output.open("ab") as file:
        file.write(b'{"id":"batch_req_x","custom_id":"r30"}\n{"id":"batch_req_y","custom')
    return Killed(folder, batch, before)


@pytest.fixture(scope="module")
def resumed(
    killed: Killed, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[openai.OpenAI, Batch]]:
    """The server started again, and the batch at its end."""
    folder = tmp_path_factory.mktemp("resumed") / "data"
    shutil.copytree(killed.folder, folder)
    with process(folder, "open") as (_, sdk):
        yield sdk, ended(sdk, sdk.batches.retrieve(killed.batch))


def test_a_killed_server_loses_no_row_and_answers_none_twice(
    killed: Killed, resumed: tuple[openai.OpenAI, Batch]
) -> None:
    sdk, batch = resumed
    assert batch.status == "completed"
    assert counts(sdk, batch.id) == (ROWS, ROWS - 1, 1)
    assert sdk.files.content(str(batch.output_file_id)).content.startswith(killed.output)
    assert len(killed.output.splitlines()) == EARLY - 1
    answers = lines(sdk, batch.output_file_id)
    assert answers.keys() == {f"r{i}" for i in range(ROWS)} - {"r3"}
    assert lines(sdk, batch.error_file_id).keys() == {"r3"}


def test_a_server_that_is_stopped_gives_its_rows_back_and_they_keep_their_seeds(
    killed: Killed, resumed: tuple[openai.OpenAI, Batch]
) -> None:
    with process(killed.folder, "shut") as (server, sdk):
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write("stop\n")
        server.stdin.flush()
        assert server.stdout.readline() == "rows were given back\n"
        assert server.wait(20) == 0
    with process(killed.folder, "open") as (_, sdk):
        here = drawn(sdk, ended(sdk, sdk.batches.retrieve(killed.batch)))
    assert here == drawn(*resumed)
    assert len(set(here.values())) == ROWS - 1


@pytest.mark.parametrize(
    ("status", "end"), [("validating", "completed"), ("cancelling", "cancelled")]
)
def test_a_batch_goes_on_from_where_its_server_died(
    drawer: Drawer, tmp_path: Path, status: str, end: str
) -> None:
    gate = threading.Event()
    drawer.script("from any point", gate=gate)
    prepare(tmp_path)
    with (
        serving(drawer, tmp_path, batches=BatchSettings(tmp_path)) as site,
        sdk_of(site.url) as sdk,
    ):
        batch = send(sdk, jsonl([row("r", "from any point")]))
    gate.set()
    change(tmp_path, "UPDATE batches SET status = ?", status)
    with (
        serving(drawer, tmp_path, batches=BatchSettings(tmp_path)) as site,
        sdk_of(site.url) as sdk,
    ):
        assert ended(sdk, batch).status == end


def test_a_full_disk_is_waited_for(
    drawer: Drawer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder where the output belongs cannot be written to, like a disk that is full."""
    gate = threading.Event()
    drawer.script("onto a full disk", gate=gate)
    prepare(tmp_path)
    settings = BatchSettings(tmp_path, retry_s=0.05)
    with serving(drawer, tmp_path, batches=settings) as site, sdk_of(site.url) as sdk:
        batch = send(sdk, jsonl([row(f"r{i}", "onto a full disk") for i in range(20)]))
        ((output,),) = change(tmp_path, "SELECT output_file_id FROM batches")
        in_the_way = tmp_path / "uploads" / output
        in_the_way.mkdir()
        gate.set()
        while "stands still" not in caplog.text:
            pass
        assert counts(sdk, batch.id)[1] == 0
        in_the_way.rmdir()
        batch = ended(sdk, batch)
        assert lines(sdk, batch.output_file_id).keys() == {f"r{i}" for i in range(20)}


def test_an_input_that_has_vanished_fails_the_batch(drawer: Drawer, tmp_path: Path) -> None:
    gate = threading.Event()
    drawer.script("without its input", gate=gate)
    prepare(tmp_path)
    with (
        serving(drawer, tmp_path, batches=BatchSettings(tmp_path)) as site,
        sdk_of(site.url) as sdk,
    ):
        batch = send(sdk, jsonl([row("r", "without its input")]))
    gate.set()
    (tmp_path / "uploads" / batch.input_file_id).unlink()
    with (
        serving(drawer, tmp_path, batches=BatchSettings(tmp_path)) as site,
        sdk_of(site.url) as sdk,
    ):
        batch = ended(sdk, batch)
        assert batch.status == "failed"
        assert batch.errors is not None
        assert batch.errors.data is not None
        assert batch.errors.data[0].code == "file_not_found"


def change(folder: Path, statement: str, *values: str) -> list[tuple[str, ...]]:
    """Do something to the database that only a test would do."""
    connection = sqlite3.connect(folder / FILE)
    with connection:
        found = connection.execute(statement, values).fetchall()
    connection.close()
    return found


def drawn(sdk: openai.OpenAI, batch: Batch) -> dict[str, str]:
    """The pictures of a batch, as base64."""
    answers = lines(sdk, batch.output_file_id)
    return {k: v["response"]["body"]["data"][0]["b64_json"] for k, v in answers.items()}


def first_line(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.readline()


def counts(sdk: openai.OpenAI, batch_id: str) -> tuple[int, int, int]:
    found = sdk.batches.retrieve(batch_id).request_counts
    assert found is not None
    return found.total, found.completed, found.failed
