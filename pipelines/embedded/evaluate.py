"""Measures how well pictures follow their prompts: `python -m pipelines.embedded.evaluate`.

Draws captions that training never saw (the held-out ones, of scenes beyond its seeds), English and
Chinese, and asks two independent readers what came out: `pixel_rules`, which are arithmetic, and
`judge`, a small classifier. Only what a caption says is counted. Both readers' figures on true
renders stand beside the result: nobody can score above them.

Needs the `train` extra. The judge is taught once (some minutes) and kept in the work folder.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import DiffusionPipeline
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from pipelines.catalog import EMBEDDED_WEIGHTS
from pipelines.embedded.captions import UNSAID, Caption, captioned
from pipelines.embedded.drawing import draw
from pipelines.embedded.judge import (
    HEADS,
    JUDGE_SEEDS,
    Judge,
    lesson,
    load_judge,
    save_judge,
    train_judge,
)
from pipelines.embedded.pixel_rules import (
    Settings,
    arrangement_of,
    colour_of,
    pieces,
    position_of,
)
from pipelines.embedded.render import render
from pipelines.embedded.world import Scene, scene_from_seed
from pipelines.families.embedded import BEST_GUIDANCE, STEPS

CAPTION_SEEDS = 900_000_000
_REFERENCE_SEEDS = 800_000_000
_REFERENCES = 2400
_FLAT = frozenset({"flat", "photo", "pixel"})
"""The styles whose plain grounds are even enough for pieces to be counted."""


@dataclass(frozen=True, slots=True)
class Readers:
    """Those who say what a picture shows."""

    judge: Judge
    settings: Settings

    def read(self, pictures: NDArray[np.uint8]) -> list[dict[str, str | None]]:
        """What each picture shows, by figure."""
        judged = self.judge.read(pictures)
        return [
            {f"{name} (judge)": value for name, value in seen.items()} | self._measured(picture)
            for seen, picture in zip(judged, pictures, strict=True)
        ]

    def _measured(self, picture: NDArray[np.uint8]) -> dict[str, str | None]:
        setting, setting_colour = self.settings.of(picture)
        found = pieces(picture)
        arranged = arrangement_of(found)
        return {
            "colour (pixels)": colour_of(picture),
            "setting (pixels)": setting,
            "setting colour (pixels)": setting_colour,
            "count (pixels)": str(len(found)),
            "position (pixels)": position_of(found),
            "relation (pixels)": arranged and arranged[0],
            "both colours (pixels)": arranged and " ".join(arranged[1:]),
        }


@dataclass(frozen=True, slots=True)
class Figure:
    """A share of pictures that show what was said, over how many that said it."""

    name: str
    share: float
    english: float
    chinese: float
    count: int
    ceiling: float


def wanted(scene: Scene, caption: Caption) -> dict[str, str]:
    """What a picture must show to follow this caption, by figure; only what the caption says."""
    said = {name: value for name, value in caption.said.items() if value != UNSAID}
    if scene.relation:
        # Where two things stand, and how many there are, is what the relation says.
        said = {name: value for name, value in said.items() if name not in {"position", "count"}}
    expected = {f"{name} (judge)": said[name] for name in HEADS if name in said}
    if "setting" in said:
        expected["setting (pixels)"] = said["setting"]
    if "setting_colour" in said:
        expected["setting colour (pixels)"] = said["setting_colour"]
    if "colour" in said and not scene.relation:
        expected["colour (pixels)"] = said["colour"]
    if scene.setting == "plain" and scene.style in _FLAT:
        expected |= _countable(scene, said)
    return expected


def _countable(scene: Scene, said: Mapping[str, str]) -> dict[str, str]:
    """What can be counted and measured before a plain ground."""
    if scene.relation:
        both = f"{said['colour']} {said['other_colour']}"
        return {"relation (pixels)": scene.relation, "both colours (pixels)": both}
    counted = {"count (pixels)": said["count"]}
    return counted | ({"position (pixels)": said["position"]} if scene.count == 1 else {})


def held_out_captions(first_seed: int, count: int) -> list[tuple[Scene, Caption]]:
    """So many held-out captions of all kinds."""
    seeds = range(first_seed, first_seed + count)
    return [captioned(seed, for_evaluation=True) for seed in seeds]


def measure(
    readers: Readers, drawn: NDArray[np.uint8], cases: Sequence[tuple[Scene, Caption]]
) -> list[Figure]:
    """Compare what the pictures show with what their captions say, and the true renders with it."""
    captions = [caption for _, caption in cases]
    expected = [wanted(scene, caption) for scene, caption in cases]
    rendered = np.stack([render(scene) for scene, _ in cases])
    right = _verdicts(readers.read(drawn), expected)
    best = _verdicts(readers.read(rendered), expected)
    chinese = np.array([caption.language == "zh" for caption in captions])
    figures = []
    for name, verdicts in right.items():
        counted = ~np.isnan(verdicts)
        figures.append(
            Figure(
                name=name,
                share=_mean(verdicts, counted),
                english=_mean(verdicts, counted & ~chinese),
                chinese=_mean(verdicts, counted & chinese),
                count=int(counted.sum()),
                ceiling=_mean(best[name], counted),
            )
        )
    return figures


def _verdicts(
    seen: Sequence[Mapping[str, str | None]], expected: Sequence[Mapping[str, str]]
) -> dict[str, NDArray[np.float64]]:
    """Per figure and picture: 1 right, 0 wrong, NaN not said. The last is all the judge's."""
    rows = []
    for shown, said in zip(seen, expected, strict=True):
        row = {name: float(shown[name] == said[name]) if name in said else np.nan for name in shown}
        judged = [value for name, value in row.items() if "judge" in name]
        row["all said (judge)"] = float(np.nanmin(judged))
        rows.append(row)
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def _mean(verdicts: NDArray[np.float64], where: NDArray[np.bool_]) -> float:
    return float(verdicts[where].mean()) if where.any() else float("nan")


