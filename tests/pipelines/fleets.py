"""What the fleet's tests share: waiting for news, watching a request, asking for the answer."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from pipelines import messages
from pipelines.fleet import Fleet
from pipelines.types import Pixels

PATIENCE_S = 20.0
ENDLESS = 10**9

Start = Callable[..., Fleet]
"""The fixture `start`: starts a fleet of `workers` and waits until all of them are ready."""


class News(logging.Handler):
    """What the fleet logs, to be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self._messages: list[str] = []
        self._more = threading.Condition()

    def emit(self, record: logging.LogRecord) -> None:
        with self._more:
            self._messages.append(record.getMessage())
            self._more.notify_all()

    def wait(self, text: str, times: int = 1, timeout_s: float = PATIENCE_S) -> None:
        """Until that many messages with this text were logged."""
        with self._more:
            assert self._more.wait_for(lambda: len(self.of(text)) >= times, timeout_s), text

    def of(self, text: str) -> list[str]:
        return [message for message in self._messages if text in message]

    @property
    def deaths(self) -> list[str]:
        harmless = (*self.of("is ready"), *self.of("loading "))
        return [message for message in self._messages if message not in harmless]


class Watcher:
    """Hears news of a request; `seen` is set at the wanted step."""

    def __init__(self, at_step: int = 1) -> None:
        self.news: list[messages.News] = []
        self.seen = threading.Event()
        self._at_step = at_step

    @property
    def steps(self) -> list[int]:
        return [heard.step for heard in self.news if isinstance(heard, messages.Progress)]

    def __call__(self, heard: messages.News) -> None:
        self.news.append(heard)
        if heard.step == self._at_step:
            self.seen.set()

    def wait(self) -> None:
        assert self.seen.wait(PATIENCE_S)


def answer(future: Future[Pixels]) -> Pixels:
    return future.result(PATIENCE_S)


def failure(future: Future[Pixels]) -> BaseException | None:
    return future.exception(PATIENCE_S)


def open_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))
