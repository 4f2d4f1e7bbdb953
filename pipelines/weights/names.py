"""Which ids, repositories and file names are allowed. What could leave a folder or run code is not.

Pure rules about texts; nothing is read.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from pipelines.weights.errors import LockBroken, UnsafePath

FORBIDDEN_SUFFIXES = frozenset(
    {".bin", ".ckpt", ".pt", ".pth", ".pkl", ".pickle", ".joblib", ".dill"}
    | {".py", ".pyc", ".so", ".dll", ".dylib"}
)
"""Pickles, and code: loading one can run whatever its author liked."""
UNFINISHED_SUFFIXES = (".incomplete", ".part")

_MAX_PATH = 400
_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+ -]{0,199}")
_WORD = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_REPOSITORY = re.compile(r"hf://([A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9][A-Za-z0-9_.-]*)")
_MIRROR = re.compile(
    r"(hf|modelscope)://([A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9][A-Za-z0-9_.-]*)@([0-9a-f]{40})"
)
_STORE = re.compile(r"https?://[A-Za-z0-9\[][^\s?#@]*")
_PATTERN = re.compile(r"[A-Za-z0-9_.*?\[\]!+ -]+(/[A-Za-z0-9_.*?\[\]!+ -]+)*")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]*")


@dataclass(frozen=True, slots=True)
class Mirror:
    """Another place that has the same bytes."""

    scheme: str
    """hf or modelscope; http and https for a copy of a store behind any web server."""
    place: str
    """owner/name, or the whole address of a store."""
    commit: str = ""
    """The place's own, which need not be the repository's. Empty for a store."""


def check_path(path: str) -> str:
    """A path below a folder of weights, as it is.

    Raises: UnsafePath: it leaves the folder, is no plain name, or could run code when loaded.
    """
    segments = path.split("/")
    if len(path) > _MAX_PATH or not all(_SEGMENT.fullmatch(segment) for segment in segments):
        raise UnsafePath(
            f"{path[:_MAX_PATH]!r} is not a safe file name: allowed are relative paths of letters, "
            f"digits and _.+- with / between them, no part beginning with a dot"
        )
    if PurePosixPath(path.lower()).suffix in FORBIDDEN_SUFFIXES:
        raise UnsafePath(f"{path!r} could run code when loaded; only safetensors are taken")
    if path.endswith(UNFINISHED_SUFFIXES):
        raise UnsafePath(f"{path!r} is named like an unfinished download")
    return path


def check_paths(paths: Iterable[str]) -> None:
    """Refuse paths of one folder that cannot lie in it together.

    Raises: UnsafePath.
    """
    seen: set[str] = set()
    folders: set[str] = set()
    for path in paths:
        check_path(path)
        folded = path.casefold()
        if folded in seen:
            raise UnsafePath(f"{path!r} occurs twice, or differs from another one in case only")
        seen.add(folded)
        folders.update(str(parent) for parent in PurePosixPath(folded).parents)
    for path in sorted(seen & folders):
        raise UnsafePath(f"{path!r} cannot be a file and a folder")


def check_id(word: str, what: str) -> str:
    """An id or a profile: lower case, digits, dots and hyphens. Raises: LockBroken."""
    if not _WORD.fullmatch(word) or ".." in word:
        raise LockBroken(f"{what} {word!r} must be lower-case letters, digits, dots and hyphens")
    return word


def check_pattern(pattern: str) -> str:
    """A pattern of file names, as in "vae/*". Raises: UnsafePath."""
    if not _PATTERN.fullmatch(pattern) or ".." in pattern:
        raise UnsafePath(f"allow-patterns: {pattern!r} is not a pattern of relative paths")
    return pattern


def repository_name(address: str) -> str:
    """The owner/name of an hf:// address. Raises: LockBroken."""
    found = _REPOSITORY.fullmatch(address)
    if found is None or ".." in address:
        raise LockBroken(f"repo {address!r} must be hf://owner/name")
    return found[1]


def mirror(text: str) -> Mirror:
    """What a text of `mirrors` means. Raises: LockBroken."""
    if found := _MIRROR.fullmatch(text):
        scheme, place, commit = found.groups()
        if ".." not in place:
            return Mirror(scheme, place, commit)
    if _STORE.fullmatch(text):
        return Mirror(text.partition(":")[0], text.rstrip("/"))
    raise LockBroken(
        f"mirror {text!r} must be modelscope://owner/name@commit or hf://owner/name@commit with 40 "
        f"hexadecimal digits, or the http address of a store"
    )


def check_mirror(text: str) -> str:
    """The text of a mirror, as it is. Raises: LockBroken."""
    mirror(text)
    return text


def check_revision(text: str) -> str:
    """A commit, branch or tag. Raises: LockBroken."""
    if not _REVISION.fullmatch(text) or ".." in text:
        raise LockBroken(f"revision {text!r} is not a commit, branch or tag")
    return text


def is_commit(text: str) -> bool:
    return _COMMIT.fullmatch(text) is not None


def is_sha256(text: str) -> bool:
    return _SHA256.fullmatch(text) is not None
