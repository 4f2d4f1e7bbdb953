"""Makes the packages there that a command needs: from wheels in a folder, where Python lacks
them. Imports nothing but the standard library, because it runs before anything else can.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

FOLDER = "WHEELS"
"""Names the folder of wheels."""
_INSTALLED = "SEEDBED_WHEELS_INSTALLED"
"""Where the wheels of this run went, told to the process that removes them."""
DIFFUSERS = (
    "torch",
    "diffusers",
    "transformers",
    "numpy",
    "PIL",
    "safetensors",
    "huggingface_hub",
    "importlib_metadata",
    "filelock",
    "regex",
    "requests",
)
"""diffusers, and what it imports."""
ENGINE = (*DIFFUSERS, "accelerate", "greenlet")
TRAINING = (*DIFFUSERS, "rich", "scipy", "skia", "tokenizers")


class Unprepared(Exception):
    """What is missing, in words for the terminal."""


def environment_with(folder: Path, into: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Install every wheel of a folder, and nothing else, for a process with this environment.

    Raises: Unprepared: without wheels, or when pip refuses one.
    """
    found = sorted(str(wheel) for wheel in folder.glob("*.whl"))
    if not found:
        raise Unprepared(f"{FOLDER}={folder} is no folder with wheels (*.whl)")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    command += ["--no-compile", "--no-cache-dir", "--disable-pip-version-check", "--target"]
    if subprocess.call([*command, str(into), *found]):
        raise Unprepared(f"pip could not install the wheels of {FOLDER}={folder}, see above")
    search = [str(into), *filter(None, [environment.get("PYTHONPATH")])]
    rest = {name: value for name, value in environment.items() if name != FOLDER}
    return {**rest, "PYTHONPATH": os.pathsep.join(search), _INSTALLED: str(into)}


def prepare(module: str, needed: Sequence[str], arguments: list[str]) -> None:
    """Return when all packages are there; where wheels are named, in a new process image of the
    command `python -m module`.

    Raises: Unprepared: naming what is missing.
    """
    folder = os.environ.get(FOLDER)
    if folder:
        into = Path(tempfile.mkdtemp(prefix="seedbed-wheels-"))
        try:
            environment = environment_with(Path(folder), into, os.environ)
        except Unprepared:
            clean_up({_INSTALLED: str(into)})
            raise
        command = [sys.executable, "-m", module, *arguments]
        os.execve(sys.executable, command, environment)
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        raise Unprepared(
            f"not installed here: {', '.join(missing)}; run `make install`, or name a folder of"
            f" their wheels with {FOLDER}="
        )


def clean_up(environment: Mapping[str, str]) -> None:
    """Remove what this run installed."""
    installed = environment.get(_INSTALLED)
    if installed:
        shutil.rmtree(installed, ignore_errors=True)
