"""compose.yaml: what it starts agrees with the image, and is open to nobody else."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from server.settings import PREFIX, Settings
from tests.deploying.dockerfile import Stage, read

REPOSITORY = Path(__file__).parents[2]
DRAIN_S = Settings.model_fields["drain_s"].default
INTERPOLATED = re.compile(r"\$\{([A-Z_]+)(?::-([^}]*))?\}")


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((REPOSITORY / "compose.yaml").read_text())


@pytest.fixture(scope="module")
def service(compose: Any) -> Any:
    (service,) = compose["services"].values()
    return service


@pytest.fixture(scope="module")
def final() -> Stage:
    return read(REPOSITORY / "Dockerfile.cuda").stages["final"]


def test_it_builds_the_image_with_its_arguments(service: Any) -> None:
    build = service["build"]
    assert (build["context"], build["dockerfile"]) == (".", "Dockerfile.cuda")
    assert set(build["args"]) == set(read(REPOSITORY / "Dockerfile.cuda").arguments)


def test_its_port_is_open_to_this_machine_alone_unless_said(service: Any, final: Stage) -> None:
    (port,) = service["ports"]
    said = INTERPOLATED.sub(lambda found: found[2], port)
    assert said == f"127.0.0.1:8000:{final.environment['SEEDBED_PORT']}"


def test_the_root_is_read_only_and_nothing_can_be_gained(service: Any) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    (tmpfs,) = service["tmpfs"]
    assert tmpfs.startswith("/tmp:size=")
    assert {"nosuid", "nodev", "noexec"} <= set(tmpfs.split(","))


def test_data_and_weights_are_volumes_where_the_image_keeps_them(
    compose: Any, service: Any, final: Stage
) -> None:
    places = dict(one.split(":") for one in service["volumes"])
    data = final.environment["SEEDBED_DATA_DIR"]
    assert places == {"data": data, "weights": f"{data}/weights"}
    assert set(places) == set(compose["volumes"])
    made = final.all("RUN")[0].words
    assert set(places.values()) <= set(made), "a new volume takes its owner from the image"


def test_keys_come_from_a_file_and_stand_nowhere(compose: Any, service: Any) -> None:
    (name,) = service["secrets"]
    environment = service["environment"]
    assert environment == {"SEEDBED_API_KEYS_FILE": f"/run/secrets/{name}"}
    assert compose["secrets"][name]["file"].startswith("./secrets/")
    assert {variable.removeprefix(PREFIX).lower() for variable in environment} <= set(
        Settings.model_fields
    )


def test_one_gpu_is_reserved(service: Any) -> None:
    (device,) = service["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}


def test_it_is_stopped_as_gently_as_the_server_drains(service: Any) -> None:
    assert int(service["stop_grace_period"].removesuffix("s")) >= DRAIN_S + 10
    assert service["init"] is True


def test_healthy_means_that_it_can_draw(service: Any) -> None:
    assert service["healthcheck"]["test"] == ["CMD", "seedbed", "health", "--ready"]
    assert service["healthcheck"]["start_period"].endswith("m")


def test_every_variable_is_described_at_its_head() -> None:
    text = (REPOSITORY / "compose.yaml").read_text()
    head = text.partition("name:")[0]
    names = {found[1] for found in INTERPOLATED.finditer(text)}
    assert names == {"CUDA_BASE", "OFFLINE", "BIND", "PORT"}
    assert all(name in head for name in names)
