"""Calls every operation of the server's own description with right, wrong and nearly right calls.

`make fuzz` runs it long, a test runs a short piece of it. Whatever is sent, the answer is one that
the description promises; an error has its dialect's shape, and is never the server's fault.
"""

import argparse
import json
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.core.failures import FailureGroup

from server.batches.office import BatchSettings
from server.http.sse import MEDIA_TYPE
from server.provenance.paths import VERIFY
from server.store.database import prepare
from tests.server.conformance.calls import DONE, data_url, png
from tests.server.conftest import KEY, Site, serving
from tests.server.drawer import Drawer
from tests.server.frames import frames
from tests.server.provenance.marked import IDENT, known, scenery, verifying

BEARER = {"authorization": f"Bearer {KEY}"}
FIELDS = {"code", "message", "param", "type"}
SEEDREAM = "doubao-seedream-3-0-t2i"
PICTURE = data_url(png(256, 256))
DRAWS: dict[str, dict[str, Any]] = {
    "/api/v3/images/generations": {"model": SEEDREAM, "size": "512x512"},
    "/v1/images/generations": {"model": "seedbed", "size": "64x64"},
    "/v1/images/edits": {"model": "seedbed", "size": "64x64", "image": PICTURE},
    "/v1/images/variations": {"model": "dall-e-2", "size": "256x256", "image": PICTURE},
    "/seedbed/v1/images": {"model": "seedbed", "size": "64x64"},
    "/sdapi/v1/txt2img": {"width": 64, "height": 64},
    "/sdapi/v1/img2img": {"width": 64, "height": 64, "init_images": [PICTURE]},
}
"""What makes a generated body one that is really drawn, and cheaply."""


@dataclass(frozen=True)
class Target:
    """A server with everything switched on, and its description."""

    site: Site
    operations: list[APIOperation]
    session: requests.Session
    known: dict[str, str]
    """Things that there are, by the names of the path parameters that ask for them."""

    def operation(self, label: str) -> APIOperation:
        return next(one for one in self.operations if one.label == label)


@contextmanager
def target(drawer: Drawer, folder: Path) -> Iterator[Target]:
    """Serve every path there is."""
    prepare(folder)
    batches = BatchSettings(folder, max_file_bytes=100_000)
    verifier = verifying(known(scenery(1, 64)))
    with (
        closing(verifier),
        serving(drawer, folder, a1111=True, batches=batches, verifier=verifier) as site,
        requests.Session() as session,
    ):
        document = session.get(f"{site.url}/openapi.json", timeout=10).json()
        schema = schemathesis.openapi.from_dict(document)
        schema.config.update(base_url=site.url)
        operations = [result.ok() for result in schema.get_all_operations()]
        operations.sort(key=lambda one: bool(one.method == "delete"))
        yield Target(site, operations, session, _things(site, session))


def _things(site: Site, session: requests.Session) -> dict[str, str]:
    row = {"custom_id": "a", "method": "POST", "url": "/v1/images/generations"}
    line = json.dumps(row | {"body": DRAWS["/v1/images/generations"] | {"prompt": "a cat"}})
    file = session.post(
        f"{site.url}/v1/files",
        data={"purpose": "batch"},
        files={"file": ("rows.jsonl", line)},
        headers=BEARER,
        timeout=10,
    ).json()
    batch = session.post(
        f"{site.url}/v1/batches",
        json={
            "input_file_id": file["id"],
            "endpoint": row["url"],
            "completion_window": "24h",
        },
        headers=BEARER,
        timeout=10,
    ).json()
    return {
        "file_id": file["id"],
        "batch_id": batch["id"],
        "name": "dall-e-2",
        "mark_id": f"{IDENT:016x}",
    }


def calls_of(target: Target, operation: APIOperation) -> st.SearchStrategy[Case]:
    """Calls as described, calls that are not, and calls that get as far as drawing."""
    right = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    kinds = [right]
    if operation.body:
        kinds.append(_wrong(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)))
    if operation.path in DRAWS:
        kinds.append(right.map(_drawable))
    if operation.path == VERIFY:
        kinds.append(right.map(_with_picture))
    if any(f"{{{name}}}" in operation.path for name in target.known):
        kinds.append(right.map(partial(_of_known, target.known)))
    return st.one_of(kinds)


