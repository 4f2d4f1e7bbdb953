"""A short, repeatable piece of `make fuzz`: generated calls of every described operation."""

from collections.abc import Iterator

import pytest
from schemathesis.core.failures import FailureGroup

from tests.server.drawer import Drawer
from tests.server.fuzzing import DRAWS, Target, check_error, fuzz, target

DRAWING_CASES = 25
OTHER_CASES = 4


@pytest.fixture(scope="module")
def everything(drawer: Drawer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with target(drawer, tmp_path_factory.mktemp("fuzz")) as everything:
        yield everything


@pytest.mark.parametrize("path", DRAWS)
def test_generated_calls_draw_or_are_refused_as_described(everything: Target, path: str) -> None:
    statuses = fuzz(
        everything, everything.operation(f"POST {path}"), DRAWING_CASES, repeatable=True
    )
    assert statuses[200], "nothing was drawn"
    assert statuses[400] + statuses[422], "nothing was refused"


def test_generated_calls_of_everything_else_are_answered_as_described(everything: Target) -> None:
    others = [one for one in everything.operations if one.path not in DRAWS]
    assert len(others) > 10
    for operation in others:
        fuzz(everything, operation, OTHER_CASES, repeatable=True)


def test_a_failure_of_the_server_is_found(everything: Target, drawer: Drawer) -> None:
    drawer.script("a cat", refuse=RuntimeError("planted"))
    with pytest.raises(FailureGroup, match="Server error"):
        fuzz(everything, everything.operation("POST /v1/images/generations"), 15, repeatable=True)
    del drawer.scripts["a cat"]


@pytest.mark.parametrize("body", [{"detail": "Not Found"}, {"error": {"message": "x"}}, {}])
def test_a_foreign_shape_is_found(body: dict[str, object]) -> None:
    with pytest.raises(AssertionError):
        check_error("/v1/images/generations", body)
