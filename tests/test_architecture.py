"""The walls: who may know what. Each rule is also shown a violation, and must find it."""

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.source_tree import Module, SourceTree

REPOSITORY = Path(__file__).parents[1]
WEB = {
    "fastapi",
    "starlette",
    "pydantic",
    "pydantic_settings",
    "uvicorn",
    "httpx",
    "httpx2",
    "typer",
}
HEAVY = {"torch", "diffusers", "transformers", "accelerate", "safetensors", "greenlet"}
IMPURE = HEAVY | {"numpy", "time", "threading", "asyncio", "random", "os", "pathlib", "logging"}
PURE = ("pipelines.scheduler", "pipelines.cost")
SIBLINGS = ("pipelines.families", "pipelines.post", "server.dialects")
COMMON_GROUND = {
    "pipelines.families.base",
    "pipelines.families.pictures",
    "pipelines.families.recipe",
}
"""What siblings may share, and what in turn knows none of them."""
IMPORT_BY_NAME = {
    "pipelines.families",
    "pipelines.variants",
    "pipelines.worker",
    "server.cli",
}
"""The modules that look up others by a name."""
REGISTRIES = {
    "pipelines.families",
    "pipelines.embedded.subjects",
    "pipelines.embedded.styles",
}
"""The packages whose `__init__.py` lists their members."""
ASK_SETTINGS = (
    "server.cli",
    "server.startup",
    "server.assembly",
    "server.store.api_keys",
    "server.generate",
    "server.health",
    "server.models.command",
    "server.weights.commands",
    "server.provenance.certificate_commands",
    "server.provenance.command",
)
MAX_LINES = 400

Rule = Callable[[SourceTree], Iterator[str]]


def pipelines_know_no_web(tree: SourceTree) -> Iterator[str]:
    for module in tree.below("pipelines"):
        for name in sorted(module.imported_roots & (WEB | {"server"})):
            yield f"{module.name} imports {name}"


def policy_is_pure(tree: SourceTree) -> Iterator[str]:
    """Also in what it imports: neither a tensor nor a clock, a thread or a disk."""
    for name, chain in tree.reachable(tree.modules[name] for name in PURE).items():
        module = tree.modules[name]
        if name == "pipelines" or name.partition(".")[0] != "pipelines":
            continue
        allowed = {"numpy"} if name == "pipelines.types" else set()
        for root in sorted(module.imported_roots & IMPURE - allowed):
            yield f"{chain} imports {root}"


def server_never_reaches_torch(tree: SourceTree) -> Iterator[str]:
    """Families too: the server looks them up by name."""
    roots = [*tree.below("server"), *tree.below("pipelines.families")]
    for name, chain in tree.reachable(roots).items():
        for root in sorted(tree.modules[name].imported_roots & HEAVY):
            yield f"{chain} imports {root}"


def siblings_do_not_meet(tree: SourceTree) -> Iterator[str]:
    """Families, post stages and dialects share only their package and the common ground.

    A sibling is a module or a whole package: the modules of one dialect may know each other.
    """
    for package in SIBLINGS:
        below = {m.name for m in tree.below(package)} - {package}
        members = below - COMMON_GROUND
        for name in sorted(below):
            own = ".".join(name.split(".")[:3])
            for other in sorted(tree.targets(tree.modules[name]) & members):
                if not f"{other}.".startswith(f"{own}."):
                    yield f"{name} imports {other}"


def only_the_command_reads_settings(tree: SourceTree) -> Iterator[str]:
    for module in tree:
        if "server.settings" in module.imported_names and not module.name.startswith(ASK_SETTINGS):
            yield f"{module.name} imports server.settings"


def only_families_ask_for_the_family(tree: SourceTree) -> Iterator[str]:
    """No `if family == ...` and no `match family` outside `families` and the table of rules."""
    for module in tree:
        if module.name.startswith(("pipelines.families", "pipelines.rules")):
            continue
        for node in ast.walk(module.tree):
            asked: list[ast.expr] = []
            if isinstance(node, ast.Compare):
                asked = [node.left, *node.comparators]
            elif isinstance(node, ast.Match):
                asked = [node.subject]
            if any(_is_family(expression) for expression in asked):
                yield f"{module.name}:{node.lineno} decides by the family"


def imports_are_absolute_and_at_the_top(tree: SourceTree) -> Iterator[str]:
    for module in tree:
        top = set(module.tree.body)
        for node in module.imports:
            if isinstance(node, ast.ImportFrom) and node.level:
                yield f"{module.name}:{node.lineno} imports relatively"
            if node not in top:
                yield f"{module.name}:{node.lineno} imports below the top of the module"


def only_registries_import_by_name(tree: SourceTree) -> Iterator[str]:
    for module in tree:
        if "importlib.import_module" in module.imported_names and module.name not in IMPORT_BY_NAME:
            yield f"{module.name} imports by name"


def nothing_happens_at_import(tree: SourceTree) -> Iterator[str]:
    """A module defines and assigns; it calls nothing for its effect and keeps no global state."""
    for module in tree:
        if module.name.endswith("__main__"):
            continue
        for node in module.tree.body:
            if not _only_defines(node):
                yield f"{module.name}:{node.lineno} does something at import"
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Global):
                yield f"{module.name}:{node.lineno} keeps global state"


