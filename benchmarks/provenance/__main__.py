"""Measures the marks of pictures: what survives what, what it costs, whether it ever cries wolf.

    python -m benchmarks.provenance [--quick] [--json] [--part survival ...]

Needs the `bench` extra, whose photographs it uses. Without --quick it takes an hour on two cores.
"""

import argparse
import json
import os
import statistics
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy as np
from PIL import Image
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.provenance import corpus
from benchmarks.provenance.alarms import SHORT_TAG_BITS, Tally, searches
from benchmarks.provenance.costs import Cost, costs
from benchmarks.provenance.regeneration import Redrawn, redrawn
from benchmarks.provenance.survival import GROUPS, Fate, fates, share
from benchmarks.provenance.targets import Figure
from pipelines.provenance.credentials import Signer
from pipelines.tilemark.payload import TAG_BITS
from pipelines.types import Pixels
from server.provenance.certificates import Certificates

_T = TypeVar("_T")
PARTS = ("survival", "alarms", "costs", "regeneration")


@dataclass(frozen=True, slots=True)
class Amount:
    """How many pictures of everything."""

    ours: int = 200
    others: int = 100
    unmarked: int = 10_000
    short_tags: int = 300
    timed: int = 24
    redrawn: int = 24


QUICK = Amount(ours=6, others=6, unmarked=60, short_tags=12, timed=4, redrawn=2)


@dataclass(frozen=True, slots=True)
class Survival:
    """What became of all marks: of our own pictures, of others, of all."""

    ours: tuple[Fate, ...]
    others: tuple[Fate, ...]

    @property
    def all(self) -> tuple[Fate, ...]:
        return self.ours + self.others


