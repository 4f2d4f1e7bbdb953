"""One life of a worker process: its birth, the two directions of its pipe, its death.

It does not know what the messages mean, except that pixels follow a `Done`.
"""

import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection, wait
from pathlib import Path

from pipelines.messages import Done, FromWorker, ToWorker, WorkerSpec
from pipelines.pixelpipe import receive_pixels
from pipelines.types import Pixels

ROOT = Path(__file__).parents[1]
"""The folder that holds the package `pipelines`."""
PATIENT = {"OMP_WAIT_POLICY": "PASSIVE"}
"""Where nobody set a number of threads they sleep at a barrier instead of spinning: beside one
other busy process two spinning threads took 3 to 30 times as long for a picture. On an idle machine
that costs time, so whoever sets the number gets OpenMP's own way."""
QUIET = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "DIFFUSERS_VERBOSITY": "error",
    "TQDM_DISABLE": "1",
    "DO_NOT_TRACK": "1",
}
"""A worker never touches the network and draws no progress bars over the server's log."""
LAST_WORDS_S = 5.0
"""How long a process whose pipe is closed may take to die by itself."""


class WorkerDied(Exception):
    """The worker cannot be talked with any more. `final` when another try would end the same."""

    def __init__(self, reason: str, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


class WorkerProcess:
    """A running worker. One thread uses it.

    `timeout_s` bounds how long a read or a write may stand still in the middle of a message.
    """

    def __init__(self, spec: WorkerSpec, timeout_s: float) -> None:
        """Raises: OSError: when the machine has no room for it; WorkerDied."""
        ours, theirs = socket.socketpair()
        with theirs:
            _bound(ours, timeout_s)
            self.connection = Connection(ours.detach())
            self._process = _start(theirs, worker_environment(spec, os.environ))
        self._pidfd: int | None = None
        try:
            # Where the kernel has no descriptor for processes, the end of the pipe tells of death.
            if hasattr(os, "pidfd_open"):
                self._pidfd = os.pidfd_open(self._process.pid)
            self.send(spec)
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def sentinels(self) -> list[int]:
        """What becomes readable when the process dies."""
        return [] if self._pidfd is None else [self._pidfd]

    def send(self, message: ToWorker | WorkerSpec) -> None:
        """Raises: WorkerDied: when nobody reads."""
        try:
            self.connection.send(message)
        except BlockingIOError:
            raise WorkerDied("does not read its pipe") from None
        except ConnectionError:
            raise WorkerDied(self.epitaph()) from None

    def receive(self) -> tuple[FromWorker, Pixels | None]:
        """Take one message, and the pixels that come with it.

        Raises: WorkerDied: when the pipe has ended.
        """
        try:
            message: FromWorker = self.connection.recv()
            pixels = (
                receive_pixels(self.connection, message.size, message.channels)
                if isinstance(message, Done)
                else None
            )
        except BlockingIOError:
            raise WorkerDied("stopped in the middle of a message") from None
        except (EOFError, ConnectionError):
            raise WorkerDied(self.epitaph()) from None
        return message, pixels

    def epitaph(self) -> str:
        """Say how the process ended; end it if only its pipe did."""
        wait(self.sentinels, LAST_WORDS_S)
        self._process.kill()
        status = self._process.wait()
        if status < 0:
            return f"died of {signal.Signals(-status).name}"
        return f"left with status {status}"

    def close(self) -> None:
        """Kill the process if it lives, and free all that it held here."""
        self._process.kill()
        self._process.wait()
        self.connection.close()
        if self._pidfd is not None:
            os.close(self._pidfd)


def worker_environment(spec: WorkerSpec, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a worker: ours, quiet, and with this project importable from anywhere."""
    path = os.pathsep.join(filter(None, (str(ROOT), environment.get("PYTHONPATH"))))
    threads = spec.options.threads
    if threads is None:
        return {**PATIENT, **environment, **QUIET, "PYTHONPATH": path}
    return {**environment, **QUIET, "OMP_NUM_THREADS": str(threads), "PYTHONPATH": path}


def _start(pipe: socket.socket, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """A fresh interpreter, never a fork: CUDA does not survive one.

    In a session of its own, so that Ctrl-C in the terminal reaches only the parent, which decides.
    `-P`: a file in the user's folder must not take a module's place. Its output goes where errors
    go, so that the standard output of a command stays clean.
    """
    descriptor = pipe.fileno()
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "pipelines.worker", str(descriptor)],
        pass_fds=(descriptor,),
        stdin=subprocess.DEVNULL,
        stdout=2,
        start_new_session=True,
        env=dict(environment),
    )


def _bound(sock: socket.socket, timeout_s: float) -> None:
    """Let blocking reads and writes fail when nothing moves for that long: the other may be stuck.

    In the kernel, since `Connection` knows no timeouts.
    """
    interval = struct.pack("ll", int(timeout_s), int(timeout_s % 1 * 1e6))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, interval)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, interval)