def prepare_readers(work: Path, console: Console, pictures: int, steps: int) -> Readers:
    """Load the judge, or teach it once, and look at rims of rendered grounds."""
    path = work / "judge.safetensors"
    if path.exists():
        judge = load_judge(path)
    else:
        torch.manual_seed(0)
        judge = Judge()
        console.log(f"rendering {pictures} pictures for the judge")
        taught = lesson(range(JUDGE_SEEDS, JUDGE_SEEDS + pictures))
        for _ in track(train_judge(judge, taught, steps), "judge", total=steps, console=console):
            pass
        save_judge(judge, path)
    scenes = [scene_from_seed(_REFERENCE_SEEDS + n) for n in range(_REFERENCES)]
    settings = Settings.learn(
        [render(scene) for scene in scenes], [(s.setting, s.setting_colour) for s in scenes]
    )
    return Readers(judge, settings)


def _table(figures: Sequence[Figure], title: str) -> Table:
    table = Table("", "all", "English", "Chinese", "pictures", "true renders", title=title)
    for f in figures:
        shares = (f"{f.share:.1%}", f"{f.english:.1%}", f"{f.chinese:.1%}")
        table.add_row(f.name, *shares, str(f.count), f"{f.ceiling:.1%}")
    return table


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m pipelines.embedded.evaluate")
    parser.add_argument("--weights", type=Path, default=EMBEDDED_WEIGHTS)
    parser.add_argument("--captions", type=int, default=500)
    parser.add_argument("--guidance", type=float, default=BEST_GUIDANCE, help="the model's own")
    parser.add_argument("--steps", type=int, default=STEPS["standard"])
    parser.add_argument("--work", type=Path, default=Path("build/embedded"), help="keeps the judge")
    parser.add_argument("--judge-pictures", type=int, default=14000)
    parser.add_argument("--judge-steps", type=int, default=4000)
    parser.add_argument("--json", action="store_true", help="figures as JSON on standard output")
    asked = parser.parse_args(arguments)
    torch.set_flush_denormal(True)
    console = Console(stderr=True)
    readers = prepare_readers(asked.work, console, asked.judge_pictures, asked.judge_steps)
    pipeline = DiffusionPipeline.from_pretrained(asked.weights, dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    cases = held_out_captions(CAPTION_SEEDS, asked.captions)
    console.log(f"drawing {len(cases)} pictures")
    prompts = [caption.text for _, caption in cases]
    drawn = draw(pipeline, prompts, guidance=asked.guidance, steps=asked.steps)
    figures = measure(readers, drawn, cases)
    if asked.json:
        print(json.dumps([asdict(figure) for figure in figures], indent=2))  # noqa: T201 - output
    else:
        title = f"{len(cases)} held-out captions, guidance {asked.guidance:g}, {asked.steps} steps"
        Console().print(_table(figures, title))
    return 0


if __name__ == "__main__":
    sys.exit(main())
