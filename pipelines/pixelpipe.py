"""How a picture crosses from a worker to the API process: as the descriptor of an anonymous file.

The file has no name anywhere, so nothing is left behind when either process is killed: the kernel
frees it with its last descriptor. It knows pixels and a unix socket, nothing of requests.
"""

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import IO

import numpy as np

from pipelines.types import Pixels, Size

IN_MEMORY = hasattr(os, "memfd_create")
"""Whether the kernel has files that lie in memory only; else they are unlinked ones on the disk."""


def send_pixels(connection: Connection, pixels: Pixels, in_memory: bool = IN_MEMORY) -> None:
    """Send a picture over a unix socket's connection.

    Shapes: pixels [height, width, channels].
    Raises: OSError: when the other side is gone.
    """
    with _anonymous_file(in_memory) as file, _socket_of(connection) as sock:
        file.write(np.ascontiguousarray(pixels).data)
        file.flush()
        socket.send_fds(sock, [b"p"], [file.fileno()])


def receive_pixels(connection: Connection, size: Size, channels: int = 3) -> Pixels:
    """Take the picture that `send_pixels` sent, as memory of this process.

    It is copied out of the file once, so that a picture that is kept keeps no descriptor.

    Shapes: returns [height, width, channels].
    Raises: EOFError: when the other side left before its picture came; ValueError: when the file
    is shorter than the size says; OSError: when the socket fails.
    """
    pixels = np.empty((size.height, size.width, channels), np.uint8)
    with _socket_of(connection) as sock:
        _, descriptors, _, _ = socket.recv_fds(sock, 1, 1)
    if not descriptors:
        raise EOFError("the worker left before its picture came")
    with os.fdopen(descriptors[0], "rb") as file:
        file.seek(0)  # the position is shared with the writer, who left it at the end
        if file.readinto(pixels.data) != pixels.nbytes:
            raise ValueError(f"the picture is shorter than {size} pixels")
    return pixels


@contextmanager
def _anonymous_file(in_memory: bool) -> Iterator[IO[bytes]]:
    if in_memory:
        with os.fdopen(os.memfd_create("pixels"), "w+b") as memory:
            yield memory
    else:
        with tempfile.TemporaryFile() as unlinked:
            yield unlinked


def _socket_of(connection: Connection) -> socket.socket:
    """A second handle on the connection's socket, to be closed by the caller."""
    return socket.fromfd(connection.fileno(), socket.AF_UNIX, socket.SOCK_STREAM)
