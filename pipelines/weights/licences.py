"""Under which licence weights come, and whether the operator has to accept it first.

Weights that may be used commercially and are not gated need no acceptance. Knows no legal text.
"""

from pipelines.weights.errors import LicenceNotAccepted
from pipelines.weights.lock import LockedWeights

FREE = "no acceptance needed"
"""What is recorded for weights that anybody may use."""


def needs_acceptance(entry: LockedWeights) -> bool:
    return entry.gated or not entry.commercial_use


def acceptance(entry: LockedWeights, accepted: frozenset[str]) -> str:
    """How the licence of some weights came to be accepted, in the words of the record.

    `accepted` holds licence ids, with or without LicenseRef-, or ids of weights.
    Raises: LicenceNotAccepted: saying what to write where.
    """
    if not needs_acceptance(entry):
        return FREE
    names = {entry.id, entry.licence.casefold(), short(entry.licence)}
    words = {word.casefold() for word in accepted}
    if found := names & words:
        return f"accepted as {min(found)}"
    why = "may not be used commercially" if not entry.commercial_use else "are gated"
    raise LicenceNotAccepted(
        f"{entry.id} comes under {entry.licence}: these weights {why}. Read the licence at "
        f'{page(entry)}; who accepts it writes accept_licences = "{short(entry.licence)}" into '
        f"seedbed.toml or SEEDBED_ACCEPT_LICENCES"
    )


def short(licence: str) -> str:
    """A licence as an operator writes it: LicenseRef-Qwen-Research is qwen-research."""
    return licence.casefold().removeprefix("licenseref-")


def page(entry: LockedWeights) -> str:
    """Where people read about the weights."""
    return f"https://huggingface.co/{entry.repo.removeprefix('hf://')}"
