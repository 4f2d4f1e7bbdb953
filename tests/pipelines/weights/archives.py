"""What tests read of an archive, with Python's own reader."""

import hashlib
import tarfile
from pathlib import Path

from pipelines.weights.archive import CONTENTS


def members(archive: Path) -> list[tuple[str, bytes]]:
    """Every member with its bytes."""
    with tarfile.open(archive) as tar:
        return [(m.name, tar.extractfile(m).read()) for m in tar.getmembers()]  # type: ignore[union-attr]


def fingerprint(archive: Path) -> str:
    return hashlib.sha256(dict(members(archive))[CONTENTS]).hexdigest()
