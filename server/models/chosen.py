"""What a setting of the form off, fetched or FOLDER means on this machine."""

from collections.abc import Sequence
from pathlib import Path

from pipelines.errors import ModelBroken
from pipelines.weights.errors import WeightsError
from pipelines.weights.licences import acceptance
from server.terminal import CommandError
from server.weights.place import Place

OFF = "off"
FETCHED = "fetched"


def chosen_folder(
    setting: str, chosen: str, weights: Sequence[str], what: str, place: Place
) -> Path | None:
    """The folder that a setting chooses; of these weights the first that are here. None for off.

    Raises: CommandError: it is not here. Nothing is served then: who wants it must not go without.
    """
    if chosen == OFF:
        return None
    if chosen == FETCHED:
        return _fetched(setting, weights, place)
    folder = Path(chosen).expanduser()
    if not folder.is_dir():
        raise CommandError(
            f"{setting}={chosen}: there is no such folder; {OFF}, {FETCHED} or the folder of {what}"
        )
    return folder


def _fetched(setting: str, weights: Sequence[str], place: Place) -> Path:
    first = weights[0]
    try:
        entries = {entry.id: entry for entry in place.lock().weights}
        here = (entries[name] for name in weights if name in entries)
        for entry in (entry for entry in here if entry.unlocked is None):
            folder = place.store.usable_folder(entry)
            if folder is not None:
                acceptance(entry, place.accepted)
                return folder
        place.lock().get(first).require_locked()
    except (WeightsError, ModelBroken) as error:
        raise CommandError(f"{setting}={FETCHED}: {error}") from error
    raise CommandError(
        f"{setting}={FETCHED}: the weights are not here; "
        f"`seedbed weights fetch {first}` brings them"
    )
