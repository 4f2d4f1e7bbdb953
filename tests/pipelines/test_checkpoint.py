"""Stand-ins that are more than a folder: a single file, LoRAs, another noise schedule."""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from pipelines.catalog import LoRA, StandIn, family_of
from pipelines.checkpoint import read_stand_in, stand_in_bytes
from pipelines.detect import detect_family
from pipelines.errors import ModelBroken
from pipelines.load import bytes_on_device
from pipelines.memory import Models
from pipelines.merge import Digests, run
from pipelines.parity.registry import CASES
from pipelines.session import Session
from pipelines.types import ImageRequest, Size
from pipelines.weights.lock import Lock, LockedFile, LockedWeights, render_lock
from tests.ldm_checkpoints import save_sd15_checkpoint, save_sdxl_checkpoint
from tests.tiny_models import save_lora, save_sd15, save_sdxl

pytestmark = [
    pytest.mark.filterwarnings("ignore:.LoraLoaderMixin. is deprecated:FutureWarning"),
]
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_sd15(tmp_path_factory.mktemp("sd15"))


@pytest.fixture(scope="module")
def lora(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_lora(tmp_path_factory.mktemp("lora"), of=folder)


@pytest.fixture
def plain(folder: Path) -> StandIn:
    return StandIn("plain", "sd15", folder, "none")


def denoiser(stand_in: StandIn) -> dict[str, torch.Tensor]:
    pipe: Any = read_stand_in(stand_in, CPU)
    weights: dict[str, torch.Tensor] = pipe.unet.state_dict()
    return weights


def changed(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor]) -> set[str]:
    assert before.keys() == after.keys()
    return {name for name in before if not torch.equal(before[name], after[name])}


def test_a_lora_is_fused_into_the_weights_it_was_made_for(plain: StandIn, lora: Path) -> None:
    before = denoiser(plain)
    with_lora = denoiser(replace(plain, loras=(LoRA(lora),)))
    touched = changed(before, with_lora)
    assert {name.rpartition(".attn")[2][2:] for name in touched} == {
        "to_q.weight",
        "to_k.weight",
        "to_v.weight",
    }
    name = min(touched)
    weights = load_file(lora)
    stem = f"unet.{name.removesuffix('.weight')}"
    product = weights[f"{stem}.lora_B.weight"] @ weights[f"{stem}.lora_A.weight"]
    added = with_lora[name] - before[name]
    assert torch.nn.functional.cosine_similarity(
        added.flatten(), product.flatten(), dim=0
    ) == pytest.approx(1, abs=1e-3)
    half = denoiser(replace(plain, loras=(LoRA(lora, 0.5),)))[name] - before[name]
    torch.testing.assert_close(half * 2, added, rtol=1e-3, atol=1e-4)


