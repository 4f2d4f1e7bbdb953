"""deploy/seedbed.service: a unit that systemd can read, shut in, and stopped gently."""

from collections import defaultdict
from pathlib import Path

import pytest

from server.settings import PREFIX, Settings

UNIT = Path(__file__).parents[2] / "deploy" / "seedbed.service"
DRAIN_S = Settings.model_fields["drain_s"].default
Unit = dict[str, dict[str, list[str]]]


@pytest.fixture(scope="module")
def unit() -> Unit:
    """Sections, and in them every value of each name."""
    sections: Unit = {}
    for line in UNIT.read_text().splitlines():
        if line.startswith("["):
            sections[line.strip("[]")] = defaultdict(list)
        elif line and not line.startswith("#"):
            name, equals, value = line.partition("=")
            assert equals, line
            assert name.isalnum(), line
            list(sections.values())[-1][name].append(value)
    return sections


def test_it_has_the_sections_of_a_service(unit: Unit) -> None:
    assert list(unit) == ["Unit", "Service", "Install"]
    assert unit["Install"]["WantedBy"] == ["multi-user.target"]
    assert unit["Service"]["ExecStart"] == ["/opt/seedbed/.venv/bin/seedbed serve"]


def test_it_keeps_everything_in_its_state_folder(unit: Unit) -> None:
    service = unit["Service"]
    assert service["User"] == service["StateDirectory"] == ["seedbed"]
    assert service["WorkingDirectory"] == ["%S/seedbed"]
    said = dict(word.split("=") for word in service["Environment"][0].split())
    assert said["SEEDBED_DATA_DIR"] == "%S/seedbed"
    names = {name.removeprefix(PREFIX).lower() for name in said if name.startswith(PREFIX)}
    assert names <= set(Settings.model_fields)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateTmp", "yes"),
        ("CapabilityBoundingSet", ""),
        ("DevicePolicy", "closed"),
        ("RestrictNamespaces", "yes"),
        ("SystemCallFilter", "@system-service"),
        ("SystemCallArchitectures", "native"),
    ],
)
def test_it_is_shut_in(name: str, value: str, unit: Unit) -> None:
    assert unit["Service"][name] == [value]


def test_it_reaches_the_gpu_and_no_other_device(unit: Unit) -> None:
    assert unit["Service"]["DeviceAllow"] == ["char-nvidia* rw"]
    assert "PrivateDevices" not in unit["Service"]


def test_it_is_up_when_the_server_says_so_and_watched_from_then_on(unit: Unit) -> None:
    assert unit["Service"]["Type"] == ["notify"]
    assert int(unit["Service"]["WatchdogSec"][0]) >= 30
    families = unit["Service"]["RestrictAddressFamilies"][0].split()
    assert {"AF_UNIX", "AF_INET", "AF_INET6"} <= set(families), "what it says goes over AF_UNIX"


def test_it_stops_gently_and_comes_back(unit: Unit) -> None:
    service = unit["Service"]
    assert service["KillMode"] == ["mixed"], "workers finish what the server has accepted"
    assert int(service["TimeoutStopSec"][0]) >= DRAIN_S + 10
    assert service["Restart"] == ["always"]
    assert service["OOMPolicy"] == ["continue"], "the server replaces a worker itself"
