"""Finds the networks that finish pictures: files that the operator named, else fetched weights."""

from collections.abc import Iterable
from pathlib import Path

from pipelines.companions import Companions, find_companions
from pipelines.errors import GenerationError
from pipelines.stand_ins import only_file
from pipelines.weights.errors import WeightsError
from pipelines.weights.licences import acceptance
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
    named: dict[str, Path] = {}
    for file in files:
        name = file.stem.lower().replace("_", "-")
        if name in named:
            raise CommandError(f"upscalers: {name}: two files have this name; rename one")
        named[name] = file
    try:
        fetched = _fetched((*UPSCALERS, MATTING), place)
        enlarging = named or {name: fetched[name] for name in UPSCALERS if name in fetched}
        return find_companions(enlarging, matting or fetched.get(MATTING))
    except (GenerationError, WeightsError) as error:
        raise CommandError(str(error)) from error


def _fetched(names: Iterable[str], place: Place) -> dict[str, Path]:
    """The weights' one file each, of those that are here.

    Raises: LicenceNotAccepted, LockBroken, ModelBroken.
    """
    if not place.lock_file.is_file():
        return {}
    entries = {entry.id: entry for entry in place.lock().weights}
    found = {}
    for name in names:
        entry = entries.get(name)
        folder = None if entry is None else place.store.usable_folder(entry)
        if entry is not None and folder is not None:
            acceptance(entry, place.accepted)
            found[name] = only_file(folder)
    return found
