"""What tests of several folders share: one real server with the embedded model."""

from collections.abc import Iterator

import pytest

from tests.running import Running


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that draws, started by the command, on a free port."""
    with Running(tmp_path_factory.mktemp("running")) as server:
        server.read_until("ready")
        yield server
