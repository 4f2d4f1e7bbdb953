"""docs/api.md says nothing that is not so, and leaves out nothing that it lists."""

import re
from pathlib import Path

import httpx2
import pytest

from server.settings import PREFIX, Settings
from tests.openapi_document import document
from tests.server.api_page.failures import FAILURES, UNHEARD, kinds
from tests.server.api_page.tables import TABLES
from tests.server.conformance.calls import ARK, GENERATIONS
from tests.server.conformance.test_client_programs import CALLS
from tests.server.conftest import KEY, serving
from tests.server.drawer import Drawer

PAGE = (Path(__file__).parents[3] / "docs" / "api.md").read_text()


def section(title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def test_every_kind_of_failure_has_a_row() -> None:
    listed = {type(error) for _, error in FAILURES}
    finest = {kind for kind in kinds() if not kind.__subclasses__()}
    assert {kind.__name__ for kind in finest - listed} == UNHEARD


def test_every_path_that_draws_has_a_table() -> None:
    bodies = {
        path: methods["post"]["requestBody"]["content"]["application/json"]["schema"]
        for path, methods in document()["paths"].items()
        if "application/json" in methods.get("post", {}).get("requestBody", {}).get("content", {})
    }
    drawing = {path for path, schema in bodies.items() if "prompt" in schema["properties"]}
    assert drawing == {table.path for table in TABLES}


def test_every_program_of_the_tests_is_on_the_page() -> None:
    rows = section("Programs that call it")
    programs = {call.program.partition(",")[0] for call in CALLS if "," in call.program}
    assert len(programs) > 5
    assert not {name for name in programs if f"\n| {name} |" not in rows}


def test_every_variable_is_a_setting() -> None:
    named = set(re.findall(rf"{PREFIX}[A-Z0-9_]+", PAGE))
    assert named <= {PREFIX + name.upper() for name in Settings.model_fields}
    assert len(named) > 5


def test_every_place_on_the_page_is_there() -> None:
    titles = re.findall(r"^#+ (.*)$", PAGE, flags=re.MULTILINE)
    places = {title.lower().replace(" ", "-") for title in titles}
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= places


@pytest.mark.parametrize(
    ("path", "own", "elsewhere"),
    [
        (GENERATIONS, {"openai-version", "openai-processing-ms"}, {"x-seedbed-rewriting"}),
        (ARK, set(), set()),
    ],
)
def test_every_header_of_an_answer_is_on_the_page(
    drawer: Drawer, tmp_path: Path, path: str, own: set[str], elsewhere: set[str]
) -> None:
    table = section("Headers").rpartition("| of an answer |")[2]
    named = {name.lower() for name in re.findall(r"`([\w-]+)`", table)}
    body = {
        "model": "doubao-seedream-5-0-flash-260915",
        "prompt": "a cat",
        "size": "400x512",
        "background": "transparent",
        "output_format": "png",
        "optimize_prompt": True,
        "foo": 1,
    }
    settings = {"snap_sizes": True, "requests_per_minute": 100}
    with serving(drawer, tmp_path, rewrites=True, **settings) as site:
        answer = httpx2.post(site.url + path, json=body, headers={"authorization": f"Bearer {KEY}"})
    assert answer.status_code == 200, answer.text
    usual = {"date", "server", "content-length", "content-type"}
    sent = set(answer.headers) - usual
    assert sent <= named
    ours = {name for name in named if name.startswith("x-seedbed-")}
    assert sent >= ours - elsewhere | own | {"x-request-id"}
