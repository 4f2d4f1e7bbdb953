"""The training command, all stages at toy size: it runs, resumes, and refuses a closed gate."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers import (
    AutoencoderTiny,
    DiffusionPipeline,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from PIL import Image
from rich.progress import Progress

from pipelines.embedded.beginning import OtherModel, begin_from
from pipelines.embedded.denoiser_stage import resume_denoiser, start_denoiser
from pipelines.embedded.denoiser_training import Budget
from pipelines.embedded.drawing import draw
from pipelines.embedded.examples import ExamplePool
from pipelines.embedded.plan import Clock, Run
from pipelines.embedded.shards import PART, join
from pipelines.embedded.stages import GateClosed
from pipelines.embedded.train import Beginning, main, parser, run_of, train
from pipelines.embedded.work_folder import WorkFolder
from tests.pipelines.embedded.toy import CPU, TOY, quiet

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Networks of this size lose time in threads that wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work folder after all stages."""
    out = tmp_path_factory.mktemp("training")
    train(quiet(TOY, out))
    return out


def steps_of(checkpoint: Path) -> int:
    return int(torch.load(checkpoint, weights_only=True)["step"])


def test_all_stages_leave_a_pipeline_that_draws(finished: Path) -> None:
    pipeline = DiffusionPipeline.from_pretrained(finished / "weights", dtype=torch.float32)
    assert type(pipeline) is StableDiffusionPipeline
    pipeline.set_progress_bar_config(disable=True)
    pictures = draw(pipeline, ["a red cat", "一只猫"], guidance=3.0, steps=2)
    assert pictures.shape == (2, 64, 64, 3)


def test_the_run_is_logged_with_sample_sheets(finished: Path) -> None:
    assert list(finished.glob("samples-*.png"))
    with Image.open(finished / "loss.png") as picture:
        assert picture.width > picture.height
    assert (finished / "scale.txt").read_text().strip()


def test_a_second_run_goes_on_where_the_first_stopped(finished: Path) -> None:
    before = {
        path: path.stat().st_mtime_ns for path in finished.rglob("*") if "weights" not in path.parts
    }
    shards = finished / "latents"
    (shards / "latents-00001.npy").unlink()
    train(quiet(TOY, finished), ("words", "pixels", "latents"))
    for kept in ("reader.pt", "decoder.pt", "pca.safetensors", "latents/latents-00000.npy"):
        assert (finished / kept).stat().st_mtime_ns == before[finished / kept]
    assert (shards / "latents-00001.npy").exists()


def test_a_longer_budget_goes_on_from_before_the_learning_rate_fell(
    finished: Path, tmp_path: Path
) -> None:
    out = tmp_path / "work"
    shutil.copytree(finished, out)
    run = quiet(TOY, out)
    pool = ExamplePool(run.shards, TOY.shards, 1.0, CPU)
    pool.join()
    training = start_denoiser(run)
    for seconds, file in ((10.0, run.work.held_file), (90.0, run.work.denoiser_file)):
        training.seconds = seconds
        training.train_step(pool.groups, Budget(100.0))
        training.save(file)
    assert training.falling

    def resumed(denoiser_s: float) -> int:
        longer = quiet(replace(TOY, denoiser_s=denoiser_s), out)
        again = start_denoiser(longer)
        resume_denoiser(longer, again)
        assert again.falling == (again.step == 2)
        return again.step

    assert resumed(100.0) == resumed(120.0) == 2
    assert resumed(1000.0) == 1


