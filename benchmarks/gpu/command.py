"""Measures this machine's CUDA device, offline and without weights.

    python -m benchmarks.gpu [--part 1 2 3] [--quick | --smoke] [--json] [--out FOLDER]

Six published architectures are built with random weights on the device. Part 1: parity with
`pipe()` and the engine's overhead. Part 2: throughput. Part 3: lanes and mixed traffic. Each part
takes at most ten minutes: cells that no longer fit stay "not measured", and one that fails does
not stop the others. Results go to FOLDER/<device>-<part>.json, after every cell, and .md.

With WHEELS=FOLDER in the environment packages that Python lacks are taken from the wheels there.

Exit code: 0, 1 when a cell failed or parity did, 2 when nothing could be measured.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers

from benchmarks.gpu.cells import Journal, Plan
from benchmarks.gpu.parts import FULL, PARTS, QUICK, SETS_OUT, SMOKE, Extent
from benchmarks.gpu.report import markdown

RESULTS = Path("benchmarks/results")
SMOKE_RESULTS = Path("build/gpu-smoke")
_MINUTES = {"full": 9.0, "quick": 3.0, "smoke": 60.0}
_EXTENTS: dict[str, Extent] = {"full": FULL, "quick": QUICK, "smoke": SMOKE}


def main(arguments: Sequence[str]) -> int:
    """Run the parts asked for, each in a process of its own, so that none harms the next."""
    options = _parser().parse_args(arguments)
    if not options.smoke and not torch.cuda.is_available():
        sys.stderr.write(
            "benchmarks.gpu: no CUDA device is visible to torch here, so nothing can be measured"
            " (--smoke tries the benchmark itself on a CPU)\n"
        )
        return 2
    if len(options.part) == 1 or options.smoke:
        return max(_part(part, options) for part in options.part)
    rest = [a for a in arguments if a != "--part" and a not in {str(p) for p in PARTS}]
    command = [sys.executable, "-m", "benchmarks.gpu", *rest, "--part"]
    return max(subprocess.call([*command, str(part)]) for part in options.part)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--part", type=int, nargs="+", choices=list(PARTS), default=list(PARTS), help="all"
    )
    extent = parser.add_mutually_exclusive_group()
    extent.add_argument("--quick", action="store_true", help="fewer cells, three minutes a part")
    extent.add_argument("--smoke", action="store_true", help="tiny models, any device, no figures")
    parser.add_argument("--json", action="store_true", help="print JSON in place of tables")
    parser.add_argument("--minutes", type=float, help="time after which no new cell is started")
    parser.add_argument("--out", type=Path, help=f"folder of the results ({RESULTS})")
    return parser


def _part(part: int, options: argparse.Namespace) -> int:
    mode = "smoke" if options.smoke else "quick" if options.quick else "full"
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    diffusers.utils.logging.set_verbosity_error()
    title, groups_of = PARTS[part]
    about = {
        "part": part,
        "title": title,
        "mode": mode,
        "command": f"python -m benchmarks.gpu --part {part}"
        + (f" --{mode}" if mode != "full" else ""),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(device),
    }
    folder = options.out or (SMOKE_RESULTS if options.smoke else RESULTS)
    path = folder / f"{_slug(about)}-{part}.json"
    groups = groups_of(_EXTENTS[mode], device)
    journal = Journal(path, about, groups)
    Plan(groups, 60 * (options.minutes or _MINUTES[mode])).run(journal)
    page = markdown(about, journal.records, SETS_OUT)
    path.with_suffix(".md").write_text(page)
    sys.stdout.write(path.read_text() if options.json else page)
    sys.stdout.flush()
    return int(not all(record.passed for record in journal.records))


def machine(device: torch.device) -> dict[str, Any]:
    """What the figures depend on."""
    about: dict[str, Any] = {"device": "CPU"}
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        about = {
            "device": properties.name,
            "memory_gib": round(properties.total_memory / 2**30, 1),
            "multiprocessors": properties.multi_processor_count,
            "cuda": torch.version.cuda,
        }
    return about | {
        "python": sys.version.split()[0],
        "torch": torch.__version__,
        "diffusers": diffusers.__version__,
        "transformers": transformers.__version__,
    }


def _slug(about: dict[str, Any]) -> str:
    name = re.sub(r"[^a-z0-9]+", "-", about["machine"]["device"].lower()).strip("-")
    return name if about["mode"] == "full" else f"{about['mode']}-{name}"
