"""Every conformance case has a test, and no test claims a case that does not exist."""

import ast
import re
from collections.abc import Iterable
from pathlib import Path

from tests.server.conformance.cases import CASES

FOLDER = Path(__file__).parents[1]


def cases_of(sources: Iterable[str]) -> set[str]:
    """The ids that the names of tests begin with: test_a_g01_... is A-G01, test_x_03_... X-03."""
    functions = (
        node.name
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    names = (re.match(r"test_([aox])_([gbsevm]?\d\d)_", name) for name in functions)
    return {f"{match[1]}-{match[2]}".upper() for match in names if match}


def test_every_case_has_a_test_and_every_test_its_case() -> None:
    tested = cases_of(path.read_text() for path in FOLDER.rglob("test_*.py"))
    assert set(CASES) - tested == set(), "without a test"
    assert tested - set(CASES) == set(), "of no case"


def test_a_case_is_known_by_the_beginning_of_a_name() -> None:
    source = "def test_a_g01_x(): ...\ndef test_x_03_y(): ...\ndef test_a_gentle_thing(): ..."
    assert cases_of([source]) == {"A-G01", "X-03"}