def killed_when(out: Path, stage: str, updates: int) -> None:
    """Kill a training once this stage has said so often that it moved on."""
    script = (
        "from pathlib import Path; from tests.pipelines.embedded.toy import endless; "
        f"endless(Path({str(out)!r}))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            updates -= line.strip() == stage
            if not updates:
                break
        process.kill()
        assert process.wait() == -signal.SIGKILL


def test_a_training_that_was_killed_in_any_stage_is_resumed(finished: Path, tmp_path: Path) -> None:
    killed_when(tmp_path, "words", 3)
    assert not (tmp_path / "reader.pt").exists()
    assert steps_of(tmp_path / "reader-unfinished.pt") >= 4
    train(quiet(TOY, tmp_path), ("words", "pixels", "latents"))
    assert not (tmp_path / "reader-unfinished.pt").exists()

    killed_when(tmp_path, "denoiser", 3)
    step = steps_of(tmp_path / "denoiser.pt")
    seconds = torch.load(tmp_path / "denoiser.pt", weights_only=True)["seconds"]
    more = replace(TOY, denoiser_s=seconds + 0.3, look_every=1)
    train(quiet(more, tmp_path))
    assert steps_of(tmp_path / "denoiser.pt") > step
    logged = [int(row.split(",")[0]) for row in (tmp_path / "loss.csv").read_text().splitlines()]
    assert logged == sorted(set(logged))
    assert logged[0] < step < logged[-1]
    assert (tmp_path / "weights" / "model_index.json").exists()


def test_a_command_with_an_end_leaves_all_one_needs_in_files_to_carry(
    finished: Path, tmp_path: Path
) -> None:
    """Rendered beside it, from the weights of an earlier run, evaluated when there is time."""
    out, carried = tmp_path / "work", tmp_path / "carried"
    plan = replace(TOY, beside=True, pictures=8, evaluate=3)
    shards = out / "latents"
    shards.mkdir(parents=True)
    for name in ("latents-00000.npy", "ids-00000-2.pt"):
        (shards / name).write_bytes((finished / "latents" / name).read_bytes())
    run = Run(plan, out, Progress(disable=True), Clock(3.0), CPU, carried)
    train(run, beginning=Beginning(finished / "weights"))

    names = {path.name for path in carried.iterdir()}
    assert names == {"parts.json", "part-000", "sheet.png", "loss.png"}
    assert all(path.stat().st_size <= PART for path in carried.iterdir())
    join(carried, tmp_path / "joined")
    shipped = {path.name: path.read_bytes() for path in (out / "weights" / "unet").iterdir()}
    again = {path.name: path.read_bytes() for path in (tmp_path / "joined" / "unet").iterdir()}
    assert again == shipped
    assert steps_of(out / "denoiser.pt") > 0


def test_a_training_begins_from_weights(finished: Path, tmp_path: Path) -> None:
    before, after = WorkFolder(finished), WorkFolder(tmp_path)
    begin_from(finished / "weights", after, TOY.decoder_steps, denoiser=True)
    for old, new in zip(before.pca().levels, after.pca().levels, strict=True):
        assert torch.allclose(old, new, rtol=1e-3, atol=1e-5)
    drawn = [work.vae(1.0).decoder(torch.ones(1, 32, 2, 2)) for work in (before, after)]
    assert torch.allclose(*drawn, atol=0.02)
    ids = torch.tensor([[5, 6, 7, 8]])
    states = [work.reader()(ids) for work in (before, after)]
    assert torch.allclose(*states, atol=0.02)
    shipped = UNet2DConditionModel.from_pretrained(finished / "weights" / "unet").float()
    training = start_denoiser(quiet(TOY, tmp_path))
    assert all(map(torch.equal, training.average, shipped.parameters()))


def test_weights_of_another_model_are_no_beginning(finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    shutil.copytree(finished / "weights", folder)
    shutil.rmtree(folder / "vae")
    sizes = {"encoder_block_out_channels": (8, 8), "decoder_block_out_channels": (8, 8),
             "num_encoder_blocks": (0, 0), "num_decoder_blocks": (1, 1)}  # fmt: skip
    AutoencoderTiny(latent_channels=4, **sizes).save_pretrained(folder / "vae")
    with pytest.raises(OtherModel, match="is of another model"):
        begin_from(folder, WorkFolder(tmp_path / "work"), 3, denoiser=True)


def test_a_text_encoder_that_names_too_little_stops_the_training(tmp_path: Path) -> None:
    with pytest.raises(GateClosed, match=r"is named right in .* not in 99%"):
        train(quiet(replace(TOY, gate=0.99, reader_steps=1), tmp_path), ("words",))
    assert not (tmp_path / "reader.pt").exists()


def asked_for(*words: str) -> Run:
    return run_of(parser().parse_args(words), Progress(disable=True), 0.0)


def test_minutes_are_for_the_whole_command_and_the_denoisers_own_are_not() -> None:
    whole, plain = asked_for("--minutes", "20"), asked_for("--denoiser-minutes", "5")
    assert whole.clock.total_s == 1200
    assert plain.clock.endless
    assert plain.plan.denoiser_s == 300
    with pytest.raises(SystemExit):
        asked_for("--minutes", "20", "--denoiser-minutes", "5")


def test_a_gpu_gets_larger_batches_of_the_same_networks() -> None:
    gpu, cpu = asked_for("--device", "cuda"), asked_for("--device", "cpu", "--pictures", "5000")
    assert gpu.device.type == "cuda"
    assert gpu.plan.batch > cpu.plan.batch
    assert gpu.plan.beside
    assert not cpu.plan.beside
    assert gpu.plan.channels == cpu.plan.channels
    assert cpu.plan.shards == 5
    assert asked_for("--device", "cuda", "--batch", "64").plan.batch == 64


def test_the_command_refuses_a_stage_it_does_not_have(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--stage", "denoising"])
    assert "'denoiser'" in capsys.readouterr().err
