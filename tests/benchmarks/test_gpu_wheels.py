"""Packages that Python lacks come from wheels in a folder, without any network."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from benchmarks.gpu.wheels import Unprepared, clean_up, environment_with

REPOSITORY = Path(__file__).parents[2]
NAME = "seedbed_probe"


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """A folder with one small wheel of a package that is nowhere else."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    info = f"{NAME}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{NAME}-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{NAME}.py", "ANSWER = 42\n")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return folder


def test_a_wheel_is_importable_in_the_environment_that_is_made(
    wheels: Path, tmp_path: Path
) -> None:
    before = {**os.environ, "WHEELS": str(wheels), "PYTHONPATH": "/elsewhere"}
    environment = environment_with(wheels, tmp_path / "site", before)
    assert environment["PYTHONPATH"] == f"{tmp_path / 'site'}{os.pathsep}/elsewhere"
    assert "WHEELS" not in environment
    script = f"import {NAME}; print({NAME}.ANSWER)"
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "42\n"
    clean_up(environment)
    assert not (tmp_path / "site").exists()


def test_a_folder_without_wheels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unprepared, match="is no folder with wheels"):
        environment_with(tmp_path, tmp_path / "site", {})


def test_a_wheel_for_another_machine_is_refused_in_words(wheels: Path, tmp_path: Path) -> None:
    wheel = next(wheels.iterdir())
    wheel.rename(wheel.with_name(f"{NAME}-1.0-cp27-cp27m-win32.whl"))
    with pytest.raises(Unprepared, match="pip could not install"):
        environment_with(wheels, tmp_path / "site", {})


@pytest.mark.parametrize(
    ("module", "flag"), [("benchmarks.gpu", "--smoke"), ("benchmarks.gpu.training", "--minutes")]
)
def test_the_command_installs_runs_and_leaves_nothing_behind(
    module: str, flag: str, wheels: Path, tmp_path: Path
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"],
        cwd=REPOSITORY,
        env={**os.environ, "WHEELS": str(wheels), "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert flag in done.stdout
    assert [p.name for p in temporary.iterdir() if p.name.startswith("seedbed-wheels-")] == []
