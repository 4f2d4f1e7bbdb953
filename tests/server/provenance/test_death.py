"""A server that dies between a picture's row and its answer loses nothing that it handed out."""

import hashlib
import http.client
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from server.store.database import FILE
from tests.server.conformance.calls import ARK, M3
from tests.server.conftest import KEY

REPOSITORY = Path(__file__).parents[3]
ENOUGH = 99
HEADERS = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[str]
    url: str

    def said(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def draw(self, prompt: str) -> str:
        """The path of the picture."""
        answer = httpx2.post(f"{self.url}{ARK}", content=call(prompt), headers=HEADERS, timeout=30)
        assert answer.status_code == 200, answer.text
        (picture,) = answer.json()["data"]
        return urlsplit(picture["url"]).path

    def fetch(self, path: str) -> bytes:
        answer = httpx2.get(f"{self.url}{path}")
        assert answer.status_code == 200, answer.text
        return answer.content


def call(prompt: str) -> bytes:
    body = {"model": M3, "prompt": prompt, "size": "512x512", "seed": 7, "response_format": "url"}
    return json.dumps(body).encode()


@contextmanager
def server(folder: Path, answers: int) -> Iterator[Server]:
    started = subprocess.Popen(
        [sys.executable, "-m", "tests.server.provenance.dying_process", str(folder), str(answers)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert started.stdout is not None
        yield Server(started, started.stdout.readline().strip())
    finally:
        started.kill()
        started.communicate()


def rows(folder: Path) -> list[tuple[str, str]]:
    """Every row's id and digest, the oldest first."""
    with closing(sqlite3.connect(folder / FILE)) as database:
        return database.execute("SELECT id, sha256 FROM pictures ORDER BY number").fetchall()


def test_what_was_handed_out_outlives_the_server_and_the_same_call_is_the_same_picture(
    tmp_path: Path,
) -> None:
    with server(tmp_path, answers=1) as dying:
        path = dying.draw("a cat")
        handed_out = dying.fetch(path)
        with closing(http.client.HTTPConnection(urlsplit(dying.url).netloc, timeout=30)) as client:
            client.request("POST", ARK, call("a dog"), HEADERS)
            assert dying.said() == "written"
            os.kill(dying.process.pid, signal.SIGKILL)
            assert dying.process.wait(20) == -signal.SIGKILL
            with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
                client.getresponse()
    cat, dog = rows(tmp_path)
    assert cat[1] == hashlib.sha256(handed_out).hexdigest()

    with server(tmp_path, answers=ENOUGH) as living:
        assert living.fetch(path) == handed_out
        again = living.fetch(living.draw("a dog"))
        assert hashlib.sha256(again).hexdigest() == dog[1], "as it was when nobody got it"
        assert rows(tmp_path) == [cat, dog, dog], "one for the call that died, one for the answer"
        answer = httpx2.post(
            f"{living.url}/v1/watermark/verify",
            files=[("image", handed_out), ("image", again)],
            data={"depth": "fast"},
            headers={"authorization": HEADERS["authorization"]},
            timeout=30,
        )
        known = answer.json()["data"]
    assert [one["id"] for one in known] == [cat[0], dog[0]]
    assert all(one["registry"]["same_file"] for one in known)
