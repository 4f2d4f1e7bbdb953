"""The whole journey of weights to a site without internet, with the real command at every station.

lock -> fetch -> pack -> wipe -> import -> verify -> serve -> picture; nothing behind the gap asks a
hub, and a server refuses weights that were changed on the way.
"""

import base64
import io
import shutil
from pathlib import Path

import httpx2
import pytest
from PIL import Image

from tests.pipelines.weights.commander import Commander, hub_environment
from tests.pipelines.weights.conftest import Site, spoil
from tests.pipelines.weights.hub import Hub
from tests.running import Running
from tests.tiny_models import save_sd15

WANTED = """\
[[weights]]
id = "tiny-sd"
repo = "hf://lab/tiny-sd"
revision = "main"
license = "Apache-2.0"
profiles = ["8gb"]
allow-patterns = ["model_index.json", "*/*"]
"""
OWN = """\
[[models]]
name = "tiny"
hub = "lab/tiny-sd"
licence = "Apache-2.0"
"""


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A real diffusers pipeline, small and random, as a repository holds it."""
    folder = save_sd15(tmp_path_factory.mktemp("pipeline"))
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def draw(server: Running) -> Image.Image:
    answer = httpx2.post(
        f"{server.url}/v1/images/generations",
        json={"model": "tiny", "prompt": "a red circle", "response_format": "b64_json"},
        headers={"authorization": f"Bearer {server.key}"},
        timeout=120,
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["x-seedbed-model"].startswith("tiny")
    return Image.open(io.BytesIO(base64.b64decode(answer.json()["data"][0]["b64_json"])))


@pytest.mark.timeout(300)
def test_weights_cross_the_gap_and_draw(
    hub: Hub, commander: Commander, pipeline: dict[str, bytes], tmp_path: Path
) -> None:
    hub.add("lab/tiny-sd", pipeline)
    near = Site(tmp_path / "near", hub, commander)
    near.folder.mkdir()
    (near.folder / "weights.toml").write_text(WANTED)
    near.good("lock")
    near.good("fetch", "--profile", "8gb")
    said = near.good("pack", "carried.tar").stdout
    number = said.split()[-1]

    hub.repositories.clear()
    hub.asked.clear()
    far = Site(tmp_path / "far", hub, commander)
    far.folder.mkdir()
    shutil.move(near.folder / "carried.tar", far.folder)
    shutil.rmtree(near.folder)
    (far.folder / "seedbed.toml").write_text(OWN)
    nowhere = hub_environment("http://127.0.0.1:9", tmp_path / "home") | {
        "SEEDBED_WEIGHTS_LOCK": "weights.lock",
        "HF_HUB_OFFLINE": "1",
    }
    lock = {"SEEDBED_WEIGHTS_LOCK": "weights.lock"}
    far.good("import", "carried.tar", "--fingerprint", number)
    far.good("verify", "--deep", "--strict")

    with Running(far.folder, settings=nowhere) as server:
        server.read_until("ready")
        assert draw(server).size == (512, 512)
        assert server.stop() == 0
    assert hub.asked == []

    def refusal() -> str:
        done = commander.run(far.folder, "serve", "--port", "0", **lock)
        assert done.returncode == 1
        return done.stderr

    extra = far.installed("tiny-sd") / "unet/extra.json"
    extra.write_text("{}")
    assert "unet/extra.json is not in the lock" in refusal()
    extra.unlink()
    weights = far.installed("tiny-sd") / "unet/diffusion_pytorch_model.safetensors"
    spoil(weights)
    weights.touch()
    said = refusal()
    assert f"{weights.name} has sha256" in said
    assert "`seedbed weights fetch tiny-sd` mends it" in said
