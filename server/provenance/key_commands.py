"""What is behind `seedbed watermark rotate-key`: a new key of the mark, and what it means.

Takes no lock: a running server goes on with the keys that it began with.
"""

from pathlib import Path

from pipelines.errors import StorageFailure
from server.provenance.keys import FOLDER, make_key, read_keys
from server.terminal import CommandError, results_console


def rotate_key(data_dir: Path) -> None:
    """Make a key and say what that means. Raises: CommandError."""
    try:
        older = read_keys(data_dir)
        made = make_key(data_dir)
    except StorageFailure as error:
        raise CommandError(error.message) from error
    console = results_console()
    console.print(f"made the key {made.name} in {data_dir / FOLDER}", markup=False)
    if older:
        names = ", ".join(key.name for key in older)
        console.print(f"older keys stay, and what they marked is recognised: {names}", markup=False)
    console.print("a server marks with it from its next start on", markup=False)
    console.print(
        "keep a copy of it in a safe place: without its key a mark is never recognised again",
        markup=False,
    )
