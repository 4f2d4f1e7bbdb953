"""The evaluator: it asks for what unseen captions say, and says in tables how much came out."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import DiffusionPipeline
from rich.progress import Progress

from pipelines.catalog import EMBEDDED_WEIGHTS
from pipelines.embedded import evaluate
from pipelines.embedded.captions import Caption, held_out, nothing_said
from pipelines.embedded.cases import CASE_SEEDS, Case, case, cases, groups_of, renders, wanted
from pipelines.embedded.dataset import PICTURE_SEEDS
from pipelines.embedded.frames import FRAMES
from pipelines.embedded.judge import Answer, Judge, save_judge
from pipelines.embedded.readers import (
    Schooling,
    prepare_readers,
    seen_by_judge,
    seen_in_pixels,
    verdicts,
)
from pipelines.embedded.report import CARD, Layout, Sweep, into_card
from pipelines.embedded.world import Scene, Thing

CAT = Scene(1, (Thing("cat", "orange"),), setting="meadow", setting_colour=None)


def caption(**said: str) -> Caption:
    return Caption("a caption", nothing_said() | said, "en")


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work folder with a judge that knows nothing."""
    folder = tmp_path_factory.mktemp("work")
    torch.manual_seed(0)
    save_judge(Judge(), folder / "judge.safetensors")
    return folder


def test_only_what_a_caption_says_is_wanted() -> None:
    assert wanted(CAT, caption(subject="cat")) == {"subject": "cat", "count": "1"}
    expected = wanted(CAT, caption(subject="cat", setting="meadow", style="ink", position="left"))
    assert expected == {
        "subject": "cat",
        "count": "1",
        "setting": "meadow",
        "setting in pixels": "meadow",
        "style": "ink",
        "place of one": "left",
    }


def test_of_two_things_both_and_their_order_are_wanted() -> None:
    pair = replace(CAT, things=(Thing("cat", "red"), Thing("cup", "blue")), relation="above",
                   setting="plain", setting_colour="white")  # fmt: skip
    said = caption(subject="cat", colour="red", other_subject="cup", other_colour="blue",
                   relation="above")  # fmt: skip
    expected = wanted(pair, said)
    assert expected["order of two"] == "cat above cup"
    assert expected["order of two in pixels"] == "above red blue"
    assert "count" not in expected
    assert "colour in pixels" not in expected


def test_nothing_is_counted_in_pixels_where_grounds_are_uneven() -> None:
    plain = replace(CAT, setting="plain", setting_colour="white")
    assert "count in pixels" in wanted(plain, caption(subject="cat"))
    for uneven in (CAT, replace(plain, style="pencil")):
        assert "count in pixels" not in wanted(uneven, caption(subject="cat"))


def test_the_captions_are_new_and_of_all_kinds() -> None:
    asked = cases(120)
    assert all(held_out(one.caption.text) for one in asked)
    assert CASE_SEEDS > PICTURE_SEEDS + 10**8, "none of the training's scenes"
    assert {one.frame for one in asked} == set(FRAMES)
    groups = groups_of(asked)
    assert abs(int(groups["Chinese"].sum()) - 60) <= 2
    both = groups["Chinese"] & groups["squares"]
    assert abs(int(both.sum()) - 30) <= 4, "languages and frames have nothing to do with each other"
    assert len({one.seed for one in asked}) == 120


def test_more_twos_and_threes_are_asked_for_and_counted_alone() -> None:
    asked = cases(6, counted=3)
    extra = [one for one in asked if one.extra]
    for number in (2, 3):
        assert sum(one.scene.count == number and not one.scene.relation for one in asked) >= 3
    read = [wanted(one.scene, one.caption) for one in asked]
    everything = {name: None for seen in read for name in seen}
    found = verdicts([everything | seen for seen in read], asked)
    last = len(asked) - 1
    assert asked[last] in extra
    assert np.isnan(found["subject"][last])
    counts = [asked[i].scene.count for i in np.flatnonzero(~np.isnan(found["count"]))]
    assert counts.count(1) == counts.count(2) == counts.count(3) >= 3


def test_true_answers_are_right_and_those_of_other_pictures_wrong() -> None:
    asked = [case(index) for index in range(40)]
    true = [{**dict.fromkeys(seen_by_judge(ANSWERS), None), **PIXELS, **wanted(o.scene, o.caption)}
            for o in asked]  # fmt: skip
    for name, values in verdicts(true, asked).items():
        assert set(values[~np.isnan(values)]) <= {1.0}, name
    swapped = verdicts(true[::-1], asked)
    assert np.nanmean(swapped["subject"]) < 0.3


ANSWERS = {
    "subject": Answer("cat", 0.9), "colour": Answer("red", 0.4), "relation": Answer("above", 0.8),
    "other_subject": Answer("cup", 0.7), "other_colour": Answer("blue", 0.7),
    "position": Answer("left", 0.7), "setting": Answer("sea", 0.7), "style": Answer("ink", 0.7),
    "weather": Answer("clear", 0.7), "count": Answer("1", 0.7),
}  # fmt: skip
PIXELS = dict.fromkeys(
    ("colour in pixels", "setting in pixels", "setting colour in pixels", "count in pixels",
     "place of one in pixels", "both colours in pixels", "order of two in pixels")
)  # fmt: skip


