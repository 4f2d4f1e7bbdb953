"""A hub on the loopback address that speaks as the real one does, and fails as told.

Model info with sizes and hashes, resolve with redirects of large files to a second path, ranges,
ETag and X-Repo-Commit; 401, 404, 429, 503, cut connections, wrong and missing bytes. It speaks as
ModelScope does too, of the same repositories.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs

LARGE = 4096
"""Files from here on are LFS files, as those beyond 10 MB are on the real hub."""


@dataclass
class Repository:
    """What one repository holds, by revision name."""

    files: dict[str, bytes]
    commit: str
    branches: tuple[str, ...] = ("main",)
    licence: str | None = "apache-2.0"
    gated: bool = False
    token: str | None = None
    """Without it the repository answers 401."""
    lie_about: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Path -> what the list of files says of it in place of the truth."""


@dataclass
class Misdeed:
    """What goes wrong with a file, `times` times."""

    times: int = 1
    status: int | None = None
    retry_after: str | None = None
    cut_after: int | None = None
    """Bytes after which the connection breaks."""
    flip: int | None = None
    """The byte that is changed."""
    shorten: int = 0
    """Bytes that are missing at the end, or too many."""
    unsaid: bool = False
    """The size is not said, the end is where the connection ends."""
    no_ranges: bool = False
    hold_after: int | None = None
    """Bytes after which nothing comes until `released`."""

    def take(self) -> bool:
        """Whether it happens once more."""
        self.times -= 1
        return self.times >= 0


@dataclass(frozen=True)
class Asked:
    """One request that came."""

    method: str
    path: str
    range: str | None
    token: str | None


