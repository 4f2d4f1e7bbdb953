"""A real worker process at the end of a real pipe."""

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines.errors import Cancelled, ModelBroken, UnknownModel
from pipelines.faults import planned_fault
from pipelines.messages import (
    Broken,
    Cancel,
    Done,
    Failed,
    FromWorker,
    Heartbeat,
    Loading,
    Progress,
    Ready,
    Shutdown,
    Submit,
    WorkerSpec,
)
from pipelines.options import EngineOptions
from pipelines.process import ROOT, WorkerDied, WorkerProcess, worker_environment
from pipelines.types import Pixels, Size
from pipelines.worker import Inbox
from tests.pipelines.strokes import COST, picture, request, spec


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[WorkerProcess]:
    with closing(WorkerProcess(spec(tmp_path), timeout_s=10.0)) as process:
        yield process


def until(process: WorkerProcess, kind: type) -> tuple[list[FromWorker], Pixels | None]:
    """Everything up to the first message of this kind, heartbeats left out."""
    heard: list[FromWorker] = []
    while True:
        message, pixels = process.receive()
        if not isinstance(message, Heartbeat):
            heard.append(message)
        if isinstance(message, kind):
            return heard, pixels


def test_a_worker_loads_its_models_then_says_what_they_cost(worker: WorkerProcess) -> None:
    heard, _ = until(worker, Ready)

    assert heard == [Loading("strokes"), Ready("paper", (("strokes", COST),))]


def test_a_request_is_answered_with_its_progress_and_then_its_pixels(worker: WorkerProcess) -> None:
    wanted = request("a", seed=3, steps=4)
    until(worker, Ready)

    worker.send(Submit(wanted))
    heard, pixels = until(worker, Done)

    assert heard[:-1] == [Progress("a", step, 4, 0.0) for step in (1, 2, 3, 4)]
    assert heard[-1] == Done("a", Size(64, 64))
    assert pixels is not None
    assert np.array_equal(pixels, picture(wanted))


def test_every_turn_of_the_loop_is_heard_of(worker: WorkerProcess) -> None:
    until(worker, Ready)

    worker.send(Submit(request("a", steps=3)))

    heard = [worker.receive()[0] for _ in range(7)]
    assert [type(m) for m in heard] == [
        *[Progress, Heartbeat] * 2, Progress, Done, Heartbeat
    ]  # fmt: skip


def test_a_cancelled_request_fails_and_the_next_one_is_drawn(worker: WorkerProcess) -> None:
    until(worker, Ready)
    worker.send(Submit(request("endless", steps=10**9)))
    until(worker, Progress)

    worker.send(Cancel("endless"))
    heard, _ = until(worker, Failed)
    assert isinstance(heard[-1], Failed)
    assert isinstance(heard[-1].error, Cancelled)

    worker.send(Submit(request("next", steps=1)))
    assert [type(m) for m in until(worker, Done)[0]] == [Progress, Done]


def test_a_request_the_engine_refuses_is_answered(worker: WorkerProcess) -> None:
    until(worker, Ready)

    worker.send(Submit(request("a", model="unheard of")))

    heard, _ = until(worker, Failed)
    assert isinstance(heard[-1], Failed)
    assert isinstance(heard[-1].error, UnknownModel)


def test_a_worker_told_to_leave_finishes_what_it_accepted(worker: WorkerProcess) -> None:
    until(worker, Ready)

    worker.send(Submit(request("a", steps=100)))
    worker.send(Shutdown())

    until(worker, Done)
    with pytest.raises(WorkerDied, match="left with status 0"):
        until(worker, Broken)


def test_weights_that_are_missing_are_named_before_the_worker_leaves(tmp_path: Path) -> None:
    with closing(WorkerProcess(spec(tmp_path / "nowhere"), timeout_s=10.0)) as process:
        heard, _ = until(process, Broken)

        assert isinstance(heard[-1], Broken)
        assert isinstance(heard[-1].error, ModelBroken)
        assert "nowhere is missing" in str(heard[-1].error)
        with pytest.raises(WorkerDied, match="left with status 1"):
            process.receive()