def test_a_lora_of_the_store_that_was_changed_since_is_refused(
    plain: StandIn, lora: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "lab-lora" / ("0" * 40)
    file = Path(shutil.copytree(lora.parent, folder), lora.name)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    locked = LockedFile(file.name, file.stat().st_size, sha256)
    entry = LockedWeights("a", "hf://a/b", "0" * 40, "MIT", True, False, (), (), (locked,))
    folder.with_name(f"{folder.name}.lock").write_text(render_lock(Lock("0" * 64, (entry,))))
    with_lora = replace(plain, loras=(LoRA(file),))
    read_stand_in(with_lora, CPU)
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    with pytest.raises(ModelBroken, match=f"{file.name} has sha256"):
        read_stand_in(with_lora, CPU)


def test_two_loras_are_both_fused(plain: StandIn, lora: Path, tmp_path: Path) -> None:
    other = save_lora(tmp_path, of=plain.folder, seed=1)
    first = denoiser(replace(plain, loras=(LoRA(lora),)))
    both = denoiser(replace(plain, loras=(LoRA(lora), LoRA(other))))
    assert changed(first, both)


def test_a_lora_of_another_model_is_refused(lora: Path, plain: StandIn, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.safetensors"
    save_file(
        {name.replace("unet.", "transformer."): w for name, w in load_file(lora).items()}, foreign
    )
    with pytest.raises(ModelBroken, match=r"foreign\.safetensors changes nothing of a Stable"):
        read_stand_in(replace(plain, loras=(LoRA(foreign),)), CPU)
    xl = replace(plain, folder=save_sdxl(tmp_path / "sdxl"))
    with pytest.raises(ModelBroken, match="cannot be added as a LoRA"):
        read_stand_in(replace(xl, loras=(LoRA(lora),)), CPU)


def test_the_weights_of_a_single_file_take_the_place_of_the_denoisers(
    plain: StandIn, tmp_path: Path
) -> None:
    other = save_sd15(tmp_path / "other", seed=5)
    file = shutil.copy(
        other / "unet" / "diffusion_pytorch_model.safetensors", tmp_path / "a.safetensors"
    )
    own = denoiser(replace(plain, file=Path(file)))
    assert changed(denoiser(plain), own)
    assert not changed(denoiser(replace(plain, folder=other)), own)
    assert stand_in_bytes(replace(plain, file=Path(file)), CPU) == bytes_on_device(
        plain.folder, CPU
    )


def parts_of(stand_in: StandIn) -> dict[str, dict[str, torch.Tensor]]:
    components = read_stand_in(stand_in, CPU).components
    modules = {name: one for name, one in components.items() if isinstance(one, torch.nn.Module)}
    return {name: one.state_dict() for name, one in modules.items()}


def without_weights(folder: Path, copy: Path) -> Path:
    """Its configurations and tokenizers, as a repository's small files are."""
    return Path(shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*.safetensors")))


@pytest.mark.parametrize(
    ("save", "to_file"), [(save_sd15, save_sd15_checkpoint), (save_sdxl, save_sdxl_checkpoint)]
)
def test_a_whole_checkpoint_brings_all_weights_and_the_folder_its_configurations(
    save: Callable[..., Path], to_file: Callable[..., Path], tmp_path: Path
) -> None:
    folder = save(tmp_path / "folder", seed=5)
    file = to_file(tmp_path / "whole.safetensors", of=folder)
    whole = StandIn("whole", "sd15", without_weights(folder, tmp_path / "bare"), "none", file=file)
    expected = parts_of(replace(whole, folder=folder, file=None))
    read = parts_of(whole)
    assert read.keys() == expected.keys()
    for name, weights in expected.items():
        assert not changed(weights, read[name]), name
    assert stand_in_bytes(whole, CPU) == bytes_on_device(folder, CPU)


def rewritten(file: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> Path:
    weights = load_file(file)
    change(weights)
    save_file(weights, file)
    return file


@pytest.fixture
def whole(plain: StandIn, tmp_path: Path) -> StandIn:
    file = save_sd15_checkpoint(tmp_path / "whole.safetensors", of=plain.folder)
    return replace(plain, file=file)


def test_what_a_whole_checkpoint_does_not_have_is_named(whole: StandIn) -> None:
    assert whole.file is not None
    rewritten(whole.file, lambda weights: weights.pop("model.diffusion_model.out.2.bias"))
    with pytest.raises(ModelBroken, match=r"lacks weights that models of this kind have$"):
        read_stand_in(whole, CPU)
    stem = "cond_stage_model.transformer.text_model."
    save_sd15_checkpoint(whole.file, of=whole.folder)
    rewritten(whole.file, lambda weights: weights.pop(f"{stem}final_layer_norm.bias"))
    with pytest.raises(ModelBroken, match=r"lacks 1 weights of text_encoder, the first is \S+bias"):
        read_stand_in(whole, CPU)

    def forget_text(weights: dict[str, torch.Tensor]) -> None:
        for name in [name for name in weights if name.startswith("cond_stage")]:
            del weights[name]

    rewritten(whole.file, forget_text)
    with pytest.raises(ModelBroken, match="Failed to load CLIPTextModel") as caught:
        read_stand_in(whole, CPU)
    assert "from_single_file" not in str(caught.value)


def test_a_whole_checkpoint_of_another_kind_is_refused_by_its_base(
    whole: StandIn, tmp_path: Path
) -> None:
    xl = save_sdxl(tmp_path / "xl")
    with pytest.raises(ModelBroken, match=r"another kind than .*, a StableDiffusionXLPipeline"):
        read_stand_in(replace(whole, folder=xl), CPU)
    file = save_sdxl_checkpoint(tmp_path / "xl.safetensors", of=xl)
    with pytest.raises(ModelBroken, match=r"\(conditioner\.\*\) do not belong to one"):
        read_stand_in(replace(whole, file=file), CPU)


def test_a_checkpoint_without_an_autoencoder_takes_the_folders(whole: StandIn) -> None:
    assert whole.file is not None

    def forget(weights: dict[str, torch.Tensor]) -> None:
        for name in [name for name in weights if name.startswith("first_stage_model.")]:
            del weights[name]

    rewritten(whole.file, forget)
    own = parts_of(replace(whole, file=None))
    read = parts_of(whole)
    assert not changed(own["vae"], read["vae"])
    assert not changed(own["unet"], read["unet"])


def test_averages_of_the_training_take_no_memory(whole: StandIn) -> None:
    assert whole.file is not None
    before = stand_in_bytes(whole, CPU)
    rewritten(whole.file, lambda weights: weights.update({"model_ema.x": torch.zeros(1000)}))
    assert stand_in_bytes(whole, CPU) == before


def test_a_checkpoint_that_predicts_velocity_says_so(whole: StandIn) -> None:
    assert whole.file is not None
    pipe: Any = read_stand_in(whole, CPU)
    assert pipe.scheduler.config.prediction_type == "epsilon"
    rewritten(whole.file, lambda weights: weights.update(v_pred=torch.zeros(0)))
    pipe = read_stand_in(whole, CPU)
    assert pipe.scheduler.config.prediction_type == "v_prediction"
    assert pipe.scheduler.config.rescale_betas_zero_snr is False
    rewritten(whole.file, lambda weights: weights.update(ztsnr=torch.zeros(0)))
    pipe = read_stand_in(whole, CPU)
    assert pipe.scheduler.config.rescale_betas_zero_snr is True


@pytest.mark.parametrize("name", ["a.ckpt", "a.safetensors"])
def test_files_that_could_run_code_are_refused(plain: StandIn, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    torch.save({"weight": torch.zeros(1)}, file)
    for stand_in in (replace(plain, file=file), replace(plain, loras=(LoRA(file),))):
        with pytest.raises(ModelBroken, match=rf"{name}.*(could run code|is not readable)"):
            read_stand_in(stand_in, CPU)


def test_a_file_of_another_kind_is_refused_by_name(plain: StandIn, tmp_path: Path) -> None:
    file = tmp_path / "other.safetensors"
    save_file({"some.weight": torch.zeros(3)}, file)
    with pytest.raises(ModelBroken, match=r"other\.safetensors cannot be read in place of"):
        read_stand_in(replace(plain, file=file), CPU)


def test_the_noise_schedule_can_be_set(plain: StandIn) -> None:
    pipe: Any = read_stand_in(replace(plain, noise=(("timestep_spacing", "trailing"),)), CPU)
    assert pipe.scheduler.config.timestep_spacing == "trailing"
    assert pipe.scheduler.config.steps_offset == 1


def test_a_family_is_told_by_the_folder(folder: Path, tmp_path: Path) -> None:
    assert detect_family(folder) == "sd15"
    index = tmp_path / "model_index.json"
    for content, family in (
        ('{"_class_name": "SanaPipeline"}', "generic"),
        ('{"_class_name": "Flux2KleinPipeline", "is_distilled": true}', "flux2_klein"),
        ('{"_class_name": "Flux2KleinPipeline", "is_distilled": false}', "flux2_klein_base"),
        ('{"_class_name": "QwenImageEditPlusPipeline"}', "qwen_image_edit"),
    ):
        index.write_text(content)
        assert detect_family(tmp_path) == family
    index.write_text('{"_class_name": "FluxPipeline"}')
    (tmp_path / "transformer").mkdir()
    config = tmp_path / "transformer" / "config.json"
    for content, family in (('{"guidance_embeds": true}', "flux"), ("{}", "flux_schnell")):
        config.write_text(content)
        assert detect_family(tmp_path) == family
    index.write_text("[]")
    with pytest.raises(ModelBroken, match="holds no JSON object"):
        detect_family(tmp_path)


def test_an_unknown_pipeline_is_called_with_what_it_takes() -> None:
    case, models = CASES["flux2_klein"], Models(CPU)
    pipe = case.build()
    pipe.set_progress_bar_config(disable=True)
    stand_in = StandIn("other", "generic", Path(), "none")
    resident = models.add(stand_in, family_of(stand_in), pipe)
    wanted = ImageRequest(
        "one", "other", "a cat", Size(64, 64), 2, 3.0, seed=1, negative_prompt="fog"
    )
    arguments = resident.arguments_for(wanted)
    assert "negative_prompt" not in arguments
    assert arguments["guidance_scale"] == 3.0
    session = Session(wanted, pipe, {**case.call, **arguments}, Digests())
    with torch.no_grad():
        session.start()
        while session.pending:
            session.feed(run(session.pending))
    assert session.error is None
    assert session.step == 2