class Hub:
    """The hub, its repositories and its misdeeds."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.misdeeds: dict[str, tuple[Misdeed, ...]] = {}
        self.asked: list[Asked] = []
        self.held = Event()
        self.released = Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self._server.daemon_threads = True
        port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{port}"
        self.far_url = f"http://localhost:{port}"
        """Where large files are: to a client another host, that must get no token."""

    @contextmanager
    def running(self) -> Iterator["Hub"]:
        thread = Thread(target=self._server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            self.released.set()
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def reset(self) -> None:
        """Forget everything but the address."""
        self.released.set()
        self.repositories, self.misdeeds, self.asked = {}, {}, []
        self.held, self.released = Event(), Event()

    def add(self, name: str, files: dict[str, bytes], **facts: Any) -> Repository:
        digest = hashlib.sha1(name.encode(), usedforsecurity=False)
        for path, data in sorted(files.items()):
            digest.update(path.encode() + data)
        self.repositories[name] = Repository(
            files, facts.pop("commit", digest.hexdigest()), **facts
        )
        return self.repositories[name]

    def fetched(self, path: str) -> list[Asked]:
        """Downloads of a file."""
        return [one for one in self.asked if one.method == "GET" and one.path.endswith(path)]

    def misdeed(self, path: str) -> Misdeed | None:
        return next((one for one in self.misdeeds.get(path, ()) if one.take()), None)

    def by_sha256(self) -> dict[str, tuple[str, bytes]]:
        """Every file of every repository by its hash: the second path of large files."""
        return {
            hashlib.sha256(data).hexdigest(): (path, data)
            for repository in self.repositories.values()
            for path, data in repository.files.items()
        }


def _sibling(repository: Repository, path: str) -> dict[str, Any]:
    data = repository.files[path]
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
    said: dict[str, Any] = {"rfilename": path, "size": len(data), "blobId": blob}
    if len(data) >= LARGE:
        sha256 = hashlib.sha256(data).hexdigest()
        said["lfs"] = {"sha256": sha256, "size": len(data), "pointerSize": 134}
    return said | repository.lie_about.get(path, {})


def _row(repository: Repository, path: str) -> dict[str, Any]:
    """A file as ModelScope lists it."""
    data = repository.files[path]
    sha256 = hashlib.sha256(data).hexdigest()
    row = {"Path": path, "Name": path.rpartition("/")[2], "Type": "blob", "Size": len(data)}
    return {**row, "Sha256": sha256} | repository.lie_about.get(path, {})


def _info(name: str, repository: Repository) -> dict[str, Any]:
    card = {} if repository.licence is None else {"license": repository.licence}
    return {
        "_id": "0",
        "id": name,
        "modelId": name,
        "sha": repository.commit,
        "private": False,
        "gated": "auto" if repository.gated else False,
        "disabled": False,
        "downloads": 0,
        "likes": 0,
        "tags": [],
        "cardData": card,
        "siblings": [_sibling(repository, path) for path in sorted(repository.files)],
    }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, hub: Hub, *arguments: Any) -> None:
        self._hub = hub
        super().__init__(*arguments)

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = self.path.partition("?")[0]
        token = self.headers.get("authorization")
        self._hub.asked.append(Asked(self.command, path, self.headers.get("range"), token))
        info = re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/(.+))?", path)
        file = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        scope = re.fullmatch(r"/api/v1/models/([^/]+/[^/]+)/repo(/files)?", path)
        if scope:
            self._as_modelscope(scope[1], listing=scope[2] is not None)
        elif path.startswith("/large/"):
            name, data = self._hub.by_sha256()[path.removeprefix("/large/")]
            self._send_file(name, data, {})
        elif info:
            found = self._find(info[1], info[2] or "main")
            if found is not None:
                self._send_json(_info(info[1], found))
        elif file:
            found = self._find(file[1], file[2])
            if found is not None:
                self._resolve(found, file[3])
        else:
            self._refuse(404, "")

    def _find(self, name: str, revision: str) -> Repository | None:
        repository = self._hub.repositories.get(name)
        if repository is None:
            self._refuse(401, "RepoNotFound")
            return None
        if repository.token and self.headers.get("authorization") != (f"Bearer {repository.token}"):
            self._refuse(401, "GatedRepo" if repository.gated else "RepoNotFound")
            return None
        if revision not in (repository.commit, *repository.branches):
            self._refuse(404, "RevisionNotFound")
            return None
        return repository

    def _resolve(self, repository: Repository, path: str) -> None:
        if path not in repository.files:
            self._refuse(404, "EntryNotFound")
            return
        data = repository.files[path]
        said = _sibling(repository, path)
        etag = said["lfs"]["sha256"] if "lfs" in said else said["blobId"]
        facts = {"X-Repo-Commit": repository.commit, "ETag": f'"{etag}"'}
        if len(data) < LARGE:
            self._send_file(path, data, facts)
            return
        self.send_response(302)
        large = f"{self._hub.far_url}/large/{hashlib.sha256(data).hexdigest()}"
        for name, value in {
            **facts,
            "X-Linked-Size": str(len(data)),
            "Location": large,
        }.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _as_modelscope(self, name: str, listing: bool) -> None:
        said = {key: values[0] for key, values in parse_qs(self.path.partition("?")[2]).items()}
        found = self._find(name, said["Revision"])
        if found is None:
            return
        if listing:
            files = [_row(found, path) for path in found.files]
            folders = [{"Path": "unet", "Type": "tree", "Size": 0, "Sha256": ""}]
            self._send_json({"Code": 200, "Success": True, "Data": {"Files": folders + files}})
        elif said["FilePath"] in found.files:
            self._send_file(said["FilePath"], found.files[said["FilePath"]], {})
        else:
            self._refuse(404, "")

    def _send_json(self, value: Any) -> None:
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _send_file(self, path: str, data: bytes, facts: dict[str, str]) -> None:
        wrong = self._hub.misdeed(path) or Misdeed()
        if wrong.status is not None:
            self._refuse(wrong.status, "", wrong.retry_after)
            return
        if wrong.flip is not None:
            data = data[: wrong.flip] + bytes([data[wrong.flip] ^ 1]) + data[wrong.flip + 1 :]
        data = (data + b"!")[: len(data) - wrong.shorten]
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("range", ""))
        first = int(asked[1]) if asked and not wrong.no_ranges else 0
        body = data[first:]
        self.send_response(206 if first else 200)
        for name, value in facts.items():
            self.send_header(name, value)
        if first:
            total = "*" if wrong.unsaid else len(data)
            self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{total}")
        if wrong.unsaid:
            self.close_connection = True
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self._send_body(body, wrong)

    def _send_body(self, body: bytes, wrong: Misdeed) -> None:
        if wrong.hold_after is not None:
            self.wfile.write(body[: wrong.hold_after])
            self.wfile.flush()
            self._hub.held.set()
            self._hub.released.wait(60)
            body = body[wrong.hold_after :]
        if wrong.cut_after is not None:
            self.wfile.write(body[: wrong.cut_after])
            self.close_connection = True
            return
        self.wfile.write(body)

    def _refuse(self, status: int, code: str, retry_after: str | None = None) -> None:
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
            self.send_header("X-Error-Message", code)
        if retry_after is not None:
            self.send_header("Retry-After", retry_after)
        self.send_header("Content-Length", "0")
        self.end_headers()
