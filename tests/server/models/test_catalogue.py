"""A tier's catalogue from a lock and the weights that are here, down to the pictures."""

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pipelines.catalog import EMBEDDED, Catalog
from pipelines.memory import Models
from pipelines.merge import Digests, run
from pipelines.parity.registry import CASES
from pipelines.session import Session
from pipelines.tiers import Tier
from pipelines.types import ImageRequest, Size
from pipelines.weights.lock import Lock, LockedFile, LockedWeights, render_lock
from pipelines.weights.store import Store
from server.models.catalogue import build_catalog, installed_weights
from server.models.own_models import OwnModels
from server.terminal import CommandError
from server.weights.place import Place

REVISION = "0123456789abcdef" * 2 + "01234567"
WEIGHTS = {"flux2-klein-4b": "flux2_klein", "z-image-turbo": "z_image", "z-image": "z_image"}
"""Weights of the tier 24gb, and the parity case that stands in for each: real classes, tiny."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store(tmp_path_factory.mktemp("weights"))
    for name, case in WEIGHTS.items():
        CASES[case].build().save_pretrained(store.root / name / REVISION)
    return store


def locked(
    store: Store, name: str, commercial: bool = True, gated: bool = False, as_id: str = ""
) -> LockedWeights:
    folder = store.root / name / REVISION
    files = [
        LockedFile(
            file.relative_to(folder).as_posix(),
            file.stat().st_size,
            hashlib.sha256(file.read_bytes()).hexdigest(),
        )
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    ]
    return LockedWeights(
        id=as_id or name,
        repo=f"hf://lab/{name}",
        revision=REVISION,
        licence="LicenseRef-Lab-Research",
        commercial_use=commercial,
        gated=gated,
        profiles=("24gb",),
        allow_patterns=("*",),
        files=tuple(files),
    )


def placed(
    store: Store, folder: Path, *entries: LockedWeights, accepted: frozenset[str] = frozenset()
) -> Place:
    file = folder / "weights.lock"
    file.write_text(render_lock(Lock("0" * 64, entries)))
    return Place(store, file, accepted)


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Place:
    return placed(store, tmp_path, *(locked(store, name) for name in WEIGHTS))


def test_every_stand_in_of_a_tier_is_loaded_from_the_store_and_draws(place: Place) -> None:
    catalog = build_catalog("24gb", "cpu", place, OwnModels())
    assert catalog.tier == "24gb"
    assert {one.name for one in catalog.stand_ins} == set(WEIGHTS)
    models, digests = Models(torch.device("cpu")), Digests()
    for stand_in in catalog.stand_ins:
        resident = models.load(stand_in)
        wanted = ImageRequest("one", stand_in.name, "a cat", Size(64, 64), 2, 1.0, seed=1)
        so_small = CASES[WEIGHTS[stand_in.name]].call  # what only a tiny one has to be told
        call = {**so_small, **resident.arguments_for(wanted)}
        session = Session(wanted, resident.pipe, call, digests)
        with torch.no_grad():
            session.start()
            while session.pending:
                session.feed(run(session.pending))
        assert session.error is None
        assert session.pixels is not None
        assert session.pixels.shape == (64, 64, 3)


def test_a_tier_is_refused_for_what_is_missing_and_for_what_is_spoilt(
    place: Place, store: Store, tmp_path: Path
) -> None:
    assert installed_weights(place) == set(WEIGHTS)
    others = [locked(store, name) for name in WEIGHTS if name != "z-image"]
    missing = placed(store, tmp_path, *others)
    with pytest.raises(CommandError, match="weights of it are missing: z-image; `seedbed weights"):
        build_catalog("24gb", "cpu", missing, OwnModels())
    entry = locked(store, "z-image")
    first = replace(entry.files[0], sha256="0" * 64)
    spoilt = placed(store, tmp_path, *others, replace(entry, files=(first, *entry.files[1:])))
    with pytest.raises(CommandError, match="`seedbed weights fetch z-image` mends it"):
        build_catalog("24gb", "cpu", spoilt, OwnModels())


def test_a_licence_that_was_not_accepted_is_refused(store: Store, tmp_path: Path) -> None:
    entry = locked(store, "z-image", commercial=False, as_id="flux1-dev")
    shutil.copytree(store.root / "z-image", store.root / "flux1-dev")
    own = OwnModels(aliases={"mine": "flux1-dev"})
    with pytest.raises(CommandError, match='writes accept_licences = "lab-research"'):
        build_catalog("embedded", "cpu", placed(store, tmp_path, entry), own)
    accepted = placed(store, tmp_path, entry, accepted=frozenset({"lab-research"}))
    assert build_catalog("embedded", "cpu", accepted, own).stand_in("mine").name == "flux1-dev"


@pytest.mark.parametrize(
    ("gpu", "here", "tier"),
    [
        (None, tuple(WEIGHTS), "embedded"),
        (24, tuple(WEIGHTS), "24gb"),
        (16, tuple(WEIGHTS), "8gb"),
        (80, tuple(WEIGHTS), "24gb"),
        (24, ("flux2-klein-4b",), "8gb"),
        (24, (), "embedded"),
    ],
)
def test_without_a_word_it_is_the_largest_tier_whose_weights_are_here(
    store: Store,
    tmp_path: Path,
    machine: None,
    monkeypatch: pytest.MonkeyPatch,
    gpu: int | None,
    here: tuple[str, ...],
    tier: Tier,
) -> None:
    monkeypatch.setenv("GPU_MIB", "" if gpu is None else str(gpu * 1024))
    place = placed(store, tmp_path, *(locked(store, name) for name in here))
    catalog: Catalog = build_catalog(None, "auto", place, OwnModels())
    assert catalog.tier == tier
    if gpu == 80 or (gpu == 24 and tier != "24gb"):
        assert f"`seedbed weights fetch --profile {gpu}gb`" in catalog.notes[0]
    assert (EMBEDDED in catalog.stand_ins) == (tier == "embedded")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NVIDIA's tool answers with the memory that the environment says."""
    tool = tmp_path / "nvidia-smi"
    tool.write_text('#!/bin/sh\necho "$GPU_MIB"\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
