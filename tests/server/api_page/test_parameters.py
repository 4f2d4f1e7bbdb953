"""Every verdict of docs/api.md is shown by calls with and without the parameter."""

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from pipelines.types import ImageRequest
from server.http.sse import MEDIA_TYPE
from tests.server.api_page.parameter import Members, Parameter, Probe, Table
from tests.server.api_page.tables import TABLES
from tests.server.conformance.calls import fetched, ignored
from tests.server.conftest import KEY, serving
from tests.server.drawer import Drawer
from tests.server.frames import frames

VOLATILE = {"created", "created_at", "id", "eta_s", "info"}
"""Members that differ between two calls alike."""
CASES = [
    pytest.param(table, one, probe, id=f"{table.path} {one.name} {probe.verdict} {probe.where}")
    for table in TABLES
    for one in table.parameters
    for probe in one.probes
]
WRONG = [
    pytest.param(table, one, id=f"{table.path} {one.name}")
    for table in TABLES
    for one in table.parameters
]


@pytest.fixture(scope="module")
def caller(drawer: Drawer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    headers = {"authorization": f"Bearer {KEY}"}
    with (
        serving(drawer, tmp_path_factory.mktemp("parameters"), a1111=True) as site,
        httpx2.Client(base_url=site.url, headers=headers, timeout=30) as client,
    ):
        yield client


def said(table: Table, *more: Members) -> dict[str, Any]:
    members: dict[str, Any] = dict(table.base)
    for part in more:
        members |= part
    return {name: value for name, value in members.items() if value is not None}


def steady(value: Any) -> Any:
    """The value without what differs between two calls alike; addresses by what they lead to."""
    if isinstance(value, dict):
        return {
            name: _behind(part) if name == "url" and part else steady(part)
            for name, part in value.items()
            if name not in VOLATILE
        }
    return [steady(part) for part in value] if isinstance(value, list) else value


def _behind(address: str) -> tuple[str, str]:
    return address.rpartition(".")[2], hashlib.sha256(fetched(address)).hexdigest()


def effect(answer: httpx2.Response, drawn: list[ImageRequest]) -> list[Any]:
    """All that a caller and the drawer notice of a call, but for the caller's own words."""
    assert answer.status_code == 200, answer.text
    is_stream = answer.headers["content-type"] == MEDIA_TYPE
    closing = b"data: [DONE]\n\n" if b"data: [DONE]" in answer.content else b""
    body = frames(answer.content, closing) if is_stream else answer.json()
    headers = {
        name: text.rpartition("applied=")[2]
        for name, text in answer.headers.items()
        if name.startswith("x-seedbed-") and name != "x-seedbed-ignored"
    }
    wanted = [dataclasses.replace(one, id="") for one in drawn]
    return [is_stream, headers, steady(body), wanted]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.path)
def test_every_parameter_has_one_row(table: Table) -> None:
    assert sorted(one.name for one in table.parameters) == sorted(table.body.model_fields)


@pytest.mark.parametrize(("table", "one", "probe"), CASES)
def test_a_verdict_is_true(
    caller: httpx2.Client, drawer: Drawer, table: Table, one: Parameter, probe: Probe
) -> None:
    without = said(table, probe.beside)
    spoken = said(table, probe.beside, {probe.instead_of: None, one.name: probe.value})
    assert spoken != without, "the value must not be what is said anyway"
    before = len(drawer.drawn)
    answer = caller.post(table.path, json=spoken)
    if probe.verdict == "refused":
        assert answer.status_code == 400, answer.text
        assert answer.json()["error"]["param"].partition(".")[0] == one.name
        return
    between = len(drawer.drawn)
    plain = caller.post(table.path, json=without)
    same = effect(answer, drawer.drawn[before:between]) == effect(plain, drawer.drawn[between:])
    names = {name.partition(".")[0] for name in ignored(answer)}
    assert (one.name in names) == same == (probe.verdict == "without effect")


@pytest.mark.parametrize(("table", "one"), WRONG)
def test_a_wrong_value_is_refused_by_name(
    caller: httpx2.Client, table: Table, one: Parameter
) -> None:
    answer = caller.post(table.path, json=said(table, one.wrong_beside, {one.name: one.wrong}))
    assert answer.status_code == (422 if table.path.startswith("/sdapi") else 400), answer.text
    assert one.name in json.dumps(answer.json())
