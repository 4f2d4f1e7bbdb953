"""Where weights come from over the network: the hub, ModelScope, a store on any web server.

None of them is trusted; the lock has every hash.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from urllib.parse import quote, urlencode

import httpx2
from huggingface_hub import constants, get_session, hf_hub_url
from huggingface_hub.errors import OfflineModeIsEnabled
from huggingface_hub.utils._headers import build_hf_headers

from pipelines.weights.errors import SourceBusy, SourceCut, SourceFailed
from pipelines.weights.lock import LockedFile, LockedWeights
from pipelines.weights.names import Mirror, mirror
from pipelines.weights.receive import Source

_TIMEOUT = httpx2.Timeout(10.0)
"""Seconds without a byte after which a connection counts as cut: a new one goes on from there.
Ctrl-C waits for as long at most."""
_BUSY = frozenset({408, 429, 500, 502, 503, 504})


def hub_headers() -> dict[str, str]:
    """Who asks, and the token of the environment if there is one."""
    version = metadata.version("seedbed")
    return dict(build_hf_headers(library_name="seedbed", library_version=version))


class HubSource:
    """The hub, or the mirror that HF_ENDPOINT names; of the weights' own repository unless said."""

    def __init__(self, mirror: Mirror | None = None) -> None:
        self._mirror = mirror

    @property
    def name(self) -> str:
        if self._mirror is None:
            return str(constants.ENDPOINT)
        return f"{constants.ENDPOINT}/{self._mirror.place}"

    @contextmanager
    def open(
        self, entry: LockedWeights, file: LockedFile, offset: int
    ) -> Iterator[Iterator[bytes]]:
        """Raises: SourceFailed, SourceBusy, SourceCut."""
        own = Mirror("hf", entry.repo.removeprefix("hf://"), entry.commit)
        place = self._mirror or own
        url = hf_hub_url(place.place, file.path, revision=place.commit)
        with _stream(url, hub_headers(), f"{entry.id}: {file.path}", offset, file.bytes) as pieces:
            yield pieces


class ModelScopeSource:
    """A repository of ModelScope, or of whatever MODELSCOPE_ENDPOINT names."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror

    @property
    def name(self) -> str:
        return f"{modelscope()}/models/{self._mirror.place}"

    @contextmanager
    def open(
        self, entry: LockedWeights, file: LockedFile, offset: int
    ) -> Iterator[Iterator[bytes]]:
        """Raises: SourceFailed, SourceBusy, SourceCut."""
        query = urlencode({"Revision": self._mirror.commit, "FilePath": file.path})
        url = f"{modelscope()}/api/v1/models/{self._mirror.place}/repo?{query}"
        with _stream(url, {}, f"{entry.id}: {file.path}", offset, file.bytes) as pieces:
            yield pieces


def modelscope() -> str:
    """The address of ModelScope."""
    return os.environ.get("MODELSCOPE_ENDPOINT", "https://modelscope.cn").rstrip("/")


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


def hub_and_mirrors(entry: LockedWeights) -> tuple[Source, ...]:
    """Everybody who has some weights, in the order in which they are asked."""
    return (HubSource(), *(_source(mirror(text)) for text in entry.mirrors))


def _source(place: Mirror) -> Source:
    if place.scheme == "hf":
        return HubSource(place)
    return ModelScopeSource(place) if place.scheme == "modelscope" else MirrorSource(place.place)


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
    except (httpx2.UnsupportedProtocol, httpx2.InvalidURL, httpx2.TooManyRedirects) as error:
        raise SourceFailed(f"{what}: {url} cannot be asked ({error})") from error
    except httpx2.RequestError as error:
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
