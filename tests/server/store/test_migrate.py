"""The way of a database to this version, and what `seedbed db upgrade` says."""

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import text

from pipelines.errors import StorageFailure
from server.store.database import FILE, REVISIONS, at_once, open_engine, prepare
from server.store.migrate import known_steps, run_steps, upgrade_folder
from server.store.migrations import versions
from server.store.migrations.versions import v0001
from server.store.tables import FILES, METADATA
from tests.running import seedbed
from tests.server.store.test_database import ONE

STEPS = Path(str(versions.__file__)).parents[1]


def schema(folder: Path) -> dict[str, str]:
    with sqlite3.connect(folder / FILE) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        tables = {name: " ".join(sql.split()) for name, sql in rows if "alembic" not in name}
    connection.close()
    return tables


def test_every_version_has_its_step() -> None:
    assert known_steps() == REVISIONS


def test_the_steps_lead_to_the_tables_of_this_version(tmp_path: Path) -> None:
    engine = open_engine(tmp_path)
    with at_once(engine).begin() as connection:
        run_steps(connection)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, METADATA) == []
        assert context.get_current_revision() == REVISIONS[-1]
    engine.dispose()
    prepare(tmp_path)
    new = tmp_path / "new"
    new.mkdir()
    prepare(new)
    assert schema(tmp_path).keys() == schema(new).keys()


def test_an_older_database_is_refused_until_it_is_upgraded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(tmp_path)
    set_version(tmp_path, "0000")
    monkeypatch.setattr("server.store.database.REVISIONS", ("0000", *REVISIONS))
    with pytest.raises(StorageFailure, match="run `seedbed db upgrade`"):
        prepare(tmp_path)


def test_an_upgrade_keeps_a_copy_and_happens_once(tmp_path: Path) -> None:
    (tmp_path / FILE).touch()
    before, after, copy = upgrade_folder(tmp_path)
    assert (before, after) == (None, REVISIONS[-1])
    assert copy is not None
    assert copy.exists()
    assert upgrade_folder(tmp_path) == (after, after, None)


def test_a_step_that_fails_leaves_the_old_version(tmp_path: Path) -> None:
    engine = open_engine(tmp_path)
    with at_once(engine).begin() as connection:
        connection.execute(text("CREATE TABLE batches (number INTEGER)"))
    engine.dispose()
    with pytest.raises(StorageFailure, match="cannot be upgraded: table batches already exists"):
        upgrade_folder(tmp_path)
    assert schema(tmp_path).keys() == {"batches"}


def test_a_newer_database_is_left_alone(tmp_path: Path) -> None:
    prepare(tmp_path)
    set_version(tmp_path, "9999")
    with pytest.raises(StorageFailure, match=r"newer seedbed \(version 9999\)"):
        upgrade_folder(tmp_path)


def test_the_command_says_what_it_did(tmp_path: Path) -> None:
    nothing = seedbed(tmp_path, "db", "upgrade")
    assert nothing.returncode == 1
    assert "there is no data/seedbed.db" in nothing.stderr
    (tmp_path / "data").mkdir()
    prepare(tmp_path / "data")
    done = seedbed(tmp_path, "db", "upgrade")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"data/seedbed.db is of this version ({REVISIONS[-1]}) already\n"


def set_version(folder: Path, version: str) -> None:
    engine = open_engine(folder)
    with at_once(engine).begin() as connection:
        connection.execute(text(f"UPDATE alembic_version SET version_num = '{version}'"))
    engine.dispose()


def test_what_the_first_version_held_is_there_after_the_upgrade(tmp_path: Path) -> None:
    engine = open_engine(tmp_path)
    with at_once(engine).begin() as connection:
        context = MigrationContext.configure(connection)
        with Operations.context(context):
            v0001.upgrade()
        context.stamp(ScriptDirectory(str(STEPS)), "0001")
        connection.execute(FILES.insert(), ONE)
    engine.dispose()
    with pytest.raises(StorageFailure, match="run `seedbed db upgrade`"):
        prepare(tmp_path)
    before, after, copy = upgrade_folder(tmp_path)
    assert (before, after) == ("0001", REVISIONS[-1])
    prepare(tmp_path)
    assert copy is not None
    for path, tables in ((copy, {"files"}), (tmp_path / FILE, {"files", "pictures"})):
        with sqlite3.connect(path) as opened:
            assert opened.execute("SELECT id, filename FROM files").fetchall() == [("file-1", "f")]
            found = {name for (name,) in opened.execute("SELECT name FROM sqlite_master")}
        opened.close()
        assert found & {"files", "pictures"} == tables
