"""Where weights and their lock are on this machine, from the settings."""

from dataclasses import dataclass
from pathlib import Path

import pipelines
from pipelines.weights.errors import LockBroken
from pipelines.weights.lock import Lock, LockedWeights, read_lock
from pipelines.weights.store import Store

LOCK_NAME = "weights.lock"
INTENT_NAME = "weights.toml"


@dataclass(frozen=True, slots=True)
class Place:
    """The store, the lock and what the operator accepted."""

    store: Store
    lock_file: Path
    accepted: frozenset[str]
    own_lock_file: Path = Path(LOCK_NAME)
    """Where commands write this site's lock: never over the one that comes with seedbed."""

    @property
    def intent_file(self) -> Path:
        """weights.toml lies beside weights.lock."""
        return self.lock_file.with_name(INTENT_NAME)

    @property
    def own_intent_file(self) -> Path:
        """weights.toml beside this site's own lock."""
        return self.own_lock_file.with_name(INTENT_NAME)

    def lock(self) -> Lock:
        """Raises: LockBroken."""
        if not self.lock_file.is_file():
            raise LockBroken(
                f"there is no {self.lock_file}; `seedbed weights lock` writes it from {INTENT_NAME}"
            )
        return read_lock(self.lock_file)

    def chosen(
        self, ids: list[str] | None, profile: str | None, everything: bool
    ) -> tuple[LockedWeights, ...] | None:
        """The weights somebody named, in the order of the lock; None when nothing was said.

        Raises: LockBroken: for a name that is not in the lock.
        """
        lock = self.lock()
        if not (ids or profile or everything):
            return None
        picked = {lock.get(name).id for name in ids or ()}
        if profile:
            picked |= {entry.id for entry in lock.of_profile(profile)}
        return tuple(entry for entry in lock.weights if everything or entry.id in picked)


def place(data_dir: Path, weights_lock: Path | None, accept_licences: str) -> Place:
    """The place that the settings describe."""
    words = (word.strip() for word in accept_licences.split(","))
    return Place(
        Store(data_dir / "weights"),
        _lock_file(weights_lock),
        frozenset(word for word in words if word),
        weights_lock or Path(LOCK_NAME),
    )


def _lock_file(said: Path | None) -> Path:
    here = Path(LOCK_NAME)
    if said is not None:
        return said
    if here.is_file() or Path(INTENT_NAME).is_file():
        return here
    return Path(pipelines.__path__[0]).parent / LOCK_NAME
