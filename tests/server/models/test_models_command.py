"""`seedbed models`: what there is, what one model is, and what a running server holds."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.tiers import OPEN_WEIGHTS
from server.contract.named_models import MODELS
from tests.running import Running, seedbed


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    (folder / "seedbed.toml").write_text('[aliases]\n"mine" = "embedded"\n')
    return folder


def in_json(folder: Path, *arguments: str) -> dict[str, Any]:
    done = seedbed(folder, "models", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_the_list_has_every_name_per_tier_and_all_weights(folder: Path) -> None:
    said = in_json(folder, "list")
    assert said["tier"] == "embedded"
    models = {one["name"]: one for one in said["models"]}
    assert list(models) == [*MODELS, "mine"]
    seedream = models["doubao-seedream-3-0-t2i"]
    assert seedream["here"]["generate"] == ["embedded"]
    assert seedream["tiers"]["24gb"] == {"generate": ["z-image"], "edit": ["flux2-klein-4b"]}
    assert "tiers" not in models["mine"]
    weights = {one["name"]: one for one in said["stand_ins"]}
    assert list(weights) == list(OPEN_WEIGHTS)
    assert not weights["flux1-dev"]["commercial"]
    assert not any(one["fetched"] for one in said["stand_ins"])


def test_the_table_names_the_licences(folder: Path) -> None:
    out = seedbed(folder, "models", "list").stdout
    assert "qwen-image-2512-lightning qwen-image-2512" in out
    (line,) = (line for line in out.splitlines() if line.startswith("flux1-dev "))
    assert line.split() == ["flux1-dev", "LicenseRef-FLUX-1-dev-Non-Commercial", "no", "yes", "no"]


def test_a_model_is_shown_in_full(folder: Path) -> None:
    named = in_json(folder, "show", "gpt-image-1")
    assert named["generate"]["low"] == {"drawn_by": "embedded", "steps": 8, "else": []}
    assert (named["max_n"], named["default_size"]) == (10, "1024x1024")
    weights = in_json(folder, "show", "z-image")
    assert weights["guidance"] == {"off": 0.0, "usual": 4.0, "most": 7.0}
    assert weights["grid"] == 16
    assert in_json(folder, "show", "embedded")["licence"] == "Apache-2.0"
    assert in_json(folder, "show", "mine")["contract_of"] == "seedbed"
    unknown = seedbed(folder, "models", "show", "z-imag")
    assert unknown.returncode == 1
    assert "there is no model z-imag; did you mean z-image?" in unknown.stderr


def test_a_tier_that_cannot_start_can_be_looked_at(folder: Path) -> None:
    done = seedbed(folder, "models", "list", "--json", settings={"SEEDBED_TIER": "80gb"})
    assert json.loads(done.stdout)["tier"] == "embedded"
    assert "this machine cannot serve: the tier 80gb is set" in done.stderr


def test_a_running_server_says_what_is_on_its_devices(running: Running) -> None:
    held = in_json(running.folder, "ps", "--server", running.url)
    (worker,) = held["workers"]
    assert (worker["device"], worker["ready"]) == ("cpu", True)
    (model,) = worker["models"]
    assert (model["model"], model["state"]) == ("embedded", "resident")
    assert model["size_bytes"] > 1_000_000
    table = seedbed(running.folder, "models", "ps", "--server", running.url).stdout
    assert "embedded  resident" in table


def test_without_a_server_ps_says_so(tmp_path: Path) -> None:
    done = seedbed(tmp_path, "models", "ps", "--server", "http://127.0.0.1:9", "--api-key", "k")
    assert done.returncode == 1
    assert "no server answers at http://127.0.0.1:9" in done.stderr
