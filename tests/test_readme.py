"""Every claim of the README that can be run is run, against a real server with the real model."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import httpx2
import pytest
from PIL import Image

from tests.generated_docs import PARTS, with_part
from tests.running import SEEDBED, Running, plain_environment

REPOSITORY = Path(__file__).parents[1]
README = (REPOSITORY / "README.md").read_text()
DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "docs/api.md",
    "docs/architecture.md",
    "docs/batches.md",
    "docs/decisions.md",
    "docs/labels.md",
    "docs/deploying.md",
    "docs/moderation.md",
    "docs/provenance.md",
    "docs/recipes.md",
    "docs/settings.md",
    "docs/training.md",
)

RUNNABLE = README + (REPOSITORY / "docs" / "batches.md").read_text()
SNIPPETS = re.findall(r"<!-- test: (\w+) -->\n```\w+\n(.*?)```", RUNNABLE, flags=re.DOTALL)
LANGUAGES = [language for language, _ in SNIPPETS]


pytestmark = pytest.mark.timeout(300)


def run_snippet(language: str, text: str, server: Running) -> str:
    """Run a snippet as it stands there, but for the port and the place of the installation."""
    text = text.replace("127.0.0.1:8000", server.url.removeprefix("http://"))
    text = text.replace(".venv/bin/seedbed", str(SEEDBED))
    shell = {"bash": ["bash", "-c"], "python": [sys.executable, "-c"]}[language]
    done = subprocess.run(
        [*shell, text],
        cwd=server.folder,
        env=plain_environment() | {"SEEDBED_PORT": server.url.rpartition(":")[2]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(("language", "text"), SNIPPETS, ids=LANGUAGES)
def test_a_snippet_draws_a_picture(
    language: str, text: str, running: Running, tmp_path: Path
) -> None:
    said = run_snippet(language, text, running)
    if address := re.search(r"http://[^\s\"]+/files/[^\s\"]+", said):
        file = tmp_path / "picture"
        file.write_bytes(httpx2.get(address[0]).raise_for_status().content)
    else:
        file = running.folder / said.split()[0]
    with Image.open(file) as picture:
        picture.load()
        assert min(picture.size) >= 256


def test_every_way_to_draw_is_shown_and_tested() -> None:
    assert len(re.findall(r"```(?:bash|python)\n", RUNNABLE)) == len(SNIPPETS)
    for way in ("/v1/images", "/api/v3/images", "import OpenAI", "import Ark", "seedbed generate"):
        assert any(way in text for _, text in SNIPPETS), way


def test_the_first_screen_has_two_commands() -> None:
    first_screen = README.partition("## Draw")[0]
    commands = re.findall(r"^(make \w+|\.venv\S+|pip \w+|curl)\b", first_screen, flags=re.MULTILINE)
    assert commands == ["make serve", "make test"]


@pytest.mark.parametrize("part", PARTS)
def test_what_is_written_from_the_code_is_up_to_date(part: str) -> None:
    file, make = PARTS[part]
    text = (REPOSITORY / file).read_text()
    assert text == with_part(text, part, make()), "run python -m tests.generated_docs"


def test_the_public_paths_need_no_key_and_the_others_do(running: Running) -> None:
    sentence = re.search(r"needs no key and is valid.*?everything else does", README, re.DOTALL)
    assert sentence is not None
    public = re.findall(r"`(/\S+)`", sentence[0])
    assert len(public) == 5
    for path in public:
        assert httpx2.get(running.url + path).status_code == 200, path
    for path in ("/v1/models", "/api/v3/models", "/v1/images/generations", "/nothing"):
        assert httpx2.get(running.url + path).status_code == 401, path


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_a_document_points_at_is_there(document: str) -> None:
    text = (REPOSITORY / document).read_text()
    folder = (REPOSITORY / document).parent
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (folder / target).exists(), target
    for path in re.findall(r"`((?:pipelines|server|tests|docs|benchmarks)/[\w/.]+)`", text):
        assert (REPOSITORY / path).exists(), path
    for module in re.findall(r"python -m ([a-z_.]+)", text):
        place = REPOSITORY / module.replace(".", "/")
        assert place.with_suffix(".py").exists() or (place / "__main__.py").exists(), module
    makefile = (REPOSITORY / "Makefile").read_text()
    for target in re.findall(r"`make ([a-z]+)", text):
        assert f"\n{target}:" in makefile, target


def test_the_tree_names_folders_that_exist() -> None:
    listed = re.findall(r"^((?:[a-z]+/)+) ", README, flags=re.MULTILINE)
    assert len(listed) > 5
    assert not [path for path in listed if not (REPOSITORY / path).is_dir()]


def test_the_changelog_begins_with_the_projects_version() -> None:
    changelog = (REPOSITORY / "CHANGELOG.md").read_text()
    versions = re.findall(r"^## \[(.*?)\] - (\d{4}-\d\d-\d\d)$", changelog, flags=re.MULTILINE)
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert versions[0][0] == project["version"]
    for entry in changelog.split("\n## [")[1:]:
        assert "\n### Changed pictures\n" in entry


def test_the_licence_is_the_whole_text() -> None:
    text = (REPOSITORY / "LICENSE").read_text()
    for words in ("Version 2.0, January 2004", "END OF TERMS AND CONDITIONS", "APPENDIX"):
        assert words in text


def test_the_check_of_changes_runs_the_readmes_commands() -> None:
    script = REPOSITORY / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert {"make lint", "make test"} <= {line.strip() for line in script.read_text().splitlines()}
