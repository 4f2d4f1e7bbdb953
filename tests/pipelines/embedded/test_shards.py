"""A folder in files small enough to be carried, and joined again only when all are whole."""

import os
from pathlib import Path

import pytest

from pipelines.embedded.loss_log import LossLog, loss_picture
from pipelines.embedded.shards import BrokenParts, join, main, split


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "weights"
    (made / "unet").mkdir(parents=True)
    (made / "unet" / "model.safetensors").write_bytes(os.urandom(70_000))
    (made / "model_index.json").write_text("{}")
    return made


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_parts_are_small_and_join_to_the_same_files(folder: Path, tmp_path: Path) -> None:
    parts = split(folder, tmp_path / "parts", part=20_000)
    assert len(parts) == 5
    assert all(path.stat().st_size <= 20_000 for path in parts)
    assert main(["join", str(tmp_path / "parts"), str(tmp_path / "joined")]) == 0
    assert contents(tmp_path / "joined") == contents(folder)


def test_equal_folders_make_equal_parts(folder: Path, tmp_path: Path) -> None:
    split(folder, tmp_path / "first")
    for path in folder.rglob("*"):
        os.utime(path, (0, 0))
    split(folder, tmp_path / "second")
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


def test_fewer_parts_replace_more(folder: Path, tmp_path: Path) -> None:
    into = tmp_path / "parts"
    split(folder, into, part=10_000)
    split(folder, into)
    assert {path.name for path in into.iterdir()} == {"part-000", "parts.json"}


def test_a_part_that_is_damaged_or_missing_is_named_and_nothing_is_written(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    into, joined = tmp_path / "parts", tmp_path / "joined"
    split(folder, into, part=20_000)
    part = into / "part-002"
    part.write_bytes(part.read_bytes()[:-1] + b"?")
    assert main(["join", str(into), str(joined)]) == 1
    assert "part-002 is not the part that parts.json lists" in capsys.readouterr().err
    part.unlink()
    with pytest.raises(BrokenParts, match="part-002 is missing"):
        join(into, joined)
    assert not joined.exists()
    with pytest.raises(BrokenParts, match=r"has no parts\.json"):
        join(folder, joined)


def test_the_loss_is_logged_forgotten_and_drawn(tmp_path: Path) -> None:
    log = LossLog(tmp_path / "loss.csv")
    assert log.read() == []
    for step in range(1, 9):
        log.add(step, 10 * step, step / 2, 1 / step)
    log.forget_after(6)
    assert log.read() == [(10 * step, pytest.approx(1 / step, abs=1e-5)) for step in range(1, 7)]
    drawn, empty = loss_picture(log.read()), loss_picture([])
    assert drawn.size == empty.size
    assert drawn.tobytes() != empty.tobytes()
