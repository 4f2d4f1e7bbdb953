"""One digest for all files of a model: what a recipe names, and two machines compare.

Computed from the sha256 of each file as the lock has it; what was not hashed before is not here.
"""

import hashlib
from collections.abc import Iterable, Sequence

from pipelines.weights.lock import LockedFile


def digest_of(files: Iterable[LockedFile], also: Sequence[str] = ()) -> str:
    """The sha256 of what `sha256sum` prints of the files, in the order of their paths.

    `also` is what else makes the pictures, such as how strongly a file is applied. Empty where the
    sha256 of a file is not known.
    """
    known = sorted(files, key=lambda file: file.path.encode())
    if not known or any(file.sha256 is None for file in known):
        return ""
    lines = [*(f"{file.sha256}  {file.path}" for file in known), *also]
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()
