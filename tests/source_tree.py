"""Reads a source tree without running it: which module imports what, and what it says."""

import ast
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class Module:
    """One file of the tree."""

    name: str
    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    @property
    def imports(self) -> Iterator[ast.Import | ast.ImportFrom]:
        """Every import, wherever it stands."""
        return (n for n in ast.walk(self.tree) if isinstance(n, ast.Import | ast.ImportFrom))

    @cached_property
    def imported_names(self) -> frozenset[str]:
        """Dotted names of what is imported: of `from a import b` both `a` and `a.b`."""
        names: set[str] = set()
        for node in self.imports:
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif node.module:
                names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        return frozenset(names)

    @property
    def imported_roots(self) -> frozenset[str]:
        return frozenset(name.partition(".")[0] for name in self.imported_names)


class SourceTree:
    """All modules below some top folders of one repository."""

    def __init__(self, root: Path, tops: Iterable[str] = ("pipelines", "server")) -> None:
        self.modules = {
            module.name: module
            for top in tops
            for path in sorted((root / top).rglob("*.py"))
            for module in [_module(root, path)]
        }

    def __iter__(self) -> Iterator[Module]:
        return iter(self.modules.values())

    def below(self, package: str) -> list[Module]:
        """A package and everything in it."""
        return [m for m in self if m.name == package or m.name.startswith(f"{package}.")]

    def targets(self, module: Module) -> set[str]:
        """Modules of this tree that run when `module` is imported, packages on the way included."""
        named = {name for name in module.imported_names if name in self.modules}
        return {part for name in named for part in _with_parents(name) if part in self.modules}

    def reachable(self, roots: Iterable[Module]) -> dict[str, str]:
        """What is imported, directly or not: module -> the chain of imports that leads to it."""
        chains = {module.name: module.name for module in roots}
        queue = deque(chains)
        while queue:
            name = queue.popleft()
            for target in sorted(self.targets(self.modules[name]) - set(chains)):
                chains[target] = f"{chains[name]} > {target}"
                queue.append(target)
        return chains


def _module(root: Path, path: Path) -> Module:
    parts = path.relative_to(root).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return Module(name, path, path.read_text(encoding="utf-8"))


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    return (".".join(parts[: end + 1]) for end in range(len(parts)))
