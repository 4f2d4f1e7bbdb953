"""The two who say what a picture shows, and whether that is what its caption said.

The judge is a small classifier; the pixel rules are arithmetic in which nothing is trained. What
either does not see, or is not sure of, counts as not shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderTiny
from numpy.typing import NDArray
from rich.progress import Progress

from pipelines.embedded.cases import Case, wanted
from pipelines.embedded.dataset import rendered
from pipelines.embedded.figures import FIGURES, PIXEL_FIGURES, Verdicts
from pipelines.embedded.frames import frame_of
from pipelines.embedded.judge import Answer, Judge, load_judge, read_all, save_judge
from pipelines.embedded.judge_training import (
    CALIBRATION_SEEDS,
    JUDGE_SEEDS,
    calibrate,
    lessons,
    train_judge,
)
from pipelines.embedded.pixel_rules import (
    Settings,
    arrangement_of,
    colour_of,
    pieces,
    position_of,
    rim_of,
)
from pipelines.embedded.progress import advancing
from pipelines.embedded.world import scene_from_seed
from pipelines.types import Pixels

_REFERENCE_SEEDS = 800_000_000
_PORTION = 50
_COUNTED = ("1", "2", "3")
_CALIBRATED_ON = 8
"""One picture for the judge's calibration to so many for its teaching."""


@dataclass(frozen=True, slots=True)
class Schooling:
    """How much the readers learn from. The defaults are those of the published figures."""

    pictures: int = 12_800
    steps: int = 2400
    references: int = 2400
    """Rendered settings for the pixel rules."""


@dataclass(frozen=True, slots=True)
class Readers:
    """Those who say what a picture shows."""

    judge: Judge
    settings: Settings

    def verdicts(self, pictures: Sequence[Pixels], asked: Sequence[Case]) -> Verdicts:
        """Whether each picture shows what its caption says."""
        return verdicts(self.read(pictures), asked)

    def read(self, pictures: Sequence[Pixels]) -> list[dict[str, str | None]]:
        """What each picture shows, by the names of the verdicts."""
        judged = [seen_by_judge(answers) for answers in read_all(self.judge, pictures)]
        return [
            seen | seen_in_pixels(picture, self.settings)
            for seen, picture in zip(judged, pictures, strict=True)
        ]


def seen_by_judge(answers: dict[str, Answer]) -> dict[str, str | None]:
    """The judge's answers under the verdicts' names; None where it is not sure."""
    sure = {name: answer.value if answer.sure else None for name, answer in answers.items()}
    order = [sure["subject"], sure["relation"], sure["other_subject"]]
    alike = ("subject", "colour", "setting", "style", "weather", "count")
    return {name: sure[name] for name in alike} | {
        "second subject": sure["other_subject"],
        "second colour": sure["other_colour"],
        "order of two": " ".join(part for part in order if part) if all(order) else None,
        "place of one": sure["position"],
    }


def seen_in_pixels(picture: Pixels, settings: Settings) -> dict[str, str | None]:
    """What the pixel rules say, under the verdicts' names."""
    setting, setting_colour = settings.of(picture)
    found = pieces(picture)
    arranged = arrangement_of(found)
    return {
        "colour in pixels": colour_of(picture),
        "setting in pixels": setting,
        "setting colour in pixels": setting_colour,
        "count in pixels": str(len(found)),
        "place of one in pixels": position_of(found),
        "both colours in pixels": arranged and " ".join(arranged[1:]),
        "order of two in pixels": arranged and " ".join(arranged),
    }


def verdicts(seen: Sequence[dict[str, str | None]], asked: Sequence[Case]) -> Verdicts:
    """Compare what was seen with what was said. An extra case is asked for its count only."""
    names = [n for table in (FIGURES, PIXEL_FIGURES) for pooled in table.values() for n in pooled]
    found = {name: np.full(len(asked), np.nan) for name in names}
    for index, (one, shows) in enumerate(zip(asked, seen, strict=True)):
        for name, value in wanted(one.scene, one.caption).items():
            if not one.extra or name.startswith("count"):
                found[name][index] = float(shows[name] == value)
    for name in ("count", "count in pixels"):
        _even_out(found[name], asked)
    return found


def _even_out(counts: NDArray[np.float64], asked: Sequence[Case]) -> None:
    """Leave out fours, and so many ones that ones, twos and threes weigh the same."""
    numbers = np.array([one.caption.said["count"] for one in asked])
    groups = {n: np.flatnonzero((numbers == n) & ~np.isnan(counts)) for n in _COUNTED}
    fewest = min(len(group) for group in groups.values())
    kept = np.concatenate([group[:fewest] for group in groups.values()])
    left_out = np.ones(len(counts), bool)
    left_out[kept] = False
    counts[left_out] = np.nan


def prepare_readers(
    work: Path, vae: AutoencoderTiny | None, schooling: Schooling, progress: Progress
) -> Readers:
    """Load the judge, or teach it once; look at rims of rendered settings. Both are kept.

    With an autoencoder the judge is taught on pictures as soft as those that it draws.
    """
    path = work / "judge.safetensors"
    if path.exists():
        judge = load_judge(path)
    else:
        judge = _taught(vae, schooling, progress)
        save_judge(judge, path)
    return Readers(judge, _settings(work / "rims.npy", schooling.references, progress))


def _taught(vae: AutoencoderTiny | None, schooling: Schooling, progress: Progress) -> Judge:
    """Teach a judge, and calibrate it on renders that it did not learn from."""
    torch.manual_seed(0)
    judge = Judge()
    taught, unseen = schooling.pictures, max(1, schooling.pictures // _CALIBRATED_ON)
    with advancing(progress, "pictures for the judge", taught + unseen) as advance:
        learned = lessons(range(JUDGE_SEEDS, JUDGE_SEEDS + taught), vae, advance)
        held = lessons(range(CALIBRATION_SEEDS, CALIBRATION_SEEDS + unseen), None, advance)
    with advancing(progress, "teaching the judge", schooling.steps) as advance:
        for _ in train_judge(judge, learned, schooling.steps):
            advance(1)
    calibrate(judge, held)
    return judge


def _settings(path: Path, count: int, progress: Progress) -> Settings:
    seeds = range(_REFERENCE_SEEDS, _REFERENCE_SEEDS + count)
    scenes = [scene_from_seed(seed) for seed in seeds]
    names = [(scene.setting, scene.setting_colour) for scene in scenes]
    if path.exists() and len(kept := np.load(path)) == count:
        return Settings(kept, names)
    rims: list[NDArray[np.float32]] = []
    with advancing(progress, "settings for the pixel rules", count) as advance:
        for index, first in enumerate(range(seeds.start, seeds.stop, _PORTION)):
            portion = range(first, min(first + _PORTION, seeds.stop))
            rims += [rim_of(picture) for picture in rendered(portion, frame_of(index))]
            advance(len(portion))
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, np.stack(rims))
    return Settings(np.stack(rims), names)
