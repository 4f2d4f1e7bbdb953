"""Brings a database of an older version to this one: `seedbed db upgrade`.

Rule 1: a copy of the old one is made first.
Rule 2: all steps are one transaction: the database is of the old version or of the new one.
"""

import sqlite3
import time
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from pipelines.errors import StorageFailure
from server.store.database import FILE, REVISIONS, at_once, claim, open_engine
from server.terminal import CommandError, results_console

_STEPS = Path(__file__).parent / "migrations"


def upgrade(data_dir: Path) -> None:
    """Upgrade the database of the data folder, while no server uses it.

    Raises: CommandError: it is in use, cannot be read, or is newer than this version.
    """
    path = data_dir / FILE
    if not path.exists():
        raise CommandError(f"there is no {path}: the first start makes it, of this version")
    try:
        claimed = claim(data_dir)
        before, after, copy = upgrade_folder(data_dir)
        claimed.release()
    except StorageFailure as error:
        raise CommandError(error.message) from error
    console = results_console()
    if copy is None:
        console.print(f"{path} is of this version ({after}) already", markup=False)
    else:
        console.print(f"{path}: version {before} -> {after}", markup=False)
        console.print(f"a copy of the old one: {copy}", markup=False)


def upgrade_folder(folder: Path) -> tuple[str | None, str, Path | None]:
    """Upgrade one database. Returns: the versions before and after, and the copy if one was made.

    Raises: StorageFailure.
    """
    engine = open_engine(folder)
    try:
        with engine.connect() as connection:
            before = MigrationContext.configure(connection).get_current_revision()
        if before == REVISIONS[-1]:
            return before, before, None
        if before not in (None, *REVISIONS):
            raise StorageFailure(f"{folder / FILE} was made by a newer seedbed (version {before})")
        copy = _copied(folder / FILE)
        with at_once(engine).begin() as connection:
            run_steps(connection)
    except DatabaseError as error:
        raise StorageFailure(f"{folder / FILE} cannot be upgraded: {error.orig}") from error
    finally:
        engine.dispose()
    return before, REVISIONS[-1], copy


def run_steps(connection: Connection) -> None:
    """Take every step from the version that is there to the newest one."""
    context = MigrationContext.configure(connection)
    script = ScriptDirectory(str(_STEPS))
    missing = list(script.iterate_revisions("head", context.get_current_revision() or "base"))
    for step in reversed(missing):
        with Operations.context(context):
            step.module.upgrade()
        context.stamp(script, step.revision)


def known_steps() -> tuple[str, ...]:
    """The versions there are steps to, oldest first."""
    return tuple(step.revision for step in ScriptDirectory(str(_STEPS)).walk_revisions())[::-1]


def _copied(path: Path) -> Path:
    copy = path.with_name(f"{path.name}.before-{REVISIONS[-1]}-{int(time.time())}")
    connection = sqlite3.connect(path)
    try:
        connection.execute("VACUUM INTO ?", (str(copy),))
    finally:
        connection.close()
    copy.chmod(0o600)
    return copy
