"""The table of the embedded model's files: what the command writes, and what it is for."""

import hashlib
import importlib.util
from pathlib import Path

import pytest

from pipelines.weights import own
from pipelines.weights.lock import LockedFile


def test_the_table_is_what_the_command_would_write() -> None:
    """After a training: `python -m pipelines.weights.own`."""
    assert own.TABLE.read_text() == own.render(own.files_in(own.EMBEDDED_FOLDER))


def test_the_command_takes_the_files_as_they_are_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, table = tmp_path / "weights", tmp_path / "table.py"
    (folder / "unet").mkdir(parents=True)
    (folder / "unet" / "config.json").write_bytes(b"{}")
    (folder / "index.json").write_bytes(b"12345")
    monkeypatch.setattr(own, "EMBEDDED_FOLDER", folder)
    monkeypatch.setattr(own, "TABLE", table)
    own.main()
    assert read(table) == (
        LockedFile("index.json", 5, hashlib.sha256(b"12345").hexdigest()),
        LockedFile("unet/config.json", 2, hashlib.sha256(b"{}").hexdigest()),
    )


def read(table: Path) -> object:
    spec = importlib.util.spec_from_file_location("table", table)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.FILES
