"""What tests of several folders share: one real server with the embedded model."""

import os
from collections.abc import Iterator

import pytest

from tests.running import Running


def pytest_configure(config: pytest.Config) -> None:
    """One thread for each of several test processes, which would wait for each other's otherwise.

    What is said in the environment reaches torch, which is not imported yet, and every server.
    """
    if hasattr(config, "workerinput"):
        os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that draws, started by the command, on a free port.

    Its pictures bear no invisible mark: the mark of another request would differ where the drawn
    pixels should be the same, and would be all that differs where they should not.
    """
    unmarked = {"SEEDBED_INVISIBLE_MARK": "false"}
    with Running(tmp_path_factory.mktemp("running"), settings=unmarked) as server:
        server.read_until("ready")
        yield server
