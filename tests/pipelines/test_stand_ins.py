"""Who draws for which name, on which hardware, with which weights."""

import os
from pathlib import Path
from typing import get_args

import pytest

from pipelines.catalog import EMBEDDED, Catalog, StandIn, always_by, family_of
from pipelines.errors import ModelBroken
from pipelines.families import FAMILIES, family
from pipelines.families.base import Quality
from pipelines.hardware import gpu_bytes
from pipelines.stand_ins import Find, missing, stand_in, tier_catalog, wanted
from pipelines.tiers import (
    FITTINGS,
    GPU_TIERS,
    LINES,
    OPEN_WEIGHTS,
    TABLE,
    TIERS,
    Line,
    Tier,
    cells,
    tier_of,
)
from pipelines.weights.intent import read_intent

QUALITIES: tuple[Quality, ...] = get_args(Quality)
DEFAULT_SET = (
    "flux2-klein-4b",
    "z-image-turbo",
    "z-image",
    "qwen-image-2512",
    "qwen-image-edit-2511",
)
EVERY_LINE: dict[str, Line] = {line: line for line in LINES}
_GIB = 2**30


def having(*names: str) -> Find:
    """Weights that are here, in folders that nobody looks into."""
    return lambda name: Path("weights", name) if name in names else None


def drawn_by(catalog: Catalog, line: Line, references: int = 0) -> list[str]:
    return [catalog.stand_in(line, quality, references).name for quality in QUALITIES]


def test_every_tier_answers_for_every_line_with_weights_and_families_that_there_are() -> None:
    assert set(TABLE) == set(GPU_TIERS)
    assert set(FITTINGS) == set(TIERS)
    for tier in GPU_TIERS:
        assert set(TABLE[tier]) == set(LINES)
        assert {name for cell in cells(tier) for name in cell} <= set(OPEN_WEIGHTS)
    assert {known.family for known in OPEN_WEIGHTS.values()} <= set(FAMILIES)


@pytest.mark.parametrize("tier", GPU_TIERS)
def test_the_default_set_is_free_and_enough_for_every_tier(tier: Tier) -> None:
    assert missing(tier, having(*DEFAULT_SET)) == ()
    assert all(OPEN_WEIGHTS[name].free for cell in cells(tier) for name in cell)
    catalog = tier_catalog(tier, EVERY_LINE, having(*DEFAULT_SET))
    assert EMBEDDED not in catalog.stand_ins
    for line in LINES:
        for name in drawn_by(catalog, line, references=2):
            assert family(OPEN_WEIGHTS[name].family).abilities.references >= 2


@pytest.mark.parametrize("tier", GPU_TIERS)
def test_a_tiers_profile_fetches_what_the_tier_draws_with(tier: Tier) -> None:
    intent = read_intent(Path(__file__).parents[2] / "weights.toml")
    fetched = {wanted.id for wanted in intent.weights if tier in wanted.profiles}
    assert {name for cell in cells(tier) for name in cell} <= fetched


def test_one_download_is_enough_for_the_smallest_gpu() -> None:
    only_klein = having("flux2-klein-4b")
    assert missing("8gb", only_klein) == ()
    assert wanted("8gb", only_klein) == ("z-image-turbo",)
    assert tier_catalog("8gb", EVERY_LINE, only_klein).stand_ins == (
        stand_in("flux2-klein-4b", only_klein),
    )


def test_a_tier_says_what_it_lacks() -> None:
    assert missing("24gb", having("flux2-klein-4b", "z-image")) == ("z-image-turbo",)
    assert set(missing("80gb", having())) == {"flux2-klein-4b", "qwen-image-2512"}
    assert missing("embedded", having()) == ()


@pytest.fixture
def everything(tmp_path: Path) -> Find:
    """All weights of the table; a LoRA's folder holds its one file."""
    for name in OPEN_WEIGHTS:
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights.safetensors").touch()
    return lambda name: tmp_path / name


def test_quality_chooses_another_checkpoint_or_more_steps(everything: Find) -> None:
    catalog = tier_catalog("80gb", EVERY_LINE, everything)
    fast, full = "qwen-image-2512-lightning", "qwen-image-2512"
    assert drawn_by(catalog, "gpt-image") == [fast, fast, full]
    assert drawn_by(catalog, "gpt-image-mini") == ["flux2-klein-4b"] * 3
    assert drawn_by(catalog, "seedream") == [full] * 3
    small = tier_catalog("24gb", EVERY_LINE, everything)
    assert drawn_by(small, "gpt-image") == ["flux2-klein-4b", "z-image-turbo", "z-image-turbo"]
    assert drawn_by(small, "seedream-3") == ["z-image"] * 3


