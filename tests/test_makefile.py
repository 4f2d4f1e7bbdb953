"""`make` on a new machine: the real Makefile, make and pip, with an index of tiny packages.

The stand-in for torch is a few bytes with the metadata that matters: the build without a local
version asks for an `nvidia-*` package, the build `+cpu` does not.
"""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]

BACKEND = '''
import zipfile

METADATA = """Metadata-Version: 2.1
Name: seedbed
Version: 1
Requires-Dist: torch
"""

def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "seedbed-1-py3-none-any.whl"
    with zipfile.ZipFile(f"{folder}/{name}", "w") as wheel:
        wheel.writestr("seedbed-1.dist-info/METADATA", METADATA)
        wheel.writestr(
            "seedbed-1.dist-info/WHEEL",
            "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        )
        wheel.writestr("seedbed-1.dist-info/RECORD", "")
    return name
'''

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "seedbed"
version = "1"
dependencies = ["torch"]
"""


def wheel(index: Path, name: str, version: str, *requires: str, source: str = "") -> None:
    """Put one tiny package on an index of folders."""
    folder = index / name.replace("_", "-")
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        needs = "".join(f"Requires-Dist: {package}\n" for package in requires)
        archive.writestr(f"{name}.py", source)
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    links = "".join(f'<a href="{file.name}">{file.name}</a>\n' for file in folder.glob("*.whl"))
    (folder / "index.html").write_text(links)


class Checkout:
    """A tiny project with the real Makefile, and the tools of a machine without a GPU."""

    def __init__(self, root: Path, template: Path) -> None:
        self.root = root / "checkout"
        self.root.mkdir()
        self.cpu_index = root / "cpu"
        index = root / "index"
        wheel(index, "setuptools", "99")
        wheel(index, "nvidia_cublas", "1")
        cuda = "class version: cuda = '13.0'\n"
        wheel(index, "torch", "2.0", "nvidia-cublas", source=cuda)
        wheel(self.cpu_index, "torch", "2.0+cpu", source="class version: cuda = None\n")
        shutil.copy(REPOSITORY / "Makefile", self.root)
        (self.root / "backend.py").write_text(BACKEND)
        (self.root / "pyproject.toml").write_text(PYPROJECT)
        (self.root / "constraints.txt").write_text("torch==2.0\nsetuptools==99\n")
        self.tools = root / "tools"
        self.tools.mkdir()
        for tool in ("sh", "make", "rm", "cp", "touch", "ls", "grep", "sed", "expand"):
            if path := shutil.which(tool):
                (self.tools / tool).symlink_to(path)
        self.environment = {
            "PATH": str(self.tools),
            "HOME": str(root),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": index.as_uri(),
            "PIP_CACHE_DIR": str(root / "cache"),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }
        # Making a virtual environment takes seconds, so all but one test copy a ready one.
        self.tool(
            "python3",
            f'[ "$1 $2" = "-m venv" ] || exec {sys.executable} "$@"\n'
            f'[ -d "$3" ] || cp -a {template} "$3"',
        )

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", *arguments],
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def tool(self, name: str, script: str) -> None:
        path = self.tools / name
        path.write_text(f"#!{shutil.which('sh')}\n{script}\n")
        path.chmod(0o755)

    @property
    def installed(self) -> set[str]:
        """`name-version` of what lies in .venv."""
        return {
            path.name.removesuffix(".dist-info")
            for path in self.root.glob(".venv/lib/python*/site-packages/*.dist-info")
        }


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new virtual environment; a copy of it works as well as itself."""
    folder = tmp_path_factory.mktemp("template") / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder


@pytest.fixture
def checkout(tmp_path: Path, template: Path) -> Checkout:
    return Checkout(tmp_path, template)


def test_the_cpu_build_is_taken_where_an_index_has_it(checkout: Checkout) -> None:
    index = f"TORCH_CPU_INDEX={checkout.cpu_index.as_uri()}"
    done = checkout.make("install", index, f"PYTHON={sys.executable}")
    assert done.returncode == 0, done.stderr
    assert "with the cpu build of torch" in done.stdout
    assert "torch-2.0+cpu" in checkout.installed
    assert not [name for name in checkout.installed if name.startswith("nvidia")]


def test_asking_for_the_cpu_build_never_fetches_the_cuda_build(checkout: Checkout) -> None:
    done = checkout.make("install", "TORCH=cpu")
    assert done.returncode != 0
    assert "TORCH_CPU_INDEX" in done.stderr
    assert not [name for name in checkout.installed if name.startswith(("nvidia", "torch"))]


def test_a_detected_cpu_goes_on_with_the_cuda_build_and_says_what_would_be_smaller(
    checkout: Checkout,
) -> None:
    done = checkout.make("install")
    assert done.returncode == 0, done.stderr
    assert "TORCH_CPU_INDEX" in done.stderr
    assert {"torch-2.0", "nvidia_cublas-1"} <= checkout.installed


def test_a_gpu_is_detected(checkout: Checkout) -> None:
    checkout.tool("nvidia-smi", "exit 0")
    done = checkout.make("install", f"TORCH_CPU_INDEX={checkout.cpu_index.as_uri()}")
    assert done.returncode == 0, done.stderr
    assert "with the cuda build of torch" in done.stdout
    assert {"torch-2.0", "nvidia_cublas-1"} <= checkout.installed


def test_another_build_replaces_the_one_that_is_installed(checkout: Checkout) -> None:
    index = f"TORCH_CPU_INDEX={checkout.cpu_index.as_uri()}"
    assert checkout.make("install", "TORCH=cuda").returncode == 0
    assert checkout.make("install", "TORCH=cpu", index).returncode == 0
    assert "torch-2.0+cpu" in checkout.installed
    assert "torch-2.0" not in checkout.installed


def test_a_second_make_installs_nothing_until_the_pins_change(checkout: Checkout) -> None:
    assert checkout.make("install").returncode == 0
    second = checkout.make("install")
    assert second.returncode == 0
    assert "installing" not in second.stdout
    (stamp,) = checkout.root.glob(".venv/installed-serve-*")
    installed_at = stamp.stat().st_mtime
    os.utime(checkout.root / "constraints.txt", (installed_at + 1, installed_at + 1))
    assert "installing" in checkout.make("install").stdout


def test_a_failed_installation_is_tried_again(checkout: Checkout) -> None:
    assert checkout.make("install", "TORCH=cpu").returncode != 0
    done = checkout.make("install", f"TORCH_CPU_INDEX={checkout.cpu_index.as_uri()}")
    assert done.returncode == 0, done.stderr


def test_an_old_python_is_refused_in_words(checkout: Checkout) -> None:
    checkout.tool("python3.10", "exit 1")
    done = checkout.make("install", "PYTHON=python3.10")
    assert done.returncode != 0
    assert "needs Python 3.11 or newer" in done.stderr
    assert not (checkout.root / ".venv").exists()


def test_an_unknown_build_of_torch_is_refused(checkout: Checkout) -> None:
    done = checkout.make("install", "TORCH=gpu")
    assert done.returncode != 0
    assert "must be auto, cpu or cuda" in done.stderr


def test_make_alone_lists_the_commands(checkout: Checkout) -> None:
    listed = [line.split()[1] for line in checkout.make().stdout.splitlines()]
    assert listed == [
        "help",
        "serve",
        "test",
        "lint",
        "check",
        "fuzz",
        "openapi",
        "install",
        "gpu",
        "train",
    ]
