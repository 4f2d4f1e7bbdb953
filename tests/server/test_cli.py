"""The command line as a person meets it: the real command in a process of its own."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from server.settings import Settings, flag
from tests.running import plain_environment, seedbed

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_the_version_is_the_projects(tmp_path: Path) -> None:
    project = tomllib.loads(PYPROJECT.read_text())["project"]
    assert seedbed(tmp_path, "version").stdout == f"{project['version']}\n"


def test_the_module_is_the_command(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "server", "version"],
        cwd=tmp_path,
        env=plain_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == seedbed(tmp_path, "version").stdout


def test_help_names_every_command(tmp_path: Path) -> None:
    done = seedbed(tmp_path, "--help")
    assert done.returncode == 0
    for command in ("serve", "generate", "config", "version"):
        assert f"\n  {command} " in done.stdout


def test_help_loads_nothing_heavy() -> None:
    """So that it answers at once; `benchmarks` would time it, here the cause is checked."""
    script = (
        "import sys\nfrom server.cli import build_app\n"
        "try:\n    build_app()(['--help'])\n"
        "finally:\n    print('loaded', *sorted(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.partition("loaded ")[2].split())
    assert "server.cli" in loaded
    assert not loaded & {"torch", "numpy", "PIL", "fastapi", "uvicorn", "httpx2", "starlette"}


def test_every_setting_is_a_flag_of_serve_with_its_meaning(tmp_path: Path) -> None:
    text = " ".join(seedbed(tmp_path, "serve", "--help").stdout.split())
    for name, field in Settings.model_fields.items():
        assert f" {flag(name)} " in text
        assert str(field.description) in text


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        (("serve", "--prot", "1"), "--port"),
        (("srve",), "serve"),
        (("generate", "a", "--sed"), "--seed"),
    ],
)
def test_a_misspelt_word_is_refused_with_the_right_one(
    wrong: tuple[str, ...], right: str, tmp_path: Path
) -> None:
    done = seedbed(tmp_path, *wrong)
    assert done.returncode == 2
    assert right in done.stderr


def test_config_show_tells_value_and_origin_but_no_secret(tmp_path: Path) -> None:
    (tmp_path / "seedbed.toml").write_text("max_body_mib = 7\n")
    settings = {"SEEDBED_PORT": "9000", "SEEDBED_API_KEYS": "web:hush-hush"}
    done = seedbed(tmp_path, "config", "show", settings=settings)
    rows = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert list(rows) == list(Settings.model_fields)
    assert rows["port"].split() == ["9000", "SEEDBED_PORT"]
    assert rows["max_body_mib"].split() == ["7", "seedbed.toml"]
    assert rows["host"].split() == ["127.0.0.1", "default"]
    assert rows["api_keys"].split() == ["web:***", "SEEDBED_API_KEYS"]


def test_a_fault_of_the_settings_is_one_line_without_a_traceback(tmp_path: Path) -> None:
    done = seedbed(tmp_path, "config", "show", settings={"SEEDBED_PROT": "1"})
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == "seedbed: SEEDBED_PROT is not a setting; did you mean SEEDBED_PORT?\n"
