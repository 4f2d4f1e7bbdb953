"""`seedbed parity` as its users run it."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "server", "parity", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110)


def test_it_prints_every_figure_as_json_also_of_the_installed_weights() -> None:
    done = run("auraflow", "embedded", "--device", "cpu", "--json")
    assert done.returncode == 0, done.stderr
    families = json.loads(done.stdout)["families"]
    assert [one["family"] for one in families] == ["auraflow", "embedded (installed)"]
    for one in families:
        assert one["uint8_max"] <= 1
        assert one["negative_control_differs"] is True
        assert one["rows_shared"] > 0
        assert one["passed"] is True
        assert {"denoiser", "latents_max", "scale", "forwards"} <= one.keys()


def test_it_prints_a_table_and_nothing_of_the_libraries() -> None:
    done = run("auraflow", "--device", "cpu")
    assert done.returncode == 0, done.stderr
    assert "AuraFlowTransformer2DModel" in done.stdout
    assert done.stderr == ""


def test_a_family_that_is_not_known_is_refused_with_those_that_are() -> None:
    done = run("auroflow")
    assert done.returncode == 1
    assert "auroflow" in done.stderr
    assert "auraflow" in done.stderr
    assert "Traceback" not in done.stderr
