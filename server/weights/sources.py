"""Where weights come from over the network: the hub, a mirror of it, a store on any web server.

None of them is trusted; the lock has every hash.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from urllib.parse import quote

import httpx2
from huggingface_hub import constants, get_session, hf_hub_url
from huggingface_hub.errors import OfflineModeIsEnabled
from huggingface_hub.utils._headers import build_hf_headers

from pipelines.weights.errors import SourceBusy, SourceCut, SourceFailed
from pipelines.weights.lock import LockedFile, LockedWeights

_TIMEOUT = httpx2.Timeout(10.0)
"""Seconds without a byte after which a connection counts as cut: a new one goes on from there.
Ctrl-C waits for as long at most."""
_BUSY = frozenset({408, 429, 500, 502, 503, 504})


def hub_headers() -> dict[str, str]:
    """Who asks, and the token of the environment if there is one."""
    version = metadata.version("seedbed")
    return dict(build_hf_headers(library_name="seedbed", library_version=version))


class HubSource:
    """The hub, or the mirror that HF_ENDPOINT names."""

    @property
    def name(self) -> str:
        return str(constants.ENDPOINT)

    @contextmanager
    def open(
        self, entry: LockedWeights, file: LockedFile, offset: int
    ) -> Iterator[Iterator[bytes]]:
        """Raises: SourceFailed, SourceBusy, SourceCut."""
        repository = entry.repo.removeprefix("hf://")
        url = hf_hub_url(repository, file.path, revision=entry.commit)
        with _stream(url, hub_headers(), f"{entry.id}: {file.path}", offset, file.bytes) as pieces:
            yield pieces


class MirrorSource:
    """A store behind any web server: <address>/<id>/<revision>/<path>."""

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")

    @property
    def name(self) -> str:
        return self._address

    @contextmanager
    def open(
        self, entry: LockedWeights, file: LockedFile, offset: int
    ) -> Iterator[Iterator[bytes]]:
        """Raises: SourceFailed, SourceBusy, SourceCut."""
        url = f"{self._address}/{entry.id}/{entry.commit}/{quote(file.path)}"
        with _stream(url, {}, f"{entry.id}: {file.path}", offset, file.bytes) as pieces:
            yield pieces


@contextmanager
def _stream(
    url: str, headers: Mapping[str, str], what: str, offset: int, size: int
) -> Iterator[Iterator[bytes]]:
    wanted = {**headers, "Accept-Encoding": "identity"}
    if offset:
        wanted["Range"] = f"bytes={offset}-"
    try:
        with get_session().stream("GET", url, headers=wanted, timeout=_TIMEOUT) as response:
            check_status(response, what)
            _check_size(response, what, size)
            yield _from_offset(response, offset, what)
    except httpx2.TransportError as error:
        raise SourceCut(f"{what}: {url} broke off ({error or type(error).__name__})") from error
    except OfflineModeIsEnabled as error:
        raise SourceFailed(f"{what}: HF_HUB_OFFLINE is set; say --offline --from FOLDER") from error


def check_status(response: httpx2.Response, what: str) -> None:
    """Raises: SourceBusy: later perhaps. SourceFailed: saying what would help."""
    status = response.status_code
    if status in (200, 206):
        return
    if status in _BUSY:
        raise SourceBusy(f"{what}: the source is busy ({status})", _retry_after_s(response))
    why = {
        401: "the source wants a token: set HF_TOKEN, and accept the terms on the model's page",
        403: "the source refuses: accept the terms on the model's page with the account of "
        "HF_TOKEN",
        404: "the source does not have it; was the revision renamed or the repository moved?",
        416: "the source has fewer bytes than are locked",
    }.get(status, "the source answers with something unexpected")
    raise SourceFailed(f"{what}: {why} (status {status} from {response.url})")


def _check_size(response: httpx2.Response, what: str, size: int) -> None:
    """Refuse a file of another size before it comes, where the source says its size."""
    ranged = response.headers.get("content-range", "").rpartition("/")[2]
    said = ranged if response.status_code == 206 else response.headers.get("content-length", "")
    if said.isdigit() and int(said) != size:
        raise SourceFailed(f"{what}: the source has {int(said):,} bytes, {size:,} are locked")


def _retry_after_s(response: httpx2.Response) -> float | None:
    said = response.headers.get("retry-after", "")
    return float(said) if said.isdigit() else None


def _from_offset(response: httpx2.Response, offset: int, what: str) -> Iterator[bytes]:
    """The bytes from `offset` on, whether or not the source knows ranges."""
    skip = offset
    if response.status_code == 206:
        said = response.headers.get("content-range", "")
        if not said.startswith(f"bytes {offset}-"):
            raise SourceFailed(f"{what}: asked from byte {offset}, the source sends {said!r}")
        skip = 0
    for piece in response.iter_bytes():
        if skip < len(piece):
            yield piece[skip:]
        skip = max(0, skip - len(piece))
