"""What Dockerfile.cuda promises: pinned, small, without secrets, and nobody's root."""

import re
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.deploying.dockerfile import Dockerfile, read

REPOSITORY = Path(__file__).parents[2]
MADE_BY_THE_OPERATOR = {"wheels/"}
SECRET = re.compile(r"(key|token|passw|secret)(?!s_file)", re.IGNORECASE)


@pytest.fixture(scope="module")
def file() -> Dockerfile:
    return read(REPOSITORY / "Dockerfile.cuda")


def allowed(path: str) -> bool:
    """Whether .dockerignore lets a path of the checkout into the build."""
    kept = True
    for line in (REPOSITORY / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!")
        inside = path == pattern or path.startswith(f"{pattern}/")
        anywhere = pattern.startswith("**/") and fnmatch(path.rpartition("/")[2], pattern[3:])
        if line and not line.startswith("#") and (pattern == "*" or inside or anywhere):
            kept = line.startswith("!")
    return kept


def test_the_only_image_from_outside_is_the_one_that_the_operator_names(file: Dockerfile) -> None:
    assert file.arguments == {"CUDA_BASE": None, "OFFLINE": "0"}
    known = {"scratch", "wheels-${OFFLINE}"}
    for stage in file.stages.values():
        assert stage.base in known | {"${CUDA_BASE}"}, stage
        known.add(stage.name)
    assert [s.name for s in file.stages.values() if s.base == "${CUDA_BASE}"] == ["system"]


@pytest.mark.parametrize(
    ("base", "offline", "accepted"),
    [
        ("nvidia/cuda:13.0.2-base-ubuntu24.04@sha256:" + "0" * 64, "0", True),
        ("nvidia/cuda:13.0.2-base-ubuntu24.04", "0", False),
        ("seedbed-system", "1", True),
        ("nvidia/cuda@sha256:" + "0" * 64, "yes", False),
    ],
)
def test_a_base_without_a_digest_is_refused_unless_it_was_carried_here(
    base: str, offline: str, accepted: bool, file: Dockerfile
) -> None:
    done = subprocess.run(
        ["sh", "-c", file.stages["system"].all("RUN")[0].text],
        env={"CUDA_BASE": base, "OFFLINE": offline},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) is accepted
    assert ("end it in @sha256:" in done.stderr) is not accepted


def test_only_what_is_named_gets_into_the_build(file: Dockerfile) -> None:
    copied = [
        (source, one)
        for stage in file.stages.values()
        for one in stage.all("COPY")
        for source in one.words[:-1]
        if not one.flags
    ]
    assert copied
    for source, _ in copied:
        assert allowed(source.rstrip("/")), source
        assert source in MADE_BY_THE_OPERATOR or (REPOSITORY / source).exists(), source
    for path in ("data/api-key", "seedbed.toml", "secrets/api-keys", ".git/config", ".env"):
        assert not allowed(path), path
    assert not allowed("server/__pycache__/cli.cpython-311.pyc")
    assert allowed("server/cli.py")
    assert not any(stage.all("ADD") for stage in file.stages.values())


def test_no_layer_holds_a_secret(file: Dockerfile) -> None:
    for stage in file.stages.values():
        for one in (*stage.all("ARG"), *stage.all("ENV")):
            assert not SECRET.search(one.text), one
    (pip,) = (one for one in file.stages["wheels-0"].all("RUN") if "pip download" in one.text)
    assert "--mount=type=secret,id=pip,target=/etc/pip.conf" in pip.flags


def test_an_offline_build_asks_no_network(file: Dockerfile) -> None:
    """Which stages it has follows from the bases; none of them fetches but behind OFFLINE."""
    needed, found = {"final"}, set[str]()
    while needed - found:
        stage = file.stages[(needed - found).pop()]
        found.add(stage.name)
        sources = [f for one in stage.instructions for f in one.flags]
        names = {name for flag in sources for name in re.findall(r"\bfrom=([\w-]+)", flag)}
        base = stage.base.replace("${OFFLINE}", "1")
        needed |= (names | {base}) & set(file.stages)
    assert "wheels-1" in found
    assert "wheels-0" not in found
    commands = [one.text for name in found for one in file.stages[name].all("RUN")]
    assert all("--no-index" in text for text in commands if "pip install" in text)
    (fetching,) = (text for text in commands if "apt-get" in text)
    assert re.search(r'if \[ "\$\{OFFLINE\}" = 1 \]; then.* exit 1; +fi; +apt-get', fetching)


def test_the_server_is_nobodys_root_and_hears_the_stop_signal(file: Dockerfile) -> None:
    final = list(file.stages.values())[-1]
    assert final.name == "final"
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", final.only("USER").text)
    assert final.only("USER").text.split(":")[0] in final.all("RUN")[0].words
    assert final.only("STOPSIGNAL").text == "SIGTERM"
    assert final.only("ENTRYPOINT").exec_form == ["seedbed"]
    assert final.only("CMD").exec_form == ["serve"]
    assert final.only("HEALTHCHECK").exec_form == ["seedbed", "health"]
    place = final.only("VOLUME").text
    assert final.only("WORKDIR").text == final.environment["SEEDBED_DATA_DIR"] == place
    assert final.only("EXPOSE").text == final.environment["SEEDBED_PORT"]


def test_a_new_version_of_seedbed_leaves_the_layer_of_packages_alone(file: Dockerfile) -> None:
    packages, program = (
        {w for one in file.stages[name].all("COPY") for w in one.words}
        for name in ("wanted", "program")
    )
    assert packages == {"pyproject.toml", "constraints.txt", "./"}
    assert {"pipelines/", "server/", "weights.toml", "weights.lock", "LICENSE"} <= program
    final = [one.text for one in file.stages["final"].all("COPY")]
    assert final == ["/opt/seedbed/ /opt/seedbed/", "/program/ /opt/seedbed/"]


def test_make_lint_reads_the_dockerfile_with_hadolint() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    (lint,) = re.findall(r"^lint:.*\n((?:\t.*\n)+)", makefile, flags=re.MULTILINE)
    assert "$(BIN)/hadolint Dockerfile.cuda" in lint
