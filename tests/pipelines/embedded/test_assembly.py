"""The folder that ships: written whole, in half precision, for every user of the machine."""

from pathlib import Path

import torch
from diffusers import DiffusionPipeline
from safetensors.torch import load_file

from pipelines.catalog import EMBEDDED_WEIGHTS
from pipelines.embedded.assembly import ship

READABLE = 0o644


def test_what_is_shipped_replaces_what_was_there_and_all_may_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    for leftover in (folder, tmp_path / "weights.new", tmp_path / "weights.old"):
        leftover.mkdir()
        (leftover / "old.json").touch()
    ship(DiffusionPipeline.from_pretrained(EMBEDDED_WEIGHTS, dtype=torch.float32), folder)
    shipped = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    expected = {path.relative_to(EMBEDDED_WEIGHTS) for path in EMBEDDED_WEIGHTS.rglob("*.*")}
    assert shipped == expected
    assert {(folder / path).stat().st_mode & 0o777 for path in shipped} == {READABLE}
    assert [path.name for path in tmp_path.iterdir()] == ["weights"]
    weights = load_file(folder / "unet" / "diffusion_pytorch_model.safetensors")
    assert {tensor.dtype for tensor in weights.values()} == {torch.float16}
