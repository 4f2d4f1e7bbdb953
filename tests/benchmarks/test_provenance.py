"""What the benchmark of marks counts, and what it holds its figures against."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.provenance.__main__ import Survival, figures, summary, tables
from benchmarks.provenance.alarms import Search, Tally
from benchmarks.provenance.attacks import HARD, STANDARD
from benchmarks.provenance.corpus import SIDE, cut, our_own
from benchmarks.provenance.journeys import JOURNEYS
from benchmarks.provenance.survival import Fate, fate, share
from benchmarks.provenance.targets import Figure
from pipelines.types import Size


@pytest.fixture(scope="module")
def grainy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    chance = np.random.default_rng(0)
    spots = Image.fromarray(chance.integers(30, 220, (6, 6, 3), np.uint8)).resize((512, 512))
    levels = np.asarray(spots, np.float32) + chance.normal(0, 8, (512, 512, 1))
    path = tmp_path_factory.mktemp("corpus") / "0.png"
    Image.fromarray(levels.clip(0, 255).astype(np.uint8)).save(path)
    return path


def test_there_are_the_26_usual_attacks_and_24_harder_ones() -> None:
    assert (len(STANDARD), len(HARD)) == (26, 24)


@pytest.mark.parametrize("attack", [*STANDARD, *HARD, *JOURNEYS])
def test_every_attack_changes_the_picture_and_is_the_same_each_time(
    attack: str, grainy: Path
) -> None:
    change = (STANDARD | HARD | JOURNEYS)[attack]
    with Image.open(grainy) as picture:
        first, again = change(picture.convert("RGB")), change(picture.convert("RGB"))
        same = first.size == picture.size and first.tobytes() == picture.tobytes()
    assert first.tobytes() == again.tobytes()
    assert same == (attack == "none")


def test_a_pictures_fate_tells_which_ids_came_back(grainy: Path) -> None:
    told = fate(("messengers",), (5, grainy))
    assert told.carried
    assert {group for group, _ in told.found} == {"messengers"}
    assert share([told], "messengers") > 0.5
    assert told.psnr_db > 40


def test_shares_are_counted_over_all_pictures() -> None:
    fates = [
        Fate(True, "", 1.0, 48.0, 50.0, 20.0, {("standard", "none"): found, ("hard", "grey"): True})
        for found in (True, True, False, True)
    ]
    assert share(fates, "standard") == 0.75
    assert share(fates, "standard", "none") == 0.75
    assert share(fates, "hard") == 1.0


def test_found_by_accident_is_compared_with_what_is_expected() -> None:
    tally = Tally.of([Search(number < 3, 64) for number in range(8)], tag_bits=8)
    assert (tally.pictures, tally.found, tally.decodes) == (8, 3, 512)
    assert tally.expected == 2.0
    assert tally.deviations == pytest.approx(1 / 2**0.5)


@pytest.mark.parametrize(
    ("value", "better", "reached"),
    [(99.6, "more", "aim"), (98.5, "more", "must"), (97.9, "more", "missed"),
     (97.9, "less", "aim"), (98.5, "less", "missed")],
)  # fmt: skip
def test_a_figure_says_whether_it_is_good_enough(value: float, better: str, reached: str) -> None:
    aim = 99.5 if better == "more" else 98.0
    assert Figure("share", value, "%", 98, aim, better).reached == reached  # type: ignore[arg-type]


def test_only_what_was_measured_is_told() -> None:
    results = {"alarms": (Tally(10, 0, 12, 2**-32), Tally(10, 1, 256, 2**-8))}
    names = [figure.name for figure in figures(results)]
    assert names == ["false ids in 10 pictures", "short tag: off by"]
    assert list(summary(results)) == ["figures", "alarms"]
    assert len(list(tables(results))) == 2


def test_pictures_that_took_no_mark_are_counted_and_in_no_share() -> None:
    found = {("standard", "none"): True}
    taken = Fate(True, "", 1.0, 48.0, 50.0, 20.0, found)
    bare = Fate(False, "too plain", 0.0, float("inf"), 9.0, 0.0)
    told = summary({"survival": Survival((taken, bare), (taken,))})
    assert told["marked"] == {"pictures": 3, "took a mark": 2}
    assert told["survival"]["standard"]["none"] == 1.0


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("size", [Size(448, 172), Size(640, 427), Size(200, 200), Size(1411, 1411)])
def test_a_cut_is_a_square_inside_the_photograph(size: Size, turn: int) -> None:
    left, top, right, low = cut(size, turn, np.random.default_rng(turn))
    assert right - left == low - top >= min(200, size.short_side)
    assert 0 <= left < right <= size.width
    assert 0 <= top < low <= size.height


def test_our_own_pictures_are_drawn_by_the_embedded_model() -> None:
    (picture,) = our_own(1)
    assert picture.shape == (SIDE, SIDE, 3)
    assert picture.std() > 10
