"""The whole GPU benchmark on the CPU, with tiny models: every cell runs, and nobody is misled."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks.gpu.architectures import MODELS, QWEN_IMAGE
from benchmarks.gpu.bench import Bench
from benchmarks.gpu.exactness import parity
from benchmarks.gpu.models import Scale
from benchmarks.gpu.parts import PARTS, SMOKE
from benchmarks.gpu.report import SMOKE_WARNING
from pipelines.parity.compare import run_with_swapped_timesteps
from pipelines.types import Size

REPOSITORY = Path(__file__).parents[2]
CPU = torch.device("cpu")
WITHOUT_GPU = {"CUDA_VISIBLE_DEVICES": ""}


@dataclass(frozen=True)
class Run:
    done: subprocess.CompletedProcess[str]
    folder: Path

    def part(self, number: int) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.folder / f"smoke-cpu-{number}.json").read_text())
        return content

    def cells(self, number: int, kind: str) -> list[dict[str, Any]]:
        return [cell for cell in self.part(number)["cells"] if cell["kind"] == kind]


def benchmark(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, **WITHOUT_GPU, "OMP_NUM_THREADS": "1", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("results")
    return Run(benchmark("--smoke", "--out", str(folder)), folder)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", PARTS)
def test_every_cell_is_measured(smoke: Run, part: int) -> None:
    planned = {
        (group.name, cell.kind, cell.label)
        for group in PARTS[part][1](SMOKE, CPU)
        for cell in group.cells
    }
    cells = smoke.part(part)["cells"]
    assert {(cell["family"], cell["kind"], cell["label"]) for cell in cells} == planned
    assert {cell["note"] for cell in cells} == {""}
    assert {cell["status"] for cell in cells} == {"done"}
    assert all(cell["result"] for cell in cells)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", ["parity", "parity, float32"])
def test_each_family_draws_the_same_together_as_alone(smoke: Run, kind: str) -> None:
    cells = smoke.cells(1, kind)
    assert {cell["family"] for cell in cells} == {model.name for model in MODELS}
    for cell in cells:
        assert cell["result"]["passed"], cell
        assert cell["result"]["gates_exact"], cell
        assert cell["result"]["calls_shared"] > 0, cell


@pytest.mark.timeout(900)
def test_the_command_succeeds_and_says_how_far_it_is(smoke: Run) -> None:
    assert smoke.done.returncode == 0, smoke.done.stderr
    assert "[1/30] sd15, parity, 32x32: done in" in smoke.done.stderr
    assert "left)" in smoke.done.stderr


@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", PARTS)
def test_nobody_takes_a_smoke_run_for_a_measurement(smoke: Run, part: int) -> None:
    page = (smoke.folder / f"smoke-cpu-{part}.md").read_text()
    assert SMOKE_WARNING in page.splitlines()[:4]
    assert page in smoke.done.stdout
    assert smoke.part(part)["mode"] == "smoke"


def test_without_a_gpu_one_line_says_so() -> None:
    done = benchmark("--part", "1")
    assert done.returncode == 2
    assert done.stderr.startswith("benchmarks.gpu: no CUDA device is visible to torch here")
    assert len(done.stderr.splitlines()) == 1


def test_a_wrong_merge_fails_the_parity_verdict() -> None:
    bench = Bench(QWEN_IMAGE, Scale.TINY, CPU, torch.float32)
    with torch.no_grad():
        verdict = parity(bench, Size(32, 32), run=run_with_swapped_timesteps)
    assert verdict["passed"] is False
