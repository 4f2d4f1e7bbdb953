"""The training command, all stages at toy size: it runs, resumes, and refuses a closed gate."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers import DiffusionPipeline, StableDiffusionPipeline
from rich.progress import Progress

from pipelines.embedded.drawing import draw
from pipelines.embedded.stages import GateClosed, Plan, Run
from pipelines.embedded.train import main, train

TOY = Plan(
    word_captions=200,
    reader_steps=2,
    gate=0.0,
    gate_captions=20,
    pixel_pictures=24,
    decoder_steps=3,
    decoder_pictures=6,
    decoder_batch=2,
    pictures=16,
    shard=8,
    variants=2,
    channels=(32, 32),
    batch=2,
    denoiser_s=0.2,
    report_s=0.2,
    side=64,
    sheet_prompts=("a red cat",),
)


@pytest.fixture
def progress() -> Progress:
    return Progress(disable=True)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work folder after all stages."""
    out = tmp_path_factory.mktemp("training")
    train(Run(TOY, out, Progress(disable=True)))
    return out


def test_all_stages_leave_a_pipeline_that_draws(finished: Path) -> None:
    pipeline = DiffusionPipeline.from_pretrained(finished / "weights", dtype=torch.float32)
    assert type(pipeline) is StableDiffusionPipeline
    pipeline.set_progress_bar_config(disable=True)
    pictures = draw(pipeline, ["a red cat", "一只猫"], guidance=3.0, steps=2)
    assert pictures.shape == (2, 64, 64, 3)


def test_the_run_is_logged_with_sample_sheets(finished: Path) -> None:
    assert list(finished.glob("samples-*.png"))
    assert (finished / "scale.txt").read_text().strip()


def test_a_second_run_goes_on_where_the_first_stopped(finished: Path, progress: Progress) -> None:
    before = {
        path: path.stat().st_mtime_ns for path in finished.rglob("*") if "weights" not in path.parts
    }
    shards = finished / "latents"
    (shards / "latents-00001.npy").unlink()
    train(Run(TOY, finished, progress), ("words", "pixels", "latents"))
    assert (finished / "reader.pt").stat().st_mtime_ns == before[finished / "reader.pt"]
    kept = shards / "latents-00000.npy"
    assert kept.stat().st_mtime_ns == before[kept]
    assert (shards / "latents-00001.npy").exists()

    first = torch.load(finished / "denoiser.pt", weights_only=True)
    longer = replace(TOY, denoiser_s=first["seconds"] + 0.01)
    train(Run(longer, finished, progress), ("denoiser",))
    assert torch.load(finished / "denoiser.pt", weights_only=True)["step"] == first["step"] + 1


def test_a_text_encoder_that_names_too_little_stops_the_training(
    tmp_path: Path, progress: Progress
) -> None:
    with pytest.raises(GateClosed, match=r"is named right in .* not in 99%"):
        train(Run(replace(TOY, gate=0.99, reader_steps=1), tmp_path, progress), ("words",))
    assert not (tmp_path / "reader.pt").exists()


def test_the_command_refuses_a_stage_it_does_not_have(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--stage", "denoising"])
    assert "'denoiser'" in capsys.readouterr().err
