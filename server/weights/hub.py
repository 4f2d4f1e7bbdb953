"""Resolves what weights.toml wants: branch to commit, patterns to files, files to sizes and hashes.

The hub says the sha256 of large files. Small ones it knows by their git blob only, so they are
fetched, compared with that and hashed here. What was locked before must come out the same.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase

import httpx2
from huggingface_hub import HfApi, get_session, hf_hub_url
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import ModelInfo, RepoSibling

from pipelines.weights.errors import LockBroken, SourceFailed, Tampered
from pipelines.weights.intent import Wanted
from pipelines.weights.lock import LockedFile, LockedWeights
from pipelines.weights.names import check_paths, is_commit, is_sha256
from server.weights.mirrors import compare_mirror
from server.weights.sources import check_status, hub_headers

_TIMEOUT_S = 30.0
_MOST_SMALL_BYTES = 64 << 20
"""The hub keeps larger files as LFS, and knows their sha256."""
_SPDX = {
    "apache-2.0": "Apache-2.0",
    "mit": "MIT",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "cc0-1.0": "CC0-1.0",
    "cc-by-4.0": "CC-BY-4.0",
}
"""The hub's ids of licences that allow commercial use without conditions of their own."""
_LICENCE_FILE = re.compile(r"(licen[cs]e|copying)(\.(md|txt))?", re.IGNORECASE)


class Hub:
    """The hub that HF_ENDPOINT names."""

    def __init__(self) -> None:
        self._headers = hub_headers()
        self._api = HfApi(headers={"user-agent": self._headers["user-agent"]})

    def resolve(self, wanted: Wanted, before: LockedWeights | None, upgrade: bool) -> LockedWeights:
        """Everything a lock says about some weights.

        The commit stays what it was unless `upgrade`; hashes known before must be the hub's.
        Raises: SourceFailed, LockBroken, UnsafePath, Tampered.
        """
        revision = _revision(wanted, before, upgrade)
        with _named_faults(wanted):
            info = self._api.model_info(
                wanted.repository, revision=revision, files_metadata=True, timeout=_TIMEOUT_S
            )
        commit = info.sha or ""
        if not is_commit(commit) or (is_commit(revision) and commit != revision):
            raise SourceFailed(f"{wanted.id}: asked for {revision}, the hub has {commit or None!r}")
        licence_file, chosen = _choose(wanted, info.siblings or ())
        known = before.by_path if before is not None and before.revision == commit else {}
        files = tuple(self._lock_file(wanted, commit, one) for one in chosen)
        for file in files:
            _compare(wanted, file, known.get(file.path))
        for text in wanted.mirrors:
            compare_mirror(wanted.id, text, files)
        licence = _licence(wanted, info)
        free = wanted.commercial_use
        return LockedWeights(
            id=wanted.id,
            repo=wanted.repo,
            revision=commit,
            branch=None if is_commit(wanted.revision) else wanted.revision,
            licence=licence,
            licence_file=licence_file,
            mirrors=wanted.mirrors,
            commercial_use=licence in _SPDX.values() if free is None else free,
            gated=bool(info.gated),
            profiles=wanted.profiles,
            allow_patterns=wanted.allow_patterns,
            files=tuple(sorted(files, key=lambda file: file.path.encode())),
        )

    def _lock_file(self, wanted: Wanted, commit: str, one: RepoSibling) -> LockedFile:
        if one.lfs is not None:
            if not is_sha256(one.lfs.sha256):
                raise SourceFailed(f"{wanted.id}: the hub says no sha256 of {one.rfilename}")
            return LockedFile(one.rfilename, one.lfs.size, one.lfs.sha256)
        size = one.size or 0
        if size > _MOST_SMALL_BYTES:
            raise SourceFailed(
                f"{wanted.id}: {one.rfilename} has {size:,} bytes, but the hub says no sha256 of it"
            )
        data = self._read_small(wanted, commit, one)
        blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
        if blob != one.blob_id or len(data) != size:
            raise Tampered(
                f"{wanted.id}: {one.rfilename} came as git blob {blob} of {len(data):,} bytes; "
                f"the hub lists {one.blob_id} of {size:,}"
            )
        return LockedFile(one.rfilename, size, hashlib.sha256(data).hexdigest())

    def _read_small(self, wanted: Wanted, commit: str, one: RepoSibling) -> bytes:
        url = hf_hub_url(wanted.repository, one.rfilename, revision=commit)
        headers = {**self._headers, "Accept-Encoding": "identity"}
        with (
            _named_faults(wanted),
            get_session().stream("GET", url, headers=headers, timeout=_TIMEOUT_S) as answer,
        ):
            check_status(answer, f"{wanted.id}: {one.rfilename}")
            data = bytearray()
            for piece in answer.iter_bytes():
                data += piece
                if len(data) > (one.size or 0):
                    break
        return bytes(data)


