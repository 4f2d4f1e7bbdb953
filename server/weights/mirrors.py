"""Compares what a mirror lists with what is being locked, before anybody counts on it.

Downloads are compared with the lock whatever a mirror lists; this finds a wrong commit early.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
from huggingface_hub import HfApi, get_session
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

from pipelines.weights.errors import SourceFailed, Tampered
from pipelines.weights.lock import LockedFile
from pipelines.weights.names import Mirror, mirror
from server.weights.sources import check_status, modelscope

_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class _Listed:
    """What a mirror says of a file; None where it says nothing. Units: bytes."""

    size: int | None
    sha256: str | None


def compare_mirror(entry_id: str, text: str, files: Iterable[LockedFile]) -> None:
    """Raises: Tampered: a file differs or is missing. SourceFailed: the mirror does not answer."""
    place = mirror(text)
    if not place.commit:
        return  # a plain web server lists nothing
    try:
        listed = _LISTS[place.scheme](entry_id, place)
    except (httpx2.TransportError, HfHubHTTPError, OfflineModeIsEnabled) as error:
        why = str(error) or type(error).__name__
        raise SourceFailed(f"{entry_id}: the mirror {text} does not answer: {why}") from error
    for file in files:
        found = listed.get(file.path)
        if found is None:
            raise Tampered(f"{entry_id}: the mirror {text} does not have {file.path}")
        if found.size not in (None, file.size) or found.sha256 not in (None, file.sha256):
            raise Tampered(
                f"{entry_id}: the mirror {text} has {file.path} with {found.size} bytes and sha256 "
                f"{found.sha256}; to be locked are {file.size} and {file.sha256}"
            )


def _on_the_hub(_entry_id: str, place: Mirror) -> Mapping[str, _Listed]:
    info = HfApi().model_info(
        place.place, revision=place.commit, files_metadata=True, timeout=_TIMEOUT_S
    )
    return {
        one.rfilename: _Listed(one.size, None if one.lfs is None else one.lfs.sha256)
        for one in info.siblings or ()
    }


def _on_modelscope(entry_id: str, place: Mirror) -> Mapping[str, _Listed]:
    """It says the sha256 of small files too."""
    url = f"{modelscope()}/api/v1/models/{place.place}/repo/files"
    query = {"Revision": place.commit, "Recursive": "true"}
    answer = get_session().get(url, params=query, timeout=_TIMEOUT_S)
    check_status(answer, f"{entry_id}: the list of {place.place}")
    try:
        rows: list[dict[str, Any]] = answer.json()["Data"]["Files"]
        return {
            row["Path"]: _Listed(row.get("Size"), row.get("Sha256") or None)
            for row in rows
            if row.get("Type") != "tree"
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceFailed(f"{entry_id}: {url} answers with something unexpected") from error


_LISTS = {"hf": _on_the_hub, "modelscope": _on_modelscope}
