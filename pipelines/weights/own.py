"""What the weights of the embedded model are, to the byte: `python -m pipelines.weights.own`.

They ship with seedbed, so no lock lists them; `seedbed weights verify` compares them all the same.
The command, run after a training, takes their sizes and hashes into `own_files.py`.
"""

from collections.abc import Iterable
from pathlib import Path

from pipelines.weights import own_files
from pipelines.weights.lock import LockedFile, LockedWeights
from pipelines.weights.marks import sha256_of

EMBEDDED_FOLDER = Path(__file__).parents[1] / "embedded" / "weights"
TABLE = Path(own_files.__file__)
_HEAD = '''\
"""The files of the embedded model. Written by `python -m pipelines.weights.own`; do not edit."""

from pipelines.weights.lock import LockedFile

FILES = (
'''

EMBEDDED = LockedWeights(
    id="embedded",
    repo="",
    revision="shipped",
    licence="Apache-2.0",
    commercial_use=True,
    gated=False,
    profiles=(),
    allow_patterns=(),
    files=own_files.FILES,
)


def files_in(folder: Path) -> tuple[LockedFile, ...]:
    """Every file of a folder as it is now, in the order of their paths."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return tuple(
        LockedFile(path.relative_to(folder).as_posix(), path.stat().st_size, sha256_of(path))
        for path in paths
    )


def render(files: Iterable[LockedFile]) -> str:
    """The text of `own_files.py` for these files."""
    rows = (
        f'    LockedFile(\n        "{file.path}",\n        {file.bytes:_},\n'
        f'        "{file.sha256}",\n    ),\n'
        for file in files
    )
    return _HEAD + "".join(rows) + ")\n"


def main() -> None:
    TABLE.write_text(render(files_in(EMBEDDED_FOLDER)))


if __name__ == "__main__":
    main()
