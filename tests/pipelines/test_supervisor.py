"""One worker in all its lives, heard by an owner that only takes notes."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipelines.messages import Done, FromWorker, Heartbeat, Progress, Ready, Submit
from pipelines.supervisor import Endurance, Supervisor
from pipelines.types import Pixels
from tests.pipelines.fleets import ENDLESS, PATIENCE_S
from tests.pipelines.strokes import request, spec

ENDURANCE = Endurance(hang_s=5.0, load_s=20.0, restart_pauses_s=())


class Owner:
    """Notes what it hears; fails when told to."""

    def __init__(self) -> None:
        self.notes: list[FromWorker | str] = []
        self.fails_at: type | None = None
        self._more = threading.Condition()

    def heard(self, worker: Supervisor, message: FromWorker, pixels: Pixels | None) -> None:
        if not isinstance(message, Heartbeat):
            self._note(message)
        if self.fails_at is type(message):
            self.fails_at = None
            raise RuntimeError("a fault of ours")

    def lost(self, worker: Supervisor, reason: str) -> None:
        self._note(reason)

    def gave_up(self, worker: Supervisor, reason: str) -> None:
        self._note(f"for good: {reason}")

    def wait(self, enough: Callable[[list[FromWorker | str]], bool]) -> None:
        with self._more:
            assert self._more.wait_for(lambda: enough(self.notes), PATIENCE_S), self.notes

    def _note(self, note: FromWorker | str) -> None:
        with self._more:
            self.notes.append(note)
            self._more.notify_all()


@pytest.fixture
def owner() -> Owner:
    return Owner()


@pytest.fixture
def worker(tmp_path: Path, owner: Owner) -> Iterator[Supervisor]:
    supervisor = Supervisor(spec(tmp_path), owner, ENDURANCE)
    yield supervisor
    supervisor.stop(at_once=True)
    supervisor.join()


def lives(notes: list[FromWorker | str]) -> int:
    return sum(isinstance(note, Ready) for note in notes)


def answered(notes: list[FromWorker | str]) -> list[str]:
    return [note.request_id for note in notes if isinstance(note, Done)]


def test_what_a_death_overtook_does_not_reach_the_next_life(
    worker: Supervisor, owner: Owner
) -> None:
    worker.send(Submit(request("overtaken")))
    worker.start()
    owner.wait(lambda notes: lives(notes) == 1)

    worker.send(Submit(request("meant")))
    owner.wait(lambda notes: bool(answered(notes)))

    assert answered(owner.notes) == ["meant"]


def test_each_death_is_told_once_and_between_two_lives(worker: Supervisor, owner: Owner) -> None:
    worker.start()
    for life in range(1, 4):
        owner.wait(lambda notes, life=life: lives(notes) == life)
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
    owner.wait(lambda notes: lives(notes) == 4)

    told = [note if isinstance(note, str) else type(note).__name__ for note in owner.notes]
    assert told == [*["Loading", "Ready", "died of SIGKILL"] * 3, "Loading", "Ready"]


def test_a_fault_of_the_owner_costs_one_life_and_not_the_thread(
    worker: Supervisor, owner: Owner
) -> None:
    owner.fails_at = Progress
    worker.start()
    owner.wait(lambda notes: lives(notes) == 1)

    worker.send(Submit(request("a", steps=ENDLESS)))
    owner.wait(lambda notes: lives(notes) == 2)

    assert "could not be talked with (a fault of ours)" in owner.notes


def test_a_stopped_worker_finishes_or_not_as_it_was_told(tmp_path: Path) -> None:
    for at_once, expected in ((False, ["a"]), (True, [])):
        owner = Owner()
        supervisor = Supervisor(spec(tmp_path), owner, ENDURANCE)
        supervisor.start()
        owner.wait(lambda notes: lives(notes) == 1)
        steps = ENDLESS if at_once else 50
        supervisor.send(Submit(request("a", steps=steps)))
        owner.wait(lambda notes: any(isinstance(note, Progress) for note in notes))

        supervisor.stop(at_once=at_once)
        supervisor.join()

        assert answered(owner.notes) == expected
        assert not any(isinstance(note, str) for note in owner.notes), "no death was to be told"
