"""A worker with more models than fit its device: the real engine at the end of a real pipe."""

import gc
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
import torch

from pipelines.catalog import EMBEDDED, StandIn
from pipelines.errors import UnsupportedSetting
from pipelines.load import bytes_on_device
from pipelines.messages import (
    Arrived,
    Departed,
    Done,
    FromWorker,
    Loading,
    Shutdown,
    Submit,
    WorkerSpec,
)
from pipelines.options import EngineOptions
from pipelines.pixelpipe import receive_pixels
from pipelines.worker import Inbox, Voice, build, serve
from tests.pipelines.drawing import request

ONE, OTHER = (
    StandIn(name, EMBEDDED.family, EMBEDDED.folder, EMBEDDED.licence) for name in ("one", "other")
)


class Ear:
    """The API process's end of the pipe: keeps all that is said."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self.connection, self._theirs = Connection(ours.detach()), Connection(theirs.detach())
        self.voice = Voice(self._theirs)
        self.heard: list[FromWorker] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._theirs.close()
        self._thread.join(20.0)
        assert not self._thread.is_alive()
        self.connection.close()

    def all_of(self, kind: type) -> list[FromWorker]:
        return [message for message in self.heard if isinstance(message, kind)]

    def _listen(self) -> None:
        with suppress(EOFError):
            while True:
                message = self.connection.recv()
                if isinstance(message, Done):
                    receive_pixels(self.connection, message.size)
                self.heard.append(message)


@pytest.fixture(autouse=True)
def thaw() -> Iterator[None]:
    yield
    gc.unfreeze()  # a worker freezes its process's memory


def spec(tmp_path: Path, *stand_ins: StandIn) -> WorkerSpec:
    """A worker with room for one and a half of the models, that knows what their steps cost."""
    one_bytes = bytes_on_device(EMBEDDED.folder, torch.device("cpu"))
    options = EngineOptions(
        "cpu", threads=1, memory_bytes=int(1.5 * one_bytes), cost_file=tmp_path / "costs.json"
    )
    return WorkerSpec(stand_ins, options)


def test_alternating_traffic_through_a_worker_changes_models_once(tmp_path: Path) -> None:
    inbox = Inbox()
    for number in range(8):
        model = ("one", "other")[number % 2]
        inbox.put(Submit(request(f"r{number}", model=model, steps=2)))
    inbox.put(Shutdown())
    with closing(Ear()) as ear:
        engine, ready = build(spec(tmp_path, ONE, OTHER), ear.voice)
        serve(engine, inbox, ear.voice, fault=None)

    assert [name for name, _ in ready.costs] == ["one"]
    assert [name for name, load_s in ready.absent if load_s > 0] == ["other"]

    assert len(ear.all_of(Done)) == 8
    came_and_went = [m for m in ear.heard if isinstance(m, Arrived | Departed)]
    assert [(type(m), m.model) for m in came_and_went] == [(Departed, "one"), (Arrived, "other")]
    assert [m.model for m in ear.all_of(Loading) if isinstance(m, Loading) and m.total_bytes] == [
        "one",
        "other",
    ]


def test_a_model_that_can_never_fit_keeps_its_worker_from_starting() -> None:
    tiny = EngineOptions("cpu", threads=1, memory_bytes=1000)
    with closing(Ear()) as ear, pytest.raises(UnsupportedSetting, match="1,000 bytes"):
        build(WorkerSpec((ONE,), tiny), ear.voice)
