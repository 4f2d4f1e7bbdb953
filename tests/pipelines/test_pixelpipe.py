"""Pictures cross a real unix socket unharmed and leave nothing behind."""

import os
import socket
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest

from pipelines.pixelpipe import receive_pixels, send_pixels
from pipelines.types import Pixels, Size


@pytest.fixture
def pipe() -> Iterator[tuple[Connection, Connection]]:
    ends = [Connection(end.detach()) for end in socket.socketpair()]
    yield ends[0], ends[1]
    for end in ends:
        end.close()


def noise(size: Size) -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (size.height, size.width, 3), dtype=np.uint8)


def open_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


@pytest.mark.parametrize("in_memory", [True, False], ids=["memory", "disk"])
@pytest.mark.parametrize("size", [Size(1, 1), Size(128, 96), Size(1031, 517), Size(4096, 4096)])
def test_a_picture_arrives_byte_for_byte(
    pipe: tuple[Connection, Connection], size: Size, in_memory: bool
) -> None:
    sent = noise(size)

    send_pixels(pipe[0], sent, in_memory)

    assert np.array_equal(receive_pixels(pipe[1], size), sent)


def test_a_picture_that_is_a_view_arrives_as_it_looks(pipe: tuple[Connection, Connection]) -> None:
    sent = noise(Size(64, 32)).transpose(1, 0, 2)[::-1]

    send_pixels(pipe[0], sent)

    assert np.array_equal(receive_pixels(pipe[1], Size(32, 64)), sent)


def test_a_picture_with_alpha_arrives_with_it(pipe: tuple[Connection, Connection]) -> None:
    sent = np.dstack([noise(Size(20, 10)), noise(Size(20, 10))[..., :1]])
    send_pixels(pipe[0], sent)
    assert np.array_equal(receive_pixels(pipe[1], Size(20, 10), channels=4), sent)


def test_pictures_and_messages_keep_their_order(pipe: tuple[Connection, Connection]) -> None:
    pictures = [noise(Size(side, side)) for side in (16, 32, 48)]

    for number, sent in enumerate(pictures):
        pipe[0].send(number)
        send_pixels(pipe[0], sent)

    for number, sent in enumerate(pictures):
        assert pipe[1].recv() == number
        assert np.array_equal(receive_pixels(pipe[1], Size(*sent.shape[:2])), sent)


def test_a_received_picture_may_be_written_to(pipe: tuple[Connection, Connection]) -> None:
    send_pixels(pipe[0], noise(Size(16, 16)))

    receive_pixels(pipe[1], Size(16, 16))[:] = 0


def test_pictures_that_are_kept_keep_no_descriptors(pipe: tuple[Connection, Connection]) -> None:
    before = open_descriptors()
    kept = []

    for _ in range(50):
        send_pixels(pipe[0], noise(Size(16, 16)))
        kept.append(receive_pixels(pipe[1], Size(16, 16)))

    assert open_descriptors() == before


def test_a_sender_that_left_before_its_picture_is_noticed(
    pipe: tuple[Connection, Connection],
) -> None:
    leaving = threading.Thread(target=pipe[0].close)
    leaving.start()

    with pytest.raises(EOFError, match="left before its picture"):
        receive_pixels(pipe[1], Size(16, 16))
    leaving.join()  # or the fixture closes the same descriptor at the same time


def test_a_picture_shorter_than_announced_is_refused(pipe: tuple[Connection, Connection]) -> None:
    before = open_descriptors()
    send_pixels(pipe[0], noise(Size(16, 16)))

    with pytest.raises(ValueError, match="shorter than 16x17"):
        receive_pixels(pipe[1], Size(16, 17))

    assert open_descriptors() == before


def test_a_picture_leaves_no_name_on_the_disk(
    pipe: tuple[Connection, Connection], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", os.fspath(tmp_path))

    send_pixels(pipe[0], noise(Size(16, 16)), in_memory=False)

    assert list(tmp_path.iterdir()) == []