def test_pictures_go_to_whoever_takes_as_many(everything: Find) -> None:
    catalog = tier_catalog("80gb", EVERY_LINE, everything)
    for references, name in (
        (1, "qwen-image-edit-2511"),
        (3, "qwen-image-edit-2511"),
        (4, "flux2-klein-4b"),
    ):
        assert drawn_by(catalog, "seedream", references) == [name] * 3
    most = family("flux2_klein").abilities.references
    assert drawn_by(catalog, "seedream", most + 5) == ["flux2-klein-4b"] * 3


def test_a_lora_of_the_table_is_its_base_with_one_file_and_its_own_noise(
    everything: Find, tmp_path: Path
) -> None:
    fast = stand_in("qwen-image-2512-lightning", everything)
    assert fast is not None
    assert fast.folder == tmp_path / "qwen-image-2512"
    assert [lora.file.parent.name for lora in fast.loras] == ["qwen-image-2512-lightning"]
    assert dict(fast.noise)["shift_terminal"] is None
    assert stand_in("qwen-image-2512-lightning", having("qwen-image-2512-lightning")) is None
    (tmp_path / "qwen-image-2512-lightning" / "another.safetensors").touch()
    with pytest.raises(ModelBroken, match="must hold one safetensors file, and holds 2"):
        stand_in("qwen-image-2512-lightning", everything)


@pytest.mark.parametrize(
    ("gib", "tier"),
    [
        (None, "embedded"),
        (6, "embedded"),
        (7.996, "8gb"),
        (15.9, "8gb"),
        (22.49, "24gb"),
        (23.99, "24gb"),
        (47.5, "24gb"),
        (79.6, "80gb"),
        (139.8, "80gb"),
    ],
)
def test_a_gpu_between_two_tiers_takes_the_lower(gib: float | None, tier: Tier) -> None:
    assert tier_of(None if gib is None else int(gib * _GIB)) == tier


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """An environment in which NVIDIA's tool answers for two GPUs."""
    tool = tmp_path / "nvidia-smi"
    tool.write_text(
        "#!/bin/sh\n"
        'for word in "$@"; do case "$word" in\n'
        "  --id=0) echo 24564;;\n"
        "  --id=1|--id=GPU-b) echo 81559;;\n"
        "  --id=*) echo No devices were found; exit 6;;\n"
        "esac; done\n"
    )
    tool.chmod(0o755)
    return {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}


@pytest.mark.parametrize(
    ("device", "visible", "mib"),
    [
        ("auto", None, 24564),
        ("cuda", None, 24564),
        ("cuda:1", None, 81559),
        ("cuda:7", None, None),
        ("cpu", None, None),
        ("auto", "1,0", 81559),
        ("cuda:1", "1,0", 24564),
        ("cuda:0", "GPU-b", 81559),
        ("cuda:1", "GPU-b", None),
        ("auto", "", None),
        ("auto", "-1", None),
    ],
)
def test_the_memory_is_that_of_the_gpu_cuda_would_take(
    machine: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    device: str,
    visible: str | None,
    mib: int | None,
) -> None:
    monkeypatch.setenv("PATH", machine["PATH"])
    environment = machine if visible is None else machine | {"CUDA_VISIBLE_DEVICES": visible}
    assert gpu_bytes(device, environment) == (None if mib is None else mib * 2**20)


def test_a_machine_without_a_driver_has_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert gpu_bytes("auto", {}) is None


def test_a_stand_ins_own_numbers_take_the_place_of_its_familys() -> None:
    own = StandIn("fast", "sdxl", Path(), "none", steps=150, guidance=1.0)
    tuned = family_of(own)
    assert {tuned.steps(quality) for quality in QUALITIES} == {150}
    assert tuned.limits.max_steps == 150
    assert tuned.guidance(None) == 1.0
    assert tuned.guidance(10) == family("sdxl").guidance(10)
    assert family_of(StandIn("plain", "sdxl", Path(), "none")) == family("sdxl")


def test_what_a_vendor_takes_as_usual_is_what_the_makers_recommend() -> None:
    assert family("z_image").guidance(2.5, usual=2.5) == family("z_image").guidance(None)
    assert family("z_image").guidance(2.5) < family("z_image").guidance(2.5, usual=2.5)


def test_names_without_their_own_are_drawn_by_the_default() -> None:
    own = StandIn("own", "sdxl", Path("own"), "none")
    catalog = Catalog(always_by(EMBEDDED), {"mine": always_by(own)})
    assert catalog.stand_in("mine", "high", references=1) == own
    assert catalog.stand_in("dall-e-2") == EMBEDDED
    assert catalog.stand_ins == (EMBEDDED, own)