def packages_are_empty_but_for_registries(tree: SourceTree) -> Iterator[str]:
    for module in tree:
        if module.is_package and module.text.strip() and module.name not in REGISTRIES:
            yield f"{module.name} has an __init__.py with content"


def imports_have_no_cycle(tree: SourceTree) -> Iterator[str]:
    """A package that lists its members is no cycle, though each of them runs it first."""
    for module in tree:
        for target in sorted(tree.targets(module)):
            of_one_package = f"{module.name}.".startswith(f"{target}.")
            chain = tree.reachable([tree.modules[target]])
            if module.name in chain and not module.is_package and not of_one_package:
                yield f"{module.name} and {target} import each other"


def files_stay_one_room(tree: SourceTree) -> Iterator[str]:
    for module in tree:
        if module.lines > MAX_LINES:
            yield f"{module.name} has {module.lines} lines"


def _is_family(expression: ast.expr) -> bool:
    return ast.unparse(expression).removesuffix(".name").rpartition(".")[2] == "family"


def _only_defines(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.If):
        return ast.unparse(node.test) == "__name__ == '__main__'"
    defining = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return isinstance(node, (*defining, ast.Assign, ast.AnnAssign))


LONG = "x = 1\n" * (MAX_LINES + 1)
PLANTED: dict[Rule, dict[str, str]] = {
    pipelines_know_no_web: {"pipelines/gate.py": "from pydantic import BaseModel"},
    policy_is_pure: {
        "pipelines/scheduler.py": "from pipelines import lanes",
        "pipelines/lanes.py": "from time import monotonic",
    },
    server_never_reaches_torch: {
        "server/service.py": "from pipelines.middle import thing",
        "pipelines/middle.py": "import pipelines.engine",
        "pipelines/engine.py": "from torch import nn",
    },
    siblings_do_not_meet: {
        "server/dialects/ark.py": "from server.dialects import openai",
        "server/dialects/openai.py": "",
    },
    only_the_command_reads_settings: {"server/app.py": "from server.settings import Settings"},
    only_families_ask_for_the_family: {
        "pipelines/engine.py": "def f(x):\n    return 1 if x.family == 'sdxl' else 2"
    },
    imports_are_absolute_and_at_the_top: {"server/app.py": "from . import auth"},
    only_registries_import_by_name: {"server/app.py": "from importlib import import_module"},
    nothing_happens_at_import: {"server/app.py": "print('hello')"},
    packages_are_empty_but_for_registries: {"server/__init__.py": "VERSION = 1"},
    imports_have_no_cycle: {
        "server/app.py": "from server.http import auth",
        "server/http/auth.py": "from server.app import create_app",
    },
    files_stay_one_room: {"server/app.py": LONG},
}
MORE_PLANTED: list[tuple[Rule, dict[str, str]]] = [
    (imports_are_absolute_and_at_the_top, {"server/app.py": "def f():\n    import torch"}),
    (server_never_reaches_torch, {"pipelines/families/flux.py": "import diffusers"}),
    (
        siblings_do_not_meet,
        {
            "server/dialects/ark/body.py": "from server.dialects.openai import body",
            "server/dialects/openai/body.py": "",
            "server/dialects/openai/__init__.py": "",
        },
    ),
    (
        siblings_do_not_meet,
        {
            "pipelines/families/recipe.py": "from pipelines.families import flux",
            "pipelines/families/flux.py": "",
        },
    ),
    (nothing_happens_at_import, {"server/app.py": "def f():\n    global x\n    x = 1"}),
    (nothing_happens_at_import, {"server/app.py": "for x in y:\n    pass"}),
    (only_families_ask_for_the_family, {"server/app.py": "a = x.family.name in ('sdxl',)"}),
    (only_families_ask_for_the_family, {"server/app.py": "match request.family:\n    case _: ..."}),
]


@pytest.fixture(scope="module")
def tree() -> SourceTree:
    return SourceTree(REPOSITORY)


@pytest.mark.parametrize("rule", PLANTED, ids=lambda rule: rule.__name__)
def test_the_walls_stand(rule: Rule, tree: SourceTree) -> None:
    assert list(rule(tree)) == []


@pytest.mark.parametrize(
    ("rule", "files"),
    [*PLANTED.items(), *MORE_PLANTED],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_planted_violation_is_found(rule: Rule, files: dict[str, str], tmp_path: Path) -> None:
    for name in ("pipelines/scheduler.py", "pipelines/cost.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    assert list(rule(SourceTree(tmp_path))) == []
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert len(list(rule(SourceTree(tmp_path)))) >= 1


def test_tests_and_benchmarks_stay_readable_too() -> None:
    tree = SourceTree(REPOSITORY, ("tests", "benchmarks"))
    assert list(files_stay_one_room(tree)) == []


def outside_the_worker(module: Module) -> bool:
    return module.name.startswith("server") and not module.name.endswith("__main__")


def test_importing_the_whole_server_loads_no_torch(tree: SourceTree) -> None:
    """The proof by running it: every module of the server, and every family it may look up."""
    modules = [m for m in tree if outside_the_worker(m)] + tree.below("pipelines.families")
    names = [module.name for module in modules]
    script = f"import sys, {', '.join(names)}; print(*sorted(sys.modules), sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    loaded = {line.partition(".")[0] for line in done.stdout.splitlines()}
    assert {"server", "pipelines", "fastapi"} <= loaded
    assert loaded & (HEAVY - {"greenlet"}) == set()
