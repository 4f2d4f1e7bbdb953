"""Shards of training pictures: the same whoever renders them, and taken in as they are finished."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pipelines.embedded.canvas import Frame
from pipelines.embedded.captions import captioned
from pipelines.embedded.dataset import OtherShards, Shards, rendered
from pipelines.embedded.examples import ExamplePool, unit_scale
from pipelines.embedded.pca import fit_pca
from pipelines.embedded.rendering import Rendering, RenderingFailed
from pipelines.embedded.tokenizer import build_tokenizer, token_ids

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Shards:
    """Nothing rendered yet."""
    out = tmp_path_factory.mktemp("shards")
    build_tokenizer(captioned(seed)[1].text for seed in range(60)).save_pretrained(out / "words")
    pca = fit_pca(rendered(range(12), Frame(64, 64)))
    return Shards(out / "latents", pca, out / "words", size=2, variants=2, short_side=64)


def to_the_end(rendering: Rendering) -> None:
    while rendering.wait(10.0):
        pass


def test_a_process_renders_what_this_one_would_and_leaves_what_is_there(
    prepared: Shards, tmp_path: Path
) -> None:
    there = replace(prepared, folder=tmp_path / "there")
    with Rendering(there, 3, workers=1) as rendering:
        to_the_end(rendering)
    assert there.complete(9) == [0, 1, 2]
    here = replace(prepared, folder=tmp_path / "here")
    here.folder.mkdir()
    here.write(1)
    assert torch.equal(here.latents(1), there.latents(1))
    assert torch.equal(here.ids(1), there.ids(1))
    assert not torch.equal(there.latents(0), there.latents(1))
    before = there.path(1).stat().st_mtime_ns
    there.write(1)
    assert there.path(1).stat().st_mtime_ns == before


def test_a_process_that_cannot_render_is_noticed(prepared: Shards, tmp_path: Path) -> None:
    wordless = replace(prepared, folder=tmp_path / "latents", vocabulary=tmp_path / "nowhere")
    with (
        Rendering(wordless, 1, workers=1) as rendering,
        pytest.raises(RenderingFailed, match="has ended with status 1"),
    ):
        to_the_end(rendering)


def test_finished_shards_join_the_examples_of_their_frame(prepared: Shards, tmp_path: Path) -> None:
    shards = replace(prepared, folder=tmp_path)
    for index in (0, 1):
        shards.write(index)
    scale = unit_scale(shards)
    pool = ExamplePool(shards, 9, scale, CPU)
    pool.join()
    assert pool.pictures == 4
    assert sum(len(group.latents) for group in pool.groups) == 4
    shards.write(5)
    pool.join()
    pool.join()
    assert pool.pictures == 6
    shapes = {tuple(group.latents.shape[-2:]) for group in pool.groups}
    assert shapes == {(4, 4), (3, 5)}
    square = next(group for group in pool.groups if group.latents.shape[-2:] == (4, 4))
    assert torch.equal(square.latents[:2], shards.latents(0) * scale)
    texts = [captioned(seed, variant=v)[1].text for seed in shards.seeds(0) for v in (0, 1)]
    ids = token_ids(shards.tokenizer, texts).view(2, 2, -1)
    assert torch.equal(square.ids[:2].long(), ids)


def test_shards_of_another_size_are_refused(prepared: Shards, tmp_path: Path) -> None:
    shards = replace(prepared, folder=tmp_path)
    shards.write(0)
    with pytest.raises(OtherShards, match="has 2 pictures, but this run puts 3 into a shard"):
        replace(shards, size=3).latents(0)