def test_the_signals_of_the_terminal_are_for_the_parent_to_decide_about(
    worker: WorkerProcess,
) -> None:
    until(worker, Ready)
    assert os.getpgid(worker.pid) != os.getpgrp()

    os.kill(worker.pid, signal.SIGINT)
    os.kill(worker.pid, signal.SIGTERM)

    worker.send(Submit(request("a")))
    assert until(worker, Done)[1] is not None


def test_a_death_is_described_by_its_signal(worker: WorkerProcess) -> None:
    until(worker, Ready)

    os.kill(worker.pid, signal.SIGKILL)

    with pytest.raises(WorkerDied, match="died of SIGKILL"):
        worker.receive()


PARENT = """
import os, signal, sys
from pathlib import Path
from pipelines.messages import Ready, Submit
from pipelines.process import WorkerProcess
from tests.pipelines.strokes import request, spec
worker = WorkerProcess(spec(Path(sys.argv[1])), 10.0)
while not isinstance(worker.receive()[0], Ready):
    pass
if sys.argv[2] == "busy":
    worker.send(Submit(request("endless", steps=10**9)))
    worker.receive()
print(worker.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("occupation", ["idle", "busy"])
def test_a_worker_does_not_outlive_its_parent(tmp_path: Path, occupation: str) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path), occupation],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    with parent:
        assert parent.stdout is not None
        descriptor = os.pidfd_open(int(parent.stdout.readline()))

        parent.kill()

        ended, _, _ = select.select([descriptor], [], [], 10.0)
        os.close(descriptor)
        assert ended


def test_an_idle_worker_does_nothing(worker: WorkerProcess) -> None:
    until(worker, Ready)
    worker.send(Submit(request("a", steps=1)))
    until(worker, Done)
    worker.receive()  # the heartbeat of the last step

    assert not worker.connection.poll(0.5), "an idle worker has nothing to say"


@pytest.mark.parametrize("name", ["HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "TQDM_DISABLE"])
def test_a_worker_is_quiet_and_offline(tmp_path: Path, name: str) -> None:
    assert worker_environment(spec(tmp_path), {name: "0"})[name] == "1"


def test_a_workers_threads_do_not_spin_unless_the_operator_wants_it(tmp_path: Path) -> None:
    name, unsaid = "OMP_WAIT_POLICY", replace(spec(tmp_path), options=EngineOptions())
    assert worker_environment(unsaid, {})[name] == "PASSIVE"
    assert worker_environment(unsaid, {name: "ACTIVE"})[name] == "ACTIVE"
    said = replace(unsaid, options=EngineOptions(threads=2))
    assert name not in worker_environment(said, {})


def test_a_worker_finds_the_project_from_any_folder(tmp_path: Path) -> None:
    environment = worker_environment(spec(tmp_path), {"PYTHONPATH": "theirs"})

    assert environment["PYTHONPATH"].split(os.pathsep) == [str(ROOT), "theirs"]


def test_the_thread_count_reaches_the_libraries_before_they_are_imported(tmp_path: Path) -> None:
    unlimited: WorkerSpec = replace(spec(tmp_path), options=EngineOptions())
    wanted = replace(unlimited, options=EngineOptions(threads=3))

    assert worker_environment(wanted, {})["OMP_NUM_THREADS"] == "3"
    assert "OMP_NUM_THREADS" not in worker_environment(unlimited, {})


def test_an_inbox_gives_its_messages_in_order_and_waits_only_when_asked() -> None:
    inbox = Inbox()
    assert inbox.take(wait=False) == []

    threading.Timer(0.0, lambda: inbox.put(Cancel("a"))).start()
    assert inbox.take(wait=True) == [Cancel("a")]

    inbox.put(Cancel("b"))
    inbox.put(Shutdown())
    assert inbox.take(wait=True) == [Cancel("b"), Shutdown()]


def test_a_fault_happens_only_when_asked_for() -> None:
    assert planned_fault({}) is None
    assert planned_fault({"FAKE_FAULT": ""}) is None


@pytest.mark.parametrize("text", ["die", "die@", "die@x", "explode@3", "@3"])
def test_a_fault_that_is_no_fault_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="FAKE_FAULT must be die@<step> or hang@<step>"):
        planned_fault({"FAKE_FAULT": text})


def test_a_fault_waits_for_its_step_and_happens_once(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    fault = planned_fault({"FAKE_FAULT": f"die@3:{marker}"})
    assert fault is not None
    marker.touch()

    for step in range(10):
        fault.strike(step)
