"""What one needs to verify pictures, read from a data folder without touching it.

Rule 1: nothing is made or changed: no key, no lock, no file beside the database.
Rule 2: what is not there, or cannot be read, is a note; the other layers are looked at.
"""

import logging
import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from pipelines.errors import StorageFailure
from pipelines.provenance.credentials import read_credentials
from pipelines.tilemark.mark import TileMark
from server.provenance.keys import MarkKey, read_keys
from server.provenance.registry import Known, known_of, rows_of
from server.provenance.seal import SealSettings, trust_of
from server.provenance.verifying import Examiner, ReadSeal, Seal
from server.store.database import FILE
from server.terminal import CommandError

_log = logging.getLogger(__name__)


class Archive:
    """Keys, roots and registry of a data folder. `with` closes the database."""

    def __init__(self, settings: SealSettings) -> None:
        self.notes: list[str] = []
        """What is missing, for a person."""
        self.damaged = False
        """Whether something is there that cannot be read, so that no mark found means even less."""
        self.examiner = Examiner(marks(self._keys(settings.data_dir)), self._roots(settings))
        self._engine = self._registry(settings.data_dir / FILE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._engine is not None:
            self._engine.dispose()

    def find(self, ids: Iterable[int]) -> list[Known]:
        """What the registry keeps under these ids; nothing where there is none."""
        if self._engine is None:
            return []
        try:
            with self._engine.connect() as connection:
                return [known_of(row) for row in connection.execute(rows_of(ids))]
        except SQLAlchemyError as error:
            self._fault(f"the registry cannot be asked: {getattr(error, 'orig', error)}")
            return []

    def _keys(self, data_dir: Path) -> tuple[MarkKey, ...]:
        try:
            keys = read_keys(data_dir)
        except StorageFailure as error:
            self._fault(error.message)
            return ()
        if not keys:
            self._note(f"{data_dir} has no key of the invisible mark: it is not looked for")
        return keys

    def _roots(self, settings: SealSettings) -> ReadSeal:
        try:
            return seal_reader(settings)
        except CommandError as error:
            self._fault(f"{error}; nobody's content credentials are trusted")
            return seal_reader(SealSettings(settings.data_dir))

    def _registry(self, file: Path) -> Engine | None:
        if not file.is_file():
            self._note(f"{file} is not there: nothing is known of single pictures")
            return None
        return _opened(file)

    def _fault(self, text: str) -> None:
        self.damaged = True
        self._note(text)

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def marks(keys: Iterable[MarkKey]) -> dict[str, TileMark]:
    """What reads the marks of each key, by the key's name, in the same order."""
    return {key.name: TileMark(key.secret) for key in keys}


def seal_reader(settings: SealSettings) -> ReadSeal:
    """What reads content credentials and trusts this site's alone, as its roots are at the time.

    Raises: CommandError.
    """
    trust = trust_of(settings)

    def read(data: bytes, form: str) -> Seal:
        nonlocal trust
        try:
            trust = trust_of(settings)
        except CommandError as error:
            _log.error("whom to trust is as it was before: %s", error)
        found = read_credentials(data, form, trust.anchors)
        foreign = trust.signers is not None and found.issuer not in trust.signers
        return replace(found, status="valid") if found.status == "trusted" and foreign else found

    return read


def _opened(file: Path) -> Engine:
    """A connection that leaves no trace, also when nobody runs the database.

    Beside a write-ahead log SQLite reads through that; without one it would make one, perhaps as a
    user whose files the server cannot write.
    """
    live = file.with_name(f"{file.name}-wal").exists()
    address = f"{file.absolute().as_uri()}?{'mode=ro' if live else 'immutable=1'}"
    return create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=StaticPool
    )
