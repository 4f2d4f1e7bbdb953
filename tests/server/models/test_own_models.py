"""The operator's own models: what is read, what is refused, and two of them at work."""

import base64
import io
import shutil
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from pipelines.catalog import EMBEDDED, Catalog
from pipelines.load import bytes_on_device
from pipelines.weights.store import Store
from server.contract.named_models import MODELS, OWN_MODEL
from server.models.catalogue import build_catalog
from server.models.own_models import OwnModel, OwnModels, read_own_models
from server.terminal import CommandError
from server.weights.place import Place
from tests.ldm_checkpoints import save_sd15_checkpoint
from tests.running import Running, seedbed
from tests.tiny_models import save_lora, save_sd15, save_sdxl

_BOTH = """
[[models]]
name = "one"
folder = "one"
steps = 3

[[models]]
name = "two"
folder = "two"
family = "sdxl_turbo"
licence = "CreativeML"

[[models]]
name = "changed"
base = "one"
lora = "pytorch_lora_weights.safetensors"
lora_scale = 0.8

[[models]]
name = "whole"
folder = "configurations"
file = "one.safetensors"
steps = 3

[aliases]
"gpt-image-1" = "two"
"org/mini" = "dall-e-2"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two pipelines, a LoRA, a whole file, and the settings that name them."""
    folder = tmp_path_factory.mktemp("own")
    save_lora(folder, of=save_sd15(folder / "one"))
    save_sd15_checkpoint(folder / "one.safetensors", of=folder / "one")
    weights = shutil.ignore_patterns("*.safetensors")
    shutil.copytree(folder / "one", folder / "configurations", ignore=weights)
    save_sdxl(folder / "two", seed=3)
    (folder / "seedbed.toml").write_text(_BOTH)
    return folder


def read(folder: Path, text: str) -> OwnModels:
    (folder / "own.toml").write_text(text)
    return read_own_models(folder / "own.toml")


def catalog(folder: Path, own: OwnModels) -> Catalog:
    place = Place(Store(folder / "weights"), folder / "weights.lock", frozenset())
    return build_catalog("embedded", "cpu", place, own)


@pytest.fixture
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)
    return folder


def test_own_models_are_names_of_their_own(here: Path) -> None:
    made = catalog(here, read_own_models(here / "seedbed.toml"))
    one, two, changed = (made.stand_in(name) for name in ("one", "two", "changed"))
    assert (one.family, one.folder, one.steps) == ("sd15", here / "one", 3)
    assert (two.family, two.licence) == ("sdxl_turbo", "CreativeML")
    assert (changed.name, changed.folder, changed.steps) == ("changed", one.folder, 3)
    assert changed.loras[0].file == here / "pytorch_lora_weights.safetensors"
    assert changed.loras[0].scale == 0.8
    assert made.stand_in("gpt-image-1") == two
    assert made.stand_in("org/mini") == made.stand_in("gpt-image-2") == EMBEDDED
    assert made.contracts == {
        "one": OWN_MODEL,
        "two": OWN_MODEL,
        "changed": OWN_MODEL,
        "whole": OWN_MODEL,
        "org/mini": "dall-e-2",
    }
    names = {"embedded", "one", "two", "changed", "whole"}
    assert {one.name for one in made.stand_ins} == names