def test_what_the_judge_is_not_sure_of_counts_as_not_shown() -> None:
    seen = seen_by_judge(ANSWERS)
    assert seen["colour"] is None
    assert seen["order of two"] == "cat above cup"
    unsure = ANSWERS | {"other_subject": Answer("cup", 0.4)}
    assert seen_by_judge(unsure)["order of two"] is None


def test_the_pixel_rules_see_what_was_rendered(work: Path) -> None:
    readers = prepare_readers(work, None, Schooling(references=120), Progress(disable=True))
    circle = replace(CAT, things=(Thing("circle", "red"),), setting="plain", setting_colour="white")
    other = case(0)
    asked = Case(circle, other.caption, other.frame)
    seen = seen_in_pixels(renders([asked])[0], readers.settings)
    assert seen["colour in pixels"] == "red"
    assert seen["count in pixels"] == "1"
    assert seen["setting in pixels"] == "plain"
    kept = prepare_readers(work, None, Schooling(references=120), Progress(disable=True))
    assert np.array_equal(kept.settings.rims, readers.settings.rims)


@pytest.fixture(scope="module")
def run(work: Path) -> evaluate.Run:
    pipeline = DiffusionPipeline.from_pretrained(EMBEDDED_WEIGHTS, dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    progress = Progress(disable=True)
    readers = prepare_readers(work, pipeline.vae, Schooling(references=120), progress)
    return evaluate.Run(pipeline, readers, progress, steps=1, timed=1)


def test_each_case_is_drawn_in_its_frame_and_in_its_place(run: evaluate.Run) -> None:
    asked = [case(index) for index in (0, 1, 2)]
    pictures = run.draw(asked, "drawing")
    assert [p.shape[:2] for p in pictures] == [(o.frame.height, o.frame.width) for o in asked]
    alone = run.draw(asked[2:], "drawing")
    assert np.abs(alone[0].astype(int) - pictures[2]).max() <= 2


def test_the_table_names_every_goal_and_what_true_renders_reach(run: evaluate.Run) -> None:
    result = evaluate.evaluate(run, captions=4)
    table, detail, judge = (layout.markdown() for layout in result.layouts())
    for said in ("≥ 95 %", "≥ 90 %", "≥ 85 %", "≥ 80 %", "Chinese behind English", "≤ 3 s"):
        assert said in table
    assert "other frames" in detail
    assert "calibration error" in judge


def test_the_command_shows_what_guidance_and_steps_do(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ["--work", str(work), "--references", "120", "--sweep-captions", "2", "--json"]
    assert evaluate.main([*told, "--steps", "1,2"]) == 0
    sweep: Any = json.loads(capsys.readouterr().out)[0]
    assert [point["value"] for point in sweep["points"]] == [1, 2]
    assert sweep["captions"] == 2


def test_guidance_is_the_apis_unless_the_models_own_is_meant(
    run: evaluate.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    parse = evaluate.parser().parse_args
    for words, own in ((["--guidance", "1,10"], False), (["--guidance", "1,10", "--own"], True)):
        asked = parse([*words, "--sweep-captions", "1"])
        (sweep,) = evaluate.measured(run, asked)
        assert isinstance(sweep, Sweep)
        last = sweep.points[-1]
        assert last.value == 10
        assert (last.own == 10) is own


def test_tables_find_their_places_in_the_model_card(tmp_path: Path) -> None:
    card = tmp_path / "card.md"
    card.write_text("a\n<!-- steps: measured -->\nold\n<!-- end of steps -->\nb\n")
    layout = Layout("steps", "By steps", ("x", "y"), (("1", "2"),))
    into_card([layout], "a command", card)
    assert card.read_text() == (
        "a\n<!-- steps: measured -->\n`a command`\n\nBy steps:\n\n| x | y |\n|---|---|\n"
        "| 1 | 2 |\n<!-- end of steps -->\nb\n"
    )
    with pytest.raises(ValueError, match="no place for the table 'guidance'"):
        into_card([replace(layout, name="guidance")], "a command", card)


@pytest.mark.parametrize("name", ["training", "goals", "figures", "judge", "guidance", "steps"])
def test_the_model_card_has_a_place_for_every_table(name: str) -> None:
    text = CARD.read_text()
    assert f"<!-- {name}: measured -->" in text
    assert f"<!-- end of {name} -->" in text


def test_the_training_is_told_from_its_work_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ValueError, match=r"no loss\.csv"):
        evaluate.main(["--training", str(tmp_path)])
    (tmp_path / "loss.csv").write_text("20,2560,50,0.9\n40,5120,120,0.5\n")
    (tmp_path / "latents").mkdir()
    for shard in range(2):
        np.save(tmp_path / "latents" / f"latents-{shard:05d}.npy", np.zeros((3, 1)))
    assert evaluate.main(["--training", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {"pictures": 6, "samples": 5120, "seconds": 120.0, "loss": 0.7}
    ]
