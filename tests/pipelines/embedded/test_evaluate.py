"""The evaluator: it counts only what was said, and the judge learns from renders."""

import numpy as np
import pytest
import torch

from pipelines.embedded.captions import Caption, nothing_said
from pipelines.embedded.dataset import rendered
from pipelines.embedded.evaluate import Readers, measure, one_subject_captions, wanted
from pipelines.embedded.judge import Judge, lesson, load_judge, save_judge, shown, train_judge
from pipelines.embedded.pixel_rules import Grounds
from pipelines.embedded.render import render
from pipelines.embedded.world import scene_from_seed


def test_only_what_a_caption_says_is_wanted() -> None:
    said = nothing_said() | {"subject": "cat", "ground": "plain", "ground_colour": "blue"}
    expected = wanted(Caption("a cat on blue", said, "en"))
    assert expected["subject (judge)"] == "cat"
    assert expected["ground colour (pixels)"] == "blue"
    assert not any(name.startswith("colour") for name in expected)


@pytest.fixture(scope="module")
def judge() -> Judge:
    """A judge of a few seconds: better than chance, no more."""
    torch.manual_seed(0)
    made = Judge()
    for _ in train_judge(made, lesson(range(90)), steps=35):
        pass
    return made


def test_the_judge_learns_what_pictures_show(judge: Judge) -> None:
    scenes = [scene for scene in map(scene_from_seed, range(160)) if scene.relation is None]
    scenes = scenes[:60]
    read = judge.read(np.stack([render(scene) for scene in scenes]))
    pairs = zip(read, scenes, strict=True)
    right = [seen["ground"] == shown(scene)["ground"] for seen, scene in pairs]
    assert np.mean(right) > 0.35


def test_a_kept_judge_reads_as_before(
    judge: Judge, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("judge") / "judge.safetensors"
    save_judge(judge, path)
    pictures = rendered(range(6))
    assert load_judge(path).read(pictures) == judge.read(pictures)


def test_true_renders_reach_the_ceiling_and_swapped_ones_do_not(judge: Judge) -> None:
    cases = one_subject_captions(123_000, 24)
    pictures = np.stack([render(scene) for scene, _ in cases])
    names = [(scene.ground, scene.ground_colour) for scene, _ in cases]
    readers = Readers(judge, Grounds.learn(list(pictures), names))
    true = {figure.name: figure for figure in measure(readers, pictures, cases)}
    swapped = {figure.name: figure for figure in measure(readers, pictures[::-1].copy(), cases)}
    colour = "colour (pixels)"
    assert true[colour].share == true[colour].ceiling > 0.7
    assert swapped[colour].share < 0.5 < swapped[colour].ceiling
    assert all(f.count > 0 for f in true.values() if "colour" not in f.name)
