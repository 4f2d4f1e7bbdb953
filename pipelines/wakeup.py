"""Lets a thread wake another that waits on sockets and processes: a bell that is also a socket."""

import socket
from contextlib import suppress


class Wakeup:
    """Who waits, waits for `listener` to be readable. Ringing twice is ringing once."""

    def __init__(self) -> None:
        self.listener, self._bell = socket.socketpair()
        self.listener.setblocking(False)
        self._bell.setblocking(False)

    def set(self) -> None:
        """Wake whoever waits, or will wait next."""
        with suppress(BlockingIOError):  # full of rings that nobody has heard yet
            self._bell.send(b"!")

    def clear(self) -> None:
        with suppress(BlockingIOError):
            while self.listener.recv(4096):
                pass

    def close(self) -> None:
        self.listener.close()
        self._bell.close()
