"""What a person sees of work on weights, where somebody watches and where nobody does."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from pipelines.weights.fetch import Plan
from pipelines.weights.lock import LockedFile, LockedWeights
from server.weights.showing import Bars, gigabytes

FILE = LockedFile("unet/model.safetensors", 2_000_000, "0" * 64)
OTHER = LockedFile("vae/model.safetensors", 2_000_000, "1" * 64)
ENTRY = LockedWeights(
    id="tiny",
    repo="hf://lab/tiny",
    revision="2" * 40,
    licence="MIT",
    commercial_use=True,
    gated=False,
    profiles=(),
    allow_patterns=(),
    files=(FILE, OTHER),
)
PLAN = Plan(ENTRY, "", False, (FILE, OTHER), (), needed_bytes=3_000_000)


def shown(terminal: bool) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=120, color_system=None)
    bars = Bars(console, [PLAN])
    with bars.shown():
        bars.at(ENTRY, FILE, 1_000_000)
        bars.at(ENTRY, FILE, 1_500_000)
        bars.finished(ENTRY, FILE)
        bars.at(ENTRY, OTHER, 0)
        bars.at(ENTRY, OTHER, 500_000)
    return out.getvalue()


def test_a_terminal_shows_a_bar_for_all_and_one_for_each_file_with_rate_and_time_left() -> None:
    text = shown(terminal=True)
    last = text.rstrip().rpartition("together")[2]
    assert "2.5/4.0 MB" in last
    assert "tiny vae/model.safetensors" in last
    assert "0.5/2.0 MB" in last
    assert "MB/s" in text or "?" in text
    assert "-:--:--" in text or "0:00:0" in text


def test_a_file_gets_a_line_for_each_file() -> None:
    assert shown(terminal=False) == "1/2 tiny unet/model.safetensors (2.0 MB)\n"


@pytest.mark.parametrize(("finish", "shows"), [(False, "1.2/4.0 MB"), (True, "4.0/4.0 MB")])
def test_together_counts_what_came_before_once_and_what_is_shared_never(
    finish: bool, shows: str
) -> None:
    shared = LockedFile("text_encoder/model.safetensors", 7_000_000, "3" * 64)
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=120, color_system=None)
    bars = Bars(console, [replace(PLAN, linked=((shared, Path()),))])
    with bars.shown():
        bars.finished(ENTRY, shared)
        bars.at(ENTRY, FILE, 600_000)  # of the million that came before, 400,000 are the other's
        bars.at(ENTRY, FILE, 800_000)
        if finish:
            bars.finished(ENTRY, FILE)
            bars.at(ENTRY, OTHER, 400_000)
            bars.finished(ENTRY, OTHER)
    assert shows in out.getvalue().rpartition("together")[2]


def test_sizes_are_as_people_read_them() -> None:
    assert [gigabytes(n) for n in (0, 999_999, 1_500_000, 15_980_131_745)] == [
        "0 B",
        "999,999 B",
        "1.5 MB",
        "15.98 GB",
    ]