class Bench:
    """The pictures on the disk, and what is measured on them."""

    def __init__(self, folder: Path, amount: Amount, workers: int, console: Console) -> None:
        self._folder, self._amount = folder, amount
        self._workers, self._console = workers, console
        self._ours = self._kept(corpus.our_own(amount.ours), folder / "ours", amount.ours)
        self._others = self._kept(corpus.others(amount.others), folder / "others", amount.others)

    def survival(self) -> Survival:
        groups, paths = tuple(GROUPS), (*self._ours, *self._others)
        done = tuple(self._shown(fates(paths, groups, self._workers), len(paths), "marks"))
        return Survival(done[: len(self._ours)], done[len(self._ours) :])

    def alarms(self) -> tuple[Tally, Tally]:
        """Of the whole tag in fast searches, of the short one in deep searches."""
        paths, amount = (*self._ours, *self._others), self._amount
        fast = searches(paths, amount.unmarked, "fast", TAG_BITS, self._workers)
        deep = searches(paths, amount.short_tags, "deep", SHORT_TAG_BITS, self._workers)
        return (
            Tally.of(self._shown(fast, amount.unmarked, "unmarked"), TAG_BITS),
            Tally.of(self._shown(deep, amount.short_tags, "short tags"), SHORT_TAG_BITS),
        )

    def costs(self) -> list[Cost]:
        site = Certificates(self._folder).make("A site", datetime.now(UTC))
        signer = Signer(site.chain, site.key, site.anchors)
        return list(self._shown(costs(self._some(self._amount.timed), signer), 0, "costs"))

    def regeneration(self) -> list[Redrawn]:
        return list(self._shown(redrawn(self._some(self._amount.redrawn)), 0, "drawn anew"))

    def _some(self, count: int) -> list[Pixels]:
        """As many of ours as of others."""
        paths = [*self._ours[: count // 2], *self._others[: count - count // 2]]
        return [_pixels(path) for path in paths]

    def _kept(self, pictures: Iterator[Pixels], folder: Path, count: int) -> tuple[Path, ...]:
        """Keep pictures as files, so that other processes read them."""
        folder.mkdir()
        paths = []
        for number, pixels in enumerate(self._shown(pictures, count, folder.name)):
            paths.append(folder / f"{number:04d}.png")
            Image.fromarray(pixels).save(paths[-1], compress_level=1)
        return tuple(paths)

    def _shown(self, work: Iterable[_T], count: int, name: str) -> Iterator[_T]:
        yield from track(work, name, total=count or None, console=self._console)


def figures(results: dict[str, Any]) -> Iterator[Figure]:
    """The figures that have targets, as far as they were measured."""
    if (survival := results.get("survival")) is not None:
        marked = [one for one in survival.all if one.carried]
        found = 100 * share(marked, "standard")
        yield Figure("exact id over 26 attacks", found, "%", 98, 99.5, "more")
        psnr = statistics.mean(one.psnr_db for one in marked)
        yield Figure("mean PSNR", psnr, "dB", 46, 48, "more")
        embed = statistics.median(one.embed_ms for one in marked)
        yield Figure("embed at 1024x1024, median", embed, "ms", 150, 60, "less")
        verify = statistics.median(one.verify_ms for one in marked)
        yield Figure("fast look at the mark, median", verify, "ms", 60, 30, "less")
    if (alarms := results.get("alarms")) is not None:
        whole, short = alarms
        yield Figure(f"false ids in {whole.pictures} pictures", whole.found, "", 0, 0, "less")
        yield Figure("short tag: off by", abs(short.deviations), "deviations", 3, 2, "less")
    if (spent := results.get("costs")) is not None:
        ms = {cost.layer: cost.ms for cost in spent}
        yield Figure("label", ms["label"], "ms", 2, 1, "less")
        yield Figure("label + XMP + PNG", ms["label + XMP + PNG"], "ms", 12, 12, "less")
        worst = max(value for name, value in ms.items() if name.startswith("all layers"))
        yield Figure("all layers, slowest format", worst, "ms", 200, 150, "less")


def tables(results: dict[str, Any]) -> Iterator[Table]:
    """Everything that was measured."""
    yield _figures_table(list(figures(results)))
    if (survival := results.get("survival")) is not None:
        yield _survival_table(survival)
    if (alarms := results.get("alarms")) is not None:
        yield _alarms_table(alarms)
    if (spent := results.get("costs")) is not None:
        table = Table("layer", "ms", title="costs at 1024x1024, one core, median")
        for cost in spent:
            table.add_row(cost.layer, f"{cost.ms:.1f}")
        yield table
    if (again := results.get("regeneration")) is not None:
        table = Table("drawn anew by", "ids found", "PSNR to the marked", title="regeneration")
        for one in again:
            table.add_row(one.way, f"{one.found} of {one.pictures}", f"{one.psnr_db:.1f} dB")
        yield table


def _figures_table(rows: Sequence[Figure]) -> Table:
    table = Table("figure", "value", "must", "aim", "reached", title="targets")
    for one in rows:
        value = f"{one.value:.2f} {one.unit}".strip()
        table.add_row(one.name, value, f"{one.must:g}", f"{one.aim:g}", one.reached)
    return table


def _survival_table(survival: Survival) -> Table:
    table = Table("attack", "ours", "others", title="share of exact ids that came back")
    for group, attacks in GROUPS.items():
        for name in (None, *attacks):
            shares = (share(one, group, name) for one in (survival.ours, survival.others))
            told = (f"{value:.1%}" for value in shares)
            table.add_row(name or f"[bold]{group}, all", *told)
    left = [one.why for one in survival.all if not one.carried]
    table.caption = f"{len(survival.all) - len(left)} of {len(survival.all)} pictures took a mark"
    return table


def _alarms_table(alarms: tuple[Tally, Tally]) -> Table:
    table = Table("tag", "pictures", "decodes", "found", "expected", title="unmarked pictures")
    for name, tally in zip((f"{TAG_BITS} bits", f"{SHORT_TAG_BITS} bits"), alarms, strict=True):
        counts = (tally.pictures, tally.decodes, tally.found)
        table.add_row(name, *(str(count) for count in counts), f"{tally.expected:.3g}")
    return table


def summary(results: dict[str, Any]) -> dict[str, Any]:
    """What --json prints: the figures with their targets, then every table's numbers."""
    told: dict[str, Any] = {
        "figures": [asdict(one) | {"reached": one.reached} for one in figures(results)]
    }
    if (survival := results.get("survival")) is not None:
        told["survival"] = {
            group: {name: share(survival.all, group, name) for name in attacks}
            for group, attacks in GROUPS.items()
        }
        taken = sum(one.carried for one in survival.all)
        told["marked"] = {"pictures": len(survival.all), "took a mark": taken}
    if (alarms := results.get("alarms")) is not None:
        told["alarms"] = [asdict(tally) | {"expected": tally.expected} for tally in alarms]
    for name in ("costs", "regeneration"):
        if name in results:
            told[name] = [asdict(one) for one in results[name]]
    return told


def _pixels(path: Path) -> Pixels:
    with Image.open(path) as opened:
        return np.asarray(opened.convert("RGB"))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.provenance")
    parser.add_argument("--quick", action="store_true", help="a dozen pictures: does it run?")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--part", choices=PARTS, action="append", help="only this one")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes")
    asked = parser.parse_args(arguments)
    console = Console(stderr=True)
    with TemporaryDirectory(prefix="seedbed-provenance-") as folder:
        bench = Bench(Path(folder), QUICK if asked.quick else Amount(), asked.workers, console)
        results = {part: getattr(bench, part)() for part in asked.part or PARTS}
    if asked.json:
        print(json.dumps(summary(results), indent=2))  # noqa: T201 - it is the output
    else:
        for table in tables(results):
            Console().print(table)
    return int(any(figure.reached == "missed" for figure in figures(results)))


if __name__ == "__main__":
    sys.exit(main())
