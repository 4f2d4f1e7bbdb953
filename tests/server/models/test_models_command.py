"""`seedbed models`: what there is, what one model is, and what a running server holds."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from pipelines.tiers import OPEN_WEIGHTS
from server.contract.named_models import MODELS
from tests.running import Running, seedbed
from tests.server.commands import Command, command


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    (folder / "seedbed.toml").write_text('[aliases]\n"mine" = "embedded"\n')
    return folder


@pytest.fixture
def models(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    return command(folder, monkeypatch, capsys, "models")


def test_the_list_has_every_name_per_tier_and_all_weights(models: Command) -> None:
    said = models("list", "--json").json
    assert said["tier"] == "embedded"
    names = {one["name"]: one for one in said["models"]}
    assert list(names) == [*MODELS, "mine"]
    seedream = names["doubao-seedream-3-0-t2i"]
    assert seedream["here"]["generate"] == ["embedded"]
    assert seedream["tiers"]["24gb"] == {"generate": ["z-image"], "edit": ["flux2-klein-4b"]}
    assert "tiers" not in names["mine"]
    weights = {one["name"]: one for one in said["stand_ins"]}
    assert list(weights) == list(OPEN_WEIGHTS)
    assert not weights["flux1-dev"]["commercial"]
    assert not any(one["fetched"] for one in said["stand_ins"])


def test_the_table_names_the_licences(models: Command) -> None:
    out = models("list").out
    assert "qwen-image-2512-lightning qwen-image-2512" in out
    (line,) = (line for line in out.splitlines() if line.startswith("flux1-dev "))
    assert line.split() == ["flux1-dev", "LicenseRef-FLUX-1-dev-Non-Commercial", "no", "yes", "no"]


def test_the_networks_beside_those_that_draw_are_listed_and_shown(models: Command) -> None:
    beside = {one["name"]: one for one in models("list", "--json").json["beside"]}
    assert beside["qwen3-0.6b"]["purpose"] == "rewrites prompts"
    assert beside["qwen3guard-gen-0.6b"]["setting"] == "text_classifier"
    assert not any(one["fetched"] for one in beside.values())
    assert models("show", "birefnet", "--json").json == beside["birefnet"]
    (line,) = (line for line in models("list").out.splitlines() if line.startswith("qwen3-1.7b "))
    assert line.split() == ["qwen3-1.7b", "rewrites", "prompts", "rewriter", "Apache-2.0", "no"]


def test_a_model_is_shown_in_full(models: Command) -> None:
    named = models("show", "gpt-image-1", "--json").json
    assert named["generate"]["low"] == {"drawn_by": "embedded", "steps": 8, "else": []}
    assert (named["max_n"], named["default_size"]) == (10, "1024x1024")
    weights = models("show", "z-image", "--json").json
    assert weights["guidance"] == {"off": 0.0, "usual": 4.0, "most": 7.0}
    assert weights["grid"] == 16
    assert models("show", "embedded", "--json").json["licence"] == "Apache-2.0"
    assert models("show", "mine", "--json").json["contract_of"] == "seedbed"
    assert "megapixels      [0.262144, 2.359296]" in models("show", "z-image").out
    unknown = models("show", "z-imag")
    assert unknown.status == 1
    assert "there is no model z-imag; did you mean z-image?" in unknown.err


def test_a_tier_that_cannot_start_can_be_looked_at(
    models: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEEDBED_TIER", "80gb")
    done = models("list", "--json")
    assert done.json["tier"] == "embedded"
    assert "this machine cannot serve: the tier 80gb is set" in done.err


def test_a_running_server_says_what_is_on_its_devices(running: Running, models: Command) -> None:
    done = seedbed(running.folder, "models", "ps", "--json", "--server", running.url)
    (worker,) = json.loads(done.stdout)["workers"]
    assert (worker["device"], worker["ready"]) == ("cpu", True)
    (model,) = worker["models"]
    assert (model["model"], model["state"]) == ("embedded", "resident")
    assert model["size_bytes"] > 1_000_000
    table = models("ps", "--server", running.url, "--api-key", running.key).out
    assert "embedded  resident" in table


def test_without_a_server_or_a_key_ps_says_so(models: Command) -> None:
    done = models("ps", "--server", "http://127.0.0.1:9", "--api-key", "k")
    assert done.status == 1
    assert "no server answers at http://127.0.0.1:9" in done.err
    assert "needs a key: say --api-key" in models("ps").err


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("127.0.0.1:8000", "no server answers at 127.0.0.1:8000"),
        ("http://[::1", "no server answers at http://[::1"),
    ],
)
def test_an_address_that_is_none_is_named(models: Command, address: str, said: str) -> None:
    done = models("ps", "--server", address, "--api-key", "k")
    assert done.status == 1
    assert said in done.err


def test_a_server_that_is_not_seedbed_is_named(models: Command) -> None:
    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as server:
        address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = Thread(target=server.handle_request)
        thread.start()
        done = models("ps", "--server", address, "--api-key", "k")
        thread.join()
    assert done.status == 1
    assert f"{address} is not a seedbed server" in done.err
