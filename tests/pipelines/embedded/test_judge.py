"""The judge: it learns from disturbed renders, knows how sure it is, and is kept as it was."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import AutoencoderTiny

from pipelines.catalog import EMBEDDED_WEIGHTS
from pipelines.embedded.canvas import Frame
from pipelines.embedded.frames import FRAMES
from pipelines.embedded.judge import (
    HEADS,
    Answer,
    Judge,
    halved,
    load_judge,
    read_all,
    save_judge,
    shown,
)
from pipelines.embedded.judge_training import (
    Lesson,
    calibrate,
    calibration_error,
    disturbed,
    labels_of,
    lessons,
    softened,
    train_judge,
)
from pipelines.embedded.render import render
from pipelines.embedded.world import Scene, Thing

SMALL = Frame(128, 128)
PLACES = ("snow", "night")
BALL = Scene(1, (Thing("circle", "red"),), setting="snow", setting_colour=None)


def scenes(first: int, count: int) -> list[Scene]:
    """Red circles in the snow, and at night."""
    return [replace(BALL, seed=first + n, setting=PLACES[n % 2]) for n in range(count)]


def lesson(of: list[Scene]) -> Lesson:
    pictures = np.stack([render(scene, SMALL) for scene in of])
    return Lesson((halved(pictures) * 255).byte(), torch.tensor([labels_of(s) for s in of]))


@pytest.fixture(scope="module")
def judge() -> Judge:
    """It was taught snow and night, in seconds."""
    torch.manual_seed(0)
    made, taught = Judge(), [lesson(scenes(0, 40))]
    losses = [loss for _, loss in train_judge(made, taught, steps=40, batch=12)]
    assert np.mean(losses[-4:]) < np.mean(losses[:4])
    return made


def test_it_tells_settings_of_renders_it_never_saw(judge: Judge) -> None:
    fresh = scenes(900, 24)
    read = judge.read(np.stack([render(scene, SMALL) for scene in fresh]))
    right = [seen["setting"].value == s.setting for seen, s in zip(read, fresh, strict=True)]
    assert np.mean(right) > 0.9


def test_calibrated_it_is_as_sure_as_it_is_right(judge: Judge) -> None:
    """Of pictures a third of which shows something else than what it looks like."""
    sure = Judge()
    sure.load_state_dict(judge.state_dict())
    drawn = scenes(2000, 36)
    truths = [replace(s, setting="sea") if n % 3 == 0 else s for n, s in enumerate(drawn)]
    unseen = replace(lesson(drawn), labels=torch.tensor([labels_of(s) for s in truths]))
    pictures = np.stack([render(scene, SMALL) for scene in drawn])

    def error() -> float:
        answers = [seen["setting"] for seen in sure.read(pictures)]
        return calibration_error(answers, [scene.setting for scene in truths])

    before = error()
    calibrate(sure, [unseen])
    assert error() < before - 0.1
    assert float(sure.temperatures[list(HEADS).index("setting")]) > 1.2


def test_the_calibration_error_is_the_gap_between_stated_and_right() -> None:
    answers = [Answer("cat", 0.95)] * 4
    assert calibration_error(answers, ["cat", "cat", "dog", "dog"]) == pytest.approx(0.45)
    assert calibration_error([Answer("cat", 1.0)], ["cat"]) == 0


def test_an_answer_that_is_rather_wrong_than_right_is_not_sure() -> None:
    assert Answer("cat", 0.5).sure
    assert not Answer("cat", 0.49).sure


def test_a_kept_judge_reads_as_before(judge: Judge, tmp_path: Path) -> None:
    judge.temperatures[0] = 1.5
    save_judge(judge, tmp_path / "deep" / "judge.safetensors")
    pictures = np.stack([render(scene) for scene in scenes(5, 3)])
    assert load_judge(tmp_path / "deep" / "judge.safetensors").read(pictures) == judge.read(
        pictures
    )


def test_pictures_of_all_frames_are_read_in_their_order(judge: Judge) -> None:
    pictures = [render(BALL, frame) for frame in (*FRAMES, *FRAMES[:2])]
    mixed = read_all(judge, pictures)
    for picture, seen in zip(pictures, mixed, strict=True):
        alone = judge.read(picture[None])[0]
        assert seen["setting"].value == alone["setting"].value
        assert seen["setting"].probability == pytest.approx(alone["setting"].probability, abs=1e-4)


def test_it_is_asked_only_for_what_a_scene_has() -> None:
    assert shown(BALL)["other_subject"] is None
    assert shown(replace(BALL, count=2))["position"] is None
    pair = replace(BALL, things=(*BALL.things, Thing("cat", "blue")), relation="beside")
    assert shown(pair)["count"] is None
    assert shown(pair)["other_colour"] == "blue"


def test_lessons_come_in_every_frame() -> None:
    heard: list[int] = []
    taught = lessons(range(5, 28), None, heard.append, portion=2)
    assert {tuple(part.pictures.shape[2:]) for part in taught} == {
        (frame.height // 2, frame.width // 2) for frame in FRAMES
    }
    assert sum(heard) == sum(len(part.labels) for part in taught) == 23


@pytest.mark.parametrize("frame", FRAMES[:3])
def test_disturbed_pictures_stay_pictures(frame: Frame) -> None:
    pictures = halved(np.stack([render(BALL, frame)] * 3))
    changed = disturbed(pictures, torch.Generator().manual_seed(0))
    assert changed.shape == pictures.shape
    assert 0 <= float(changed.min()) <= float(changed.max()) <= 1
    assert float((changed - pictures).abs().mean()) > 0.01
    assert not torch.equal(changed[0], changed[1]), "each in its own way"


def test_softened_pictures_have_lost_detail_but_not_their_colours() -> None:
    vae = AutoencoderTiny.from_pretrained(EMBEDDED_WEIGHTS / "vae", torch_dtype=torch.float32)
    clear = render(replace(BALL, setting="meadow", style="impasto"))[None]
    soft = softened(vae, clear, torch.Generator().manual_seed(1))
    assert soft.shape == clear.shape
    assert np.abs(clear.astype(float).mean((0, 1, 2)) - soft.mean((0, 1, 2))).max() < 12
    assert (
        np.abs(np.diff(soft.astype(float), axis=2)).mean()
        < np.abs(np.diff(clear.astype(float), axis=2)).mean()
    )
