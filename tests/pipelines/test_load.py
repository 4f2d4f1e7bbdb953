"""Folders that are broken, unfinished or could run code are refused by name."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from pipelines.catalog import EMBEDDED
from pipelines.errors import ModelBroken
from pipelines.load import check_folder, load_pipeline, pick_device


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "model"
    shutil.copytree(EMBEDDED.folder, copy)
    return copy


def test_the_shipped_folder_is_accepted(folder: Path) -> None:
    check_folder(folder)
    pipe = load_pipeline(folder, torch.device("cpu"))
    assert pipe.unet.dtype == torch.float32


@pytest.mark.parametrize("name", ["unet/model.bin", "vae/x.ckpt", "evil.py", "unet/w.pt", "a.pkl"])
def test_files_that_could_run_code_are_refused_and_named(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"x")
    with pytest.raises(ModelBroken, match=Path(name).name):
        check_folder(folder)


def test_an_unfinished_download_is_refused_and_named(folder: Path) -> None:
    (folder / "unet" / "model.safetensors.incomplete").write_bytes(b"")
    with pytest.raises(ModelBroken, match="incomplete"):
        check_folder(folder)


def test_a_missing_component_is_refused_and_named(folder: Path) -> None:
    shutil.rmtree(folder / "vae")
    with pytest.raises(ModelBroken, match="vae"):
        check_folder(folder)


def test_a_missing_shard_is_refused_and_named(folder: Path) -> None:
    weights = next((folder / "unet").glob("*.safetensors"))
    index = folder / "unet" / "diffusion_pytorch_model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"one": weights.name, "two": weights.name}}))
    variant = index.with_name("diffusion_pytorch_model.fp16.safetensors.index.json")
    variant.write_text(json.dumps({"weight_map": {"one": "not needed"}}))
    check_folder(folder)
    index.write_text(json.dumps({"weight_map": {"one": weights.name, "two": "gone.safetensors"}}))
    with pytest.raises(ModelBroken, match=r"gone\.safetensors is missing"):
        check_folder(folder)


def test_an_index_of_shards_that_says_nothing_is_refused(folder: Path) -> None:
    index = folder / "unet" / "diffusion_pytorch_model.safetensors.index.json"
    index.write_text("{}")
    with pytest.raises(ModelBroken, match=index.name):
        check_folder(folder)


def test_a_folder_without_an_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelBroken, match=r"model_index\.json"):
        check_folder(tmp_path)


def test_a_folder_of_blocks_is_refused_and_says_what_it_lacks(folder: Path) -> None:
    (folder / "model_index.json").rename(folder / "modular_model_index.json")
    with pytest.raises(ModelBroken, match=r"of blocks.*give one with model_index\.json"):
        check_folder(folder)


@pytest.mark.parametrize("text", ["{", "[]"], ids=["no JSON", "no object"])
def test_an_unreadable_index_is_refused(folder: Path, text: str) -> None:
    (folder / "model_index.json").write_text(text)
    with pytest.raises(ModelBroken, match=r"model_index\.json"):
        check_folder(folder)


def test_truncated_weights_are_refused_with_the_folder_named(folder: Path) -> None:
    weights = next((folder / "unet").glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelBroken, match=str(folder)):
        load_pipeline(folder, torch.device("cpu"))


def test_a_folder_that_asks_for_a_custom_pipeline_class_is_refused(folder: Path) -> None:
    index = json.loads((folder / "model_index.json").read_text())
    index["_class_name"] = ["custom_pipeline", "Evil"]
    (folder / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(ModelBroken, match="custom"):
        check_folder(folder)


def test_the_automatic_device_is_the_cpu_where_there_is_no_other() -> None:
    expected = "cuda" if torch.cuda.is_available() else "cpu"
    assert pick_device("auto").type in (expected, "mps")
    assert pick_device("cpu") == torch.device("cpu")
