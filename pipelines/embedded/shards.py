"""Carries a folder in files of at most 16 MB, and joins them again.

    python -m pipelines.embedded.shards split FOLDER INTO
    python -m pipelines.embedded.shards join FROM FOLDER

The parts are one archive, cut; `parts.json` beside them lists each part's size and SHA-256. Joining
checks every part before it writes anything.
"""

import argparse
import hashlib
import io
import json
import shutil
import sys
import tarfile
from pathlib import Path

PART = 16_000_000
"""Bytes in a part, at most."""
_LIST = "parts.json"


class BrokenParts(Exception):
    """Parts that are not what their list says."""


def split(folder: Path, into: Path, part: int = PART) -> list[Path]:
    """Write a folder as parts, replacing those of an earlier time; returns the parts."""
    into.mkdir(parents=True, exist_ok=True)
    archive = _packed(folder)
    pieces = [archive[start : start + part] for start in range(0, len(archive), part)]
    named = {f"part-{number:03d}": piece for number, piece in enumerate(pieces)}
    listed = [
        {"name": name, "bytes": len(piece), "sha256": hashlib.sha256(piece).hexdigest()}
        for name, piece in named.items()
    ]
    _replace_all(into, {**named, _LIST: (json.dumps(listed, indent=1) + "\n").encode()})
    for leftover in into.glob("part-*"):
        if leftover.name not in named:
            leftover.unlink()
    return [into / name for name in named]


def join(source: Path, folder: Path) -> None:
    """Write the folder that was split, replacing it.

    Raises: BrokenParts: when a part is missing or differs from its entry in the list.
    """
    archive = b"".join(_checked(source, one) for one in _listed(source))
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        packed.extractall(fresh, filter="data")
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def _listed(source: Path) -> list[dict[str, str]]:
    path = source / _LIST
    if not path.exists():
        raise BrokenParts(f"{source} has no {_LIST}: it is not a folder that was split into")
    listed: list[dict[str, str]] = json.loads(path.read_text())
    return listed


def _checked(source: Path, entry: dict[str, str]) -> bytes:
    path = source / entry["name"]
    if not path.exists():
        raise BrokenParts(f"{path} is missing")
    piece = path.read_bytes()
    digest = hashlib.sha256(piece).hexdigest()
    if digest != entry["sha256"]:
        raise BrokenParts(
            f"{path} is not the part that {_LIST} lists: its SHA-256 is {digest}, not "
            f"{entry['sha256']}"
        )
    return piece


def _packed(folder: Path) -> bytes:
    """The folder as an archive that depends on its files' names and bytes alone."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = tarfile.TarInfo(path.relative_to(folder).as_posix())
            entry.size = path.stat().st_size
            with path.open("rb") as file:
                archive.addfile(entry, file)
    return buffer.getvalue()


def _replace_all(folder: Path, files: dict[str, bytes]) -> None:
    """Put all new files in place at once: a command killed while it writes leaves the old ones."""
    unfinished = {name: folder / f".{name}" for name in files}
    for name, content in files.items():
        unfinished[name].write_bytes(content)
    for name, path in unfinished.items():
        path.replace(folder / name)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m pipelines.embedded.shards", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("what", choices=("split", "join"))
    parser.add_argument("source", type=Path)
    parser.add_argument("into", type=Path)
    asked = parser.parse_args(arguments)
    try:
        if asked.what == "split":
            split(asked.source, asked.into)
        else:
            join(asked.source, asked.into)
    except BrokenParts as error:
        sys.stderr.write(f"shards: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
