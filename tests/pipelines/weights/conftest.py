"""A hub, a folder as an operator has it, and the command."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.weights.lock import Lock, LockedWeights, read_lock
from tests.pipelines.weights.commander import Commander, Done
from tests.pipelines.weights.hub import Hub


def safetensors(size: int, seed: int = 0) -> bytes:
    """A sound file of the format with one tensor of `size` random bytes."""
    tensor = {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}
    head = json.dumps({"t": tensor}).encode()
    data = b"".join(hashlib.sha256(f"{seed}-{n}".encode()).digest() for n in range(size // 32 + 1))
    return len(head).to_bytes(8, "little") + head + data[:size]


def model_files(seed: int = 0) -> dict[str, bytes]:
    """A repository as a model's looks."""
    return {
        ".gitattributes": b"* text\n",
        "LICENSE": b"Do what is fair.\n",
        "README.md": b"# A model\n",
        "model_index.json": b'{"_class_name": "X"}\n',
        "pytorch_model.bin": b"never wanted",
        "unet/config.json": b"{}\n",
        "unet/model.safetensors": safetensors(50_000, seed),
        "vae/model.safetensors": safetensors(9_000, seed + 1),
    }


WANTED = """\
[[weights]]
id = "{id}"
repo = "hf://lab/{id}"
revision = "{revision}"
profiles = ["8gb"]
allow-patterns = ["model_index.json", "unet/*", "vae/*"]
"""


@dataclass
class Site:
    """One machine: its folder, and the command run in it."""

    folder: Path
    hub: Hub
    commander: Commander

    def run(self, *arguments: str, **settings: str) -> Done:
        return self.commander.run(self.folder, "weights", *arguments, **settings)

    def good(self, *arguments: str, **settings: str) -> Done:
        """Run a command that has to succeed."""
        done = self.run(*arguments, **settings)
        assert done.returncode == 0, done.stderr
        return done

    def on_full_disk(self, *arguments: str) -> str:
        """Run a command whose files can grow no further than 24 KiB."""
        done = self.commander.run(self.folder, "weights", *arguments, file_limit=24 << 10)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        return done.stderr

    def bad(self, *arguments: str, **settings: str) -> str:
        """Run a command that has to be refused, and return what it says."""
        done = self.run(*arguments, **settings)
        assert done.returncode == 1, done.stdout
        assert "Traceback" not in done.stderr
        return done.stderr + done.stdout

    def want(self, *ids: str, revision: str = "main") -> None:
        """Write weights.toml."""
        text = "\n".join(WANTED.format(id=name, revision=revision) for name in ids)
        (self.folder / "weights.toml").write_text(text)

    @property
    def lock(self) -> Lock:
        return read_lock(self.folder / "weights.lock")

    def entry(self, name: str = "tiny") -> LockedWeights:
        return self.lock.get(name)

    @property
    def store(self) -> Path:
        return self.folder / "data" / "weights"

    def installed(self, name: str = "tiny") -> Path:
        return self.store / name / self.entry(name).commit

    def state(self, name: str = "tiny") -> str:
        rows = self.good("status", "--json").json["weights"]
        return str(next(row["state"] for row in rows if row["id"] == name))


@pytest.fixture(scope="session")
def whole_hub() -> Iterator[Hub]:
    with Hub().running() as hub:
        yield hub


@pytest.fixture(scope="session")
def commander(whole_hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commander]:
    commander = Commander(whole_hub.url, tmp_path_factory.mktemp("hf-home"))
    yield commander
    commander.close()


@pytest.fixture
def hub(whole_hub: Hub) -> Hub:
    whole_hub.reset()
    return whole_hub


@dataclass(frozen=True)
class Prepared:
    """Folders made once by the command itself, and copied for each test."""

    locked: Path
    installed: Path
    archive: Path


@pytest.fixture(scope="session")
def prepared(
    whole_hub: Hub, commander: Commander, tmp_path_factory: pytest.TempPathFactory
) -> Prepared:
    whole_hub.reset()
    whole_hub.add("lab/tiny", model_files())
    folder = tmp_path_factory.mktemp("prepared")
    site = Site(folder / "installed", whole_hub, commander)
    site.folder.mkdir()
    site.want("tiny")
    site.good("lock")
    shutil.copytree(site.folder, folder / "locked")
    site.good("fetch", "tiny")
    site.good("pack", "../out.tar")
    return Prepared(folder / "locked", site.folder, folder / "out.tar")


@pytest.fixture
def empty_site(hub: Hub, commander: Commander, tmp_path: Path) -> Site:
    """A machine that knows a hub with one model, and wants it."""
    hub.add("lab/tiny", model_files())
    site = Site(tmp_path / "site", hub, commander)
    site.folder.mkdir()
    site.want("tiny")
    return site


@pytest.fixture
def locked_site(prepared: Prepared, empty_site: Site) -> Site:
    shutil.copytree(prepared.locked, empty_site.folder, dirs_exist_ok=True)
    return empty_site


@pytest.fixture
def site(prepared: Prepared, empty_site: Site) -> Site:
    """A machine with one model installed, which nobody has hashed there yet."""
    shutil.copytree(prepared.installed, empty_site.folder, dirs_exist_ok=True)
    return empty_site


@pytest.fixture
def archive(prepared: Prepared, site: Site) -> Path:
    return Path(shutil.copy(prepared.archive, site.folder))


@pytest.fixture
def far_site(prepared: Prepared, hub: Hub, commander: Commander, tmp_path: Path) -> Site:
    """A machine behind the gap: it has the same lock, and the archive, and no hub."""
    far = Site(tmp_path / "far", hub, commander)
    shutil.copytree(prepared.locked, far.folder)
    shutil.copy(prepared.archive, far.folder / "in.tar")
    return far


def spoil(file: Path, position: int = -1) -> None:
    """Change one byte and leave no trace of it: size and times stay what they were."""
    found = file.stat()
    data = bytearray(file.read_bytes())
    data[position] ^= 1
    with file.open("r+b") as stream:
        stream.write(data)
    os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))