def _of_known(known: dict[str, str], case: Case) -> Case:
    case.path_parameters = {
        name: known.get(name, value) for name, value in case.path_parameters.items()
    }
    return case


@st.composite
def _wrong(draw: st.DrawFn, cases: st.SearchStrategy[Case]) -> Case:
    """The generator of wrong calls stumbles over some of its own files: those it leaves out."""
    try:
        return draw(cases)
    except ValueError as error:
        if "Binary" not in str(error):
            raise
        reject()


def _drawable(case: Case) -> Case:
    """Numbers and qualities are mostly wrong when nobody chooses them: those go."""
    if isinstance(case.body, dict):
        kept = {name: value for name, value in case.body.items() if not _mostly_wrong(name, value)}
        case.body = kept | {"prompt": "a cat"} | DRAWS[case.operation.path]
        if case.media_type == "multipart/form-data":
            case.body["image"] = [png(256, 256)]
    return case


def _with_picture(case: Case) -> Case:
    if isinstance(case.body, dict):
        case.body["image"] = [png(64, 64)]
    return case


def _mostly_wrong(name: str, value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number or name in ("quality", "images", "mask", "markup")


def fuzz(target: Target, operation: APIOperation, cases: int, *, repeatable: bool) -> Counter[int]:
    """Return how often which status was answered.

    Raises: AssertionError, or a group of them: with the call that was answered wrongly.
    """
    statuses: Counter[int] = Counter()

    @given(case=calls_of(target, operation))
    @settings(
        max_examples=cases,
        derandomize=repeatable,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    def call(case: Case) -> None:
        answer = case.call(headers=BEARER, session=target.session, timeout=60)
        statuses[answer.status_code] += 1
        if answer.headers["content-type"] == [MEDIA_TYPE]:
            frames(answer.content, DONE if operation.path.startswith("/api/v3") else b"")
            return
        case.validate_response(answer, checks=_checks())
        if answer.status_code >= 400:
            check_error(operation.path, answer.json())

    call()
    return statuses


def check_error(path: str, body: Any) -> None:
    """An error is one object of four members; some of the web UI's are others."""
    if path.startswith("/sdapi"):
        assert isinstance(body, dict), body
        return
    assert body.keys() == {"error"}, body
    assert body["error"].keys() == FIELDS, body
    assert body["error"]["message"]


def _checks() -> list[Any]:
    names = ("not_a_server_error", "content_type_conformance", "response_schema_conformance")
    registry = {check.__name__: check for check in _registered()}
    return [registry[name] for name in names]


def _registered() -> list[Any]:
    load_all_checks()
    return list(schemathesis.checks.CHECKS.get_all())


def main(arguments: list[str], out: TextIO) -> int:
    """Fuzz all operations; one line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1000, help="calls of each operation")
    parser.add_argument("--only", default="", help="part of an operation: POST /v1/images/edits")
    asked = parser.parse_args(arguments)
    logging.disable(logging.WARNING)  # a thousand wrong calls are a thousand lines
    failed = 0
    drawer = Drawer()
    with tempfile.TemporaryDirectory() as folder, target(drawer, Path(folder)) as server:
        for operation in server.operations:
            if asked.only not in operation.label:
                continue
            began_s = time.monotonic()
            try:
                statuses = fuzz(server, operation, asked.cases, repeatable=False)
                verdict = ", ".join(f"{count} x {status}" for status, count in statuses.items())
            except (Exception, FailureGroup) as error:  # noqa: BLE001 - all get their turn
                failed += 1
                verdict = f"WRONG\n{error}"
            took_s = time.monotonic() - began_s
            print(f"{operation.label:<40} {took_s:6.1f} s  {verdict}", file=out, flush=True)
    drawer.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], sys.stdout))