def test_the_documented_example_is_read(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "models.md").read_text()
    own = read(tmp_path, page.partition("```toml\n")[2].partition("```")[0])
    assert [model.name for model in own.models] == [
        "my-sdxl",
        "my-style",
        "my-finetune",
        "lightning",
    ]
    assert own.aliases["gpt-image-1"] == "my-sdxl"
    keys = set(page.partition("| key | meaning |")[2].partition("\n\n")[0].split("`")[1::2])
    assert set(OwnModel.model_fields) - keys == {"name"}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('name = "a"', "model a: needs one of folder, hub and base, and has none"),
        ('name = "a"\nfolder = "x"\nhub = "o/n"', "needs one of folder, hub and base, and has fo"),
        ('name = "a"\nfile = "x.safetensors"', "a single file needs base, folder or hub beside"),
        ('name = "a"\nbase = "embedded"', "says nothing but its base: an alias does that"),
        ('name = "a"\nfoldr = "x"\nfolder = "x"', "foldr is not known; did you mean folder?"),
        ('name = "a"\nfolder = "x"\nfamily = "sdlx"', "no family sdlx; did you mean sdxl?"),
        ('name = "a b"\nfolder = "x"', "name: must be letters, digits and"),
        ('name = "a"\nfolder = "x"\nsteps = 0', "steps: Input should be greater than or equal"),
        ('folder = "x"', "model 1: name: Field required"),
        ('name = "a"\nfolder = "x"\nlora_scale = nan', "lora_scale: Input should be"),
    ],
)
def test_a_wrong_table_is_refused_by_name(tmp_path: Path, table: str, said: str) -> None:
    with pytest.raises(CommandError) as caught:
        read(tmp_path, f"[[models]]\n{table}\n")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("models = 3", "models must be tables"),
        ("aliases = 3", "aliases must be a table"),
        ("[aliases]\nx = 3", "alias x: both sides must be names"),
        ('[aliases]\n"" = "one"', "alias : both sides must be names"),
        ('[[models]]\nname="a"\nfolder="x"\n[[models]]\nname="a"\nfolder="y"', "two models have"),
        ("[[models]", "is not a TOML file"),
    ],
)
def test_tables_of_another_form_are_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(CommandError) as caught:
        read(tmp_path, text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[models]]\nname="dall-e-2"\nfolder="one"', "the name is taken"),
        ('[[models]]\nname="z-image"\nfolder="one"', "the name is taken"),
        ('[[models]]\nname="a"\nfolder="nowhere"', "nowhere is not a pipeline folder"),
        ('[[models]]\nname="a"\nbase="on"\nlora="x.safetensors"', "no model on; did you mean one?"),
        ('[[models]]\nname="a"\nbase="one"\nlora="x.bin"', "x.bin must be a safetensors file"),
        ('[[models]]\nname="a"\nhub="o/n"', "o/n is not in"),
        ('[aliases]\na="z-imag"', "there is no model z-imag; did you mean z-image?"),
        ('[aliases]\na="z-image"', "the weights of z-image are not here: `seedbed weights fetch"),
        ('[aliases]\none="embedded"', "alias one: a model of that name is defined"),
    ],
)
def test_what_cannot_be_found_is_named(here: Path, text: str, said: str) -> None:
    one = (
        ""
        if "base" not in text and "one=" not in text
        else '[[models]]\nname="one"\nfolder="one"\n'
    )
    with pytest.raises(CommandError) as caught:
        catalog(here, read(here, one + text))
    assert said in str(caught.value)


def test_a_tier_without_its_weights_does_not_start(tmp_path: Path) -> None:
    done = seedbed(tmp_path, "serve", "--tier", "24gb", "--port", "0")
    assert done.returncode == 1
    assert "weights of it are missing: flux2-klein-4b, z-image-turbo" in done.stderr
    assert "`seedbed weights fetch --profile 24gb`" in done.stderr


@pytest.fixture(scope="module")
def serving(folder: Path) -> Iterator[Running]:
    # An invisible mark differs by the model's name, and here pixels are compared.
    settings = {"SEEDBED_THREADS": "1", "SEEDBED_INVISIBLE_MARK": "false"}
    room = bytes_on_device(EMBEDDED.folder, torch.device("cpu")) / 2**30
    with Running(folder, ("--memory-gib", f"{room + 1e-5:.5f}"), settings) as server:
        server.read_until("ready")
        yield server


def draw(server: Running, **said: Any) -> httpx2.Response:
    body = {"prompt": "a cat", "seed": 1, "size": "512x512", "response_format": "b64_json"}
    answer = httpx2.post(
        f"{server.url}/v1/images/generations",
        json=body | said,
        headers={"authorization": f"Bearer {server.key}"},
        timeout=120,
    )
    assert answer.status_code == 200, answer.text
    return answer


def pixels(answer: httpx2.Response) -> NDArray[np.uint8]:
    data = base64.b64decode(answer.json()["data"][0]["b64_json"])
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(picture.convert("RGB"))


def test_every_name_is_drawn_by_its_own_model_on_demand(serving: Running) -> None:
    """The budget holds the embedded model and nothing beside it."""
    pictures = {}
    for name in ("two", "changed", "whole", "one"):
        assert f"loading {name}: " not in serving.log.read_text()
        answer = draw(serving, model=name)
        assert answer.headers["x-seedbed-model"] == f"{name}; requested={name}"
        pictures[name] = pixels(answer)
    for one, other in combinations(("two", "changed", "one"), 2):
        assert not np.array_equal(pictures[one], pictures[other]), (one, other)
    # The same weights, once as a file and once as a folder.
    assert np.array_equal(pictures["whole"], pictures["one"])
    assert answer.headers["x-seedbed-steps"] == "3"
    named = draw(serving, model="gpt-image-1", size="1024x1024")
    assert named.headers["x-seedbed-model"] == "two; requested=gpt-image-1"
    assert named.headers["x-seedbed-native-size"] == "512x512"


def test_own_names_are_listed_among_the_others(serving: Running) -> None:
    headers = {"authorization": f"Bearer {serving.key}"}
    data = httpx2.get(f"{serving.url}/v1/models", headers=headers).json()["data"]
    assert [each["id"] for each in data] == [
        *MODELS,
        *("one", "two", "changed", "whole", "org/mini"),
    ]
    shown = httpx2.get(f"{serving.url}/v1/models/org/mini", headers=headers).json()
    assert shown["id"] == "org/mini"