def describes(before: LockedWeights, wanted: Wanted) -> bool:
    """Whether a lock is of what weights.toml asks for, as far as it is locked."""
    return (
        before.repo == wanted.repo
        and before.allow_patterns == wanted.allow_patterns
        and before.profiles == wanted.profiles
        and before.mirrors == wanted.mirrors
        and (before.revision is None or _is_of_revision(before, wanted))
        and wanted.licence in (None, before.licence)
        and wanted.commercial_use in (None, before.commercial_use)
    )


def _is_of_revision(before: LockedWeights, wanted: Wanted) -> bool:
    if is_commit(wanted.revision):
        return before.revision == wanted.revision
    return before.branch == wanted.revision


def _revision(wanted: Wanted, before: LockedWeights | None, upgrade: bool) -> str:
    if upgrade or before is None or before.repo != wanted.repo:
        return wanted.revision
    return (
        before.revision if before.revision and _is_of_revision(before, wanted) else wanted.revision
    )


def _choose(wanted: Wanted, there: Sequence[RepoSibling]) -> tuple[str | None, list[RepoSibling]]:
    """The licence file and all files that are to be locked."""
    chosen: dict[str, RepoSibling] = {}
    for pattern in wanted.allow_patterns:
        matching = {one.rfilename: one for one in there if fnmatchcase(one.rfilename, pattern)}
        if not matching:
            raise LockBroken(f"{wanted.id}: {pattern!r} matches no file of {wanted.repo}")
        chosen |= matching
    licences = sorted(one.rfilename for one in there if _LICENCE_FILE.fullmatch(one.rfilename))
    for one in there:
        if licences and one.rfilename == licences[0]:
            chosen[one.rfilename] = one
    check_paths(chosen)
    return (licences[0] if licences else None), list(chosen.values())


def _compare(wanted: Wanted, file: LockedFile, known: LockedFile | None) -> None:
    if known is None:
        return
    same_size = known.size in (None, file.size)
    if not same_size or known.sha256 not in (None, file.sha256):
        raise Tampered(
            f"{wanted.id}: the hub has {file.path} with {file.size:,} bytes and sha256 "
            f"{file.sha256}; weights.lock has {known.size} and {known.sha256} for the same commit"
        )


def _licence(wanted: Wanted, info: ModelInfo) -> str:
    if wanted.licence is not None:
        return wanted.licence
    card = info.card_data
    said = None if card is None else card.get("license")
    if said == "other" and card is not None:
        said = card.get("license_name") or said
    if not isinstance(said, str):
        raise LockBroken(
            f'{wanted.id}: {wanted.repo} names no licence; write license = "..." into weights.toml'
        )
    return _SPDX.get(said.lower(), f"LicenseRef-{re.sub('[^A-Za-z0-9.-]+', '-', said).strip('-')}")


@contextmanager
def _named_faults(wanted: Wanted) -> Iterator[None]:
    """Say what the hub's refusals mean for whoever runs the command."""
    try:
        yield
    except GatedRepoError as error:
        raise SourceFailed(
            f"{wanted.id}: {wanted.repo} is gated: accept its terms on its page and set HF_TOKEN"
        ) from error
    except RevisionNotFoundError as error:
        raise SourceFailed(
            f"{wanted.id}: {wanted.repo} has no revision {wanted.revision!r}; was it renamed?"
        ) from error
    except RepositoryNotFoundError as error:
        raise SourceFailed(
            f"{wanted.id}: {wanted.repo} does not exist, or wants a token (HF_TOKEN)"
        ) from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        raise SourceFailed(f"{wanted.id}: the hub answers with status {status}") from error
    except OfflineModeIsEnabled as error:
        raise SourceFailed(f"{wanted.id}: HF_HUB_OFFLINE is set; a lock needs the hub") from error
    except httpx2.TransportError as error:
        raise SourceFailed(
            f"{wanted.id}: no connection to the hub ({error or type(error).__name__}); "
            f"HF_ENDPOINT names a mirror"
        ) from error
