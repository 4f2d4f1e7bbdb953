"""Finds the networks that finish pictures: files that the operator named, else fetched weights."""

from collections.abc import Iterable
from pathlib import Path

from pipelines.companions import Companions, find_companions
from pipelines.errors import GenerationError
from pipelines.weights.errors import WeightsError
from server.terminal import CommandError
from server.weights.place import Place

UPSCALERS = ("realesrgan-x2plus", "realesrgan-x4plus")
MATTING = "birefnet"
"""Their ids in weights.lock."""


def build_companions(upscalers: str, matting: Path | None, place: Place) -> Companions:
    """What this machine has; `upscalers` names files, comma separated.

    Raises: CommandError: a file is not what it should be.
    """
    files = [Path(name.strip()).expanduser() for name in upscalers.split(",") if name.strip()]
    named = {file.stem.lower().replace("_", "-"): file for file in files}
    try:
        fetched = _fetched((*UPSCALERS, MATTING), place)
        enlarging = named or {name: fetched[name] for name in UPSCALERS if name in fetched}
        return find_companions(enlarging, matting or fetched.get(MATTING))
    except (GenerationError, WeightsError) as error:
        raise CommandError(str(error)) from error


def _fetched(names: Iterable[str], place: Place) -> dict[str, Path]:
    """The weights' one file each, of those that are here."""
    if not place.lock_file.is_file():
        return {}
    entries = {entry.id: entry for entry in place.lock().weights}
    found = {}
    for name in names:
        entry = entries.get(name)
        folder = None if entry is None else place.store.usable_folder(entry)
        if folder is not None:
            found[name] = next(folder.rglob("*.safetensors"))
    return found
