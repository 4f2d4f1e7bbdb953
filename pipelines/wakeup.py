"""Lets a thread wake another that waits on sockets and processes: a bell that is also a socket."""

import socket
import threading
from contextlib import suppress


class Wakeup:
    """Who waits, waits for `listener` to be readable. Ringing twice is ringing once."""

    def __init__(self) -> None:
        self.listener, self._bell = socket.socketpair()
        self.listener.setblocking(False)
        self._bell.setblocking(False)
        self._closing = threading.Lock()
        self._closed = False

    def set(self) -> None:
        """Wake whoever waits, or will wait next. From any thread, at any time."""
        with self._closing, suppress(BlockingIOError):  # blocked: full of rings not yet heard
            if not self._closed:
                self._bell.send(b"!")

    def clear(self) -> None:
        """Forget the rings so far. Only on the thread that waits."""
        with suppress(BlockingIOError):
            while self.listener.recv(4096):
                pass

    def close(self) -> None:
        with self._closing:
            self._closed = True
            self.listener.close()
            self._bell.close()
