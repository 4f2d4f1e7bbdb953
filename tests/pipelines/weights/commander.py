"""The command `seedbed` in a process that stays, so that many commands cost one start.

Reads one JSON line per command from standard input and answers with one: the same `main` as the
real command, with a folder, an environment and standard streams of its own.
"""

import io
import json
import os
import resource
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from traceback import format_exc
from typing import Any

from server.cli import main
from tests.running import plain_environment

REPOSITORY = Path(__file__).parents[3]


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)


def hub_environment(hub: str, home: Path) -> dict[str, str]:
    """Nothing leaves the loopback address, and nobody's cache or token is used."""
    return {
        "HF_ENDPOINT": hub,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "no_proxy": "127.0.0.1,localhost",
    }


class Commander:
    """The other end: one process, many commands."""

    def __init__(self, hub: str, home: Path) -> None:
        kept = {k: v for k, v in plain_environment().items() if not k.startswith("HF_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.pipelines.weights.commander"],
            cwd=REPOSITORY,
            env=kept | hub_environment(hub, home),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, folder: Path, *arguments: str, file_limit: int = -1, **settings: str) -> Done:
        """`file_limit` is the size in bytes at which files grow no more: a disk that is full."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {
            "folder": str(folder),
            "arguments": arguments,
            "file_limit": file_limit,
            "settings": settings,
        }
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return Done(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        self._process.communicate(timeout=30)


def _run(order: dict[str, Any]) -> dict[str, Any]:
    out, err = io.StringIO(), io.StringIO()
    before = dict(os.environ)
    os.chdir(order["folder"])
    os.environ.update(order["settings"])
    sys.argv = ["seedbed", *order["arguments"]]
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (order["file_limit"], limits[1]))
    status = 0
    try:
        with redirect_stdout(out), redirect_stderr(err):
            main()
    except SystemExit as ended:
        status = int(ended.code or 0)
    except Exception:  # noqa: BLE001 - the test shows it
        err.write(format_exc())
        status = 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        os.environ.clear()
        os.environ.update(before)
    return {"returncode": status, "stdout": out.getvalue(), "stderr": err.getvalue()}


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_run(json.loads(line))) + "\n")
        sys.stdout.flush()
