"""A real server as an operator starts it: the command, its process, its output, its signals."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

SEEDBED = Path(sys.executable).with_name("seedbed")
EXIT_S = 60.0
COMMAND_S = 240.0


def plain_environment() -> dict[str, str]:
    """Ours, without settings of seedbed and without colours."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SEEDBED_", "FORCE_COLOR"))}
    return {**kept, "NO_COLOR": "1"}


@dataclass
class Running:
    """One `seedbed serve` on a free port, started in a folder of its own."""

    folder: Path
    flags: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    """Lines of its standard output so far."""

    def __enter__(self) -> Self:
        self.log = self.folder / "log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [SEEDBED, "serve", "--port", "0", *self.flags],
                cwd=self.folder,
                env=plain_environment() | self.settings,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def read_until(self, beginning: str) -> str:
        """Wait for a line of the standard output and return it."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.rstrip("\n"))
            if self.said[-1].strip().startswith(beginning):
                return self.said[-1]
        raise AssertionError(f"{beginning!r} was never said: {self.said}\n{self.log.read_text()}")

    @property
    def url(self) -> str:
        return next(line.split()[1] for line in self.said if line.split()[:1] == ["address"])

    @property
    def key(self) -> str:
        return (self.folder / "data" / "api-key").read_text().strip()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        out, _ = self.process.communicate(timeout=EXIT_S)
        self.said += out.splitlines()
        return self.process.returncode


def seedbed(
    folder: Path, *arguments: str, settings: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end; it has a while for that."""
    return subprocess.run(
        [SEEDBED, *arguments],
        cwd=folder,
        env=plain_environment() | (settings or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_S,
    )
