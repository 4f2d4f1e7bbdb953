"""Whether a folder of one network may be read: it is complete, and nothing in it could run code.

For networks that transformers reads by itself; a pipeline's folder is `pipelines.load`'s business.
"""

from pathlib import Path

from pipelines.errors import ModelBroken
from pipelines.weights.names import FORBIDDEN_SUFFIXES, UNFINISHED_SUFFIXES
from pipelines.weights.store import check_installed


def check_network(folder: Path, what: str) -> None:
    """Refuse what is not `what`, is not whole, or holds anything executable.

    A folder that `seedbed weights` installed must be what the lock says, without one file more.
    Raises: ModelBroken: naming the file.
    """
    if not (folder / "config.json").is_file():
        raise ModelBroken(f"{folder} is not {what}: config.json is missing")
    for file in sorted(folder.rglob("*")):
        if file.suffix in FORBIDDEN_SUFFIXES:
            raise ModelBroken(f"{file} could run code when loaded; only safetensors are read")
        if file.name.endswith(UNFINISHED_SUFFIXES):
            raise ModelBroken(f"{file} is an unfinished download")
    check_installed(folder)
