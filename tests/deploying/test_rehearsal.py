"""The image without Docker: its build runs in a folder, and the server starts there as in it.

The packages of the wheel house are empty but for their names and versions, so that pip has to find
each; what the server imports in place of them is what this environment has. Not rehearsed: apt-get,
the user, and the GPU.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

import httpx2
import pytest
from packaging.requirements import Requirement

from tests.deploying.dockerfile import Dockerfile, Instruction, Stage, read
from tests.deploying.test_dockerfile import allowed
from tests.test_constraints import pins

REPOSITORY = Path(__file__).parents[2]
OURS = re.compile(r"(?<![\w./])/(?=(?:src|opt/seedbed|wheels|program|tmp|var/lib/seedbed)\b)")
"""Where a path of the image begins that is ours."""
PURE = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def pack_empty(house: Path, name: str, version: str) -> None:
    """Put a package without content into the wheel house."""
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    with zipfile.ZipFile(house / f"{info[:-10]}-py3-none-any.whl", "w") as wheel:
        about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        wheel.writestr(f"{info}/METADATA", about)
        wheel.writestr(f"{info}/WHEEL", PURE)
        wheel.writestr(f"{info}/RECORD", "")


def pack_installed(house: Path, name: str) -> None:
    """Put a package as it is installed here into the wheel house."""
    package = metadata.distribution(name)
    with zipfile.ZipFile(house / f"{name}-{package.version}-py3-none-any.whl", "w") as wheel:
        for file in package.files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                wheel.write(file.locate(), str(file))


@dataclass
class Machine:
    """A folder in which paths of the image lie, and the stages that have run in it."""

    root: Path
    file: Dockerfile
    done: list[str] = field(default_factory=list)

    def here(self, text: str) -> str:
        """The text with the image's paths as they are called here."""
        return OURS.sub(f"{self.root}/", text)

    def build(self, name: str) -> None:
        """Run a stage, those below it first."""
        stage = self.file.stages[name]
        if stage.base in self.file.stages and stage.base not in self.done:
            self.build(stage.base)
        folder = self._folder(stage)
        for one in stage.instructions:
            if one.name == "WORKDIR":
                folder = Path(self.here(one.text))
                folder.mkdir(parents=True, exist_ok=True)
            elif one.name == "COPY":
                self._copy(one, folder)
            elif one.name == "RUN":
                self._run(one, folder)
        self.done.append(name)

    def _folder(self, stage: Stage) -> Path:
        while stage.base in self.file.stages and not stage.all("WORKDIR"):
            stage = self.file.stages[stage.base]
        works = stage.all("WORKDIR")
        return Path(self.here(works[-1].text)) if works else self.root

    def _copy(self, one: Instruction, folder: Path) -> None:
        *sources, target = one.words
        for source in sources:
            assert allowed(source.rstrip("/"))
            place = folder / target
            if (REPOSITORY / source).is_dir():
                leave = shutil.ignore_patterns("__pycache__")
                shutil.copytree(REPOSITORY / source, place, ignore=leave)
            else:
                shutil.copy(REPOSITORY / source, place)

    def _run(self, one: Instruction, folder: Path) -> None:
        done = subprocess.run(
            ["sh", "-c", f"set -eu; {self.here(one.text)}"],
            cwd=folder,
            env={
                "PATH": f"{self.root / 'tools'}:/usr/bin:/bin",
                "HOME": str(self.root),
                "PIP_CONFIG_FILE": os.devnull,
                "PIP_NO_COMPILE": "1",  # seconds that nobody here needs
                "CUDA_BASE": "seedbed-system",
                "OFFLINE": "1",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{one.text}\n{done.stdout}\n{done.stderr}"

    def environment(self, **more: str) -> dict[str, str]:
        """The image's own, the packages of this environment, and what an operator says."""
        image = {
            name: self.here(text) for name, text in self.file.stages["final"].environment.items()
        }
        image["PATH"] = image["PATH"].replace("${PATH}", "/usr/bin:/bin")
        plain = {
            "PYTHONPATH": sysconfig.get_path("purelib"),
            "NO_COLOR": "1",
            "OMP_NUM_THREADS": "1",
        }
        return plain | image | {"TMPDIR": image["HOME"]} | more


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """The image's file system as far as it can be had here."""
    root = tmp_path_factory.mktemp("image")
    for folder in ("wheels", "tools", "tmp", "var/lib/seedbed"):
        (root / folder).mkdir(parents=True)
    python = root / "tools" / "python3"
    python.write_text(f'#!/bin/sh\nexec {sys._base_executable} "$@"\n')
    python.chmod(0o755)
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    for line in project["dependencies"]:
        name = Requirement(line).name
        pack_empty(root / "wheels", name, pins()[name])
    for name in ("pip", "setuptools"):
        pack_installed(root / "wheels", name)
    machine = Machine(root, read(REPOSITORY / "Dockerfile.cuda"))
    machine.build("program")
    shutil.copytree(root / "program", root / "opt/seedbed", dirs_exist_ok=True)
    return machine


def site_packages(machine: Machine) -> Path:
    (folder,) = (machine.root / "opt/seedbed").glob("lib/python3*/site-packages")
    return folder


def test_the_build_installs_every_package_at_its_pinned_version(machine: Machine) -> None:
    installed = {
        path.name.removesuffix(".dist-info") for path in site_packages(machine).glob("*.dist-info")
    }
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    names = [Requirement(line).name for line in project["dependencies"]]
    wanted = {f"{name.replace('-', '_')}-{pins()[name]}" for name in names}
    assert installed == wanted | {f"seedbed-{project['version']}"}


def test_the_program_brings_its_weights_lock_and_licence(machine: Machine) -> None:
    folder = site_packages(machine)
    for name in ("weights.lock", "weights.toml"):
        assert (folder / name).read_bytes() == (REPOSITORY / name).read_bytes()
    (licence,) = folder.glob("seedbed-*.dist-info/licenses/LICENSE")
    assert licence.read_bytes() == (REPOSITORY / "LICENSE").read_bytes()
    shipped = REPOSITORY / "pipelines/embedded/weights"
    for file in filter(Path.is_file, shipped.rglob("*")):
        assert (folder / file.relative_to(REPOSITORY)).stat().st_size == file.stat().st_size
    assert (folder / "server/swagger").is_dir()


@pytest.fixture(scope="module")
def keys(machine: Machine) -> str:
    file = machine.root / "api-keys"
    file.write_text("alice:sk-very-secret\n")
    return str(file)


@pytest.fixture(scope="module")
def port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return str(free.getsockname()[1])


@pytest.fixture(scope="module")
def manager() -> Iterator[socket.socket]:
    """What a service manager hears with; its name is in memory and on no disk."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0seedbed-rehearsal-{os.getpid()}")
        manager.settimeout(30)
        yield manager


@pytest.fixture(scope="module")
def environment(machine: Machine, keys: str, port: str, manager: socket.socket) -> dict[str, str]:
    """As the image says, but for the address: a test listens to nobody else."""
    return machine.environment(
        SEEDBED_HOST="127.0.0.1",
        SEEDBED_PORT=port,
        SEEDBED_API_KEYS_FILE=keys,
        NOTIFY_SOCKET=f"@{manager.getsockname()[1:].decode()}",
        WATCHDOG_USEC="60000000",
    )


@pytest.fixture(scope="module")
def container(machine: Machine, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """The server as the image starts it; it says where it listens before its model is there."""
    final = machine.file.stages["final"]
    command = [*final.only("ENTRYPOINT").exec_form, *final.only("CMD").exec_form]
    with subprocess.Popen(
        [machine.root / "opt/seedbed/bin" / command[0], *command[1:]],
        cwd=machine.here(final.only("WORKDIR").text),
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = iter(process.stdout)
        assert any(line.startswith("loading the model") for line in said)
        yield process
        process.kill()


def image_command(
    machine: Machine, environment: dict[str, str], *command: str
) -> subprocess.CompletedProcess[str]:
    """Run a command of the image beside the server."""
    program = machine.root / "opt/seedbed/bin" / command[0]
    return subprocess.run(
        [program, *command[1:]],
        cwd=machine.root / "var/lib/seedbed",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_server_runs_in_the_image_until_its_stop_signal(
    machine: Machine,
    container: subprocess.Popen[str],
    environment: dict[str, str],
    port: str,
    manager: socket.socket,
) -> None:
    final = machine.file.stages["final"]
    healthy = image_command(machine, environment, *final.only("HEALTHCHECK").exec_form)
    assert (healthy.returncode, healthy.stdout) == (0, '{"status":"ok"}\n')
    listed = image_command(machine, environment, "seedbed", "weights", "status", "--json")
    assert "site-packages/weights.lock" in listed.stdout, listed.stderr
    models = f"http://127.0.0.1:{port}/v1/models"
    assert httpx2.get(models).status_code == 401
    headers = {"authorization": "Bearer sk-very-secret"}
    assert httpx2.get(models, headers=headers).is_success
    assert manager.recv(1000) == b"READY=1\nSTATUS=loading the model"
    assert manager.recv(1000) == b"WATCHDOG=1"
    container.send_signal(signal.Signals[final.only("STOPSIGNAL").text])
    assert container.wait(60) == 0
    assert any(b"STOPPING=1" in said for said in iter(lambda: manager.recv(1000), b""))
    assert "stopped" in (container.stdout.read() if container.stdout else "")
    assert image_command(machine, environment, "seedbed", "health").returncode == 1
