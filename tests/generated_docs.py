"""The parts of README and docs that are written from the code: `python -m tests.generated_docs`.

A part stands between `<!-- name: generated -->` and `<!-- end of name -->`. A test compares.
"""

import ast
import re
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

from pipelines.embedded.lexicon import COLOUR_EN, GROUND_EN, STYLE_EN, SUBJECT_EN
from server.named_models import MODELS, NamedModel
from server.settings import PREFIX, SECRET, Settings, flag
from server.sizes import FreeSize, SizeRule
from tests.source_tree import Module, SourceTree

REPOSITORY = Path(__file__).parents[1]


def settings_table() -> str:
    """Every setting with its variable, flag, default and meaning."""
    rows = ["| variable | flag | default | meaning |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "" if name == SECRET or field.default in (None, "") else f"`{field.default}`"
        meaning = str(field.description).replace("|", "\\|").replace("*", "\\*")
        rows.append(f"| `{PREFIX}{name.upper()}` | `{flag(name)}` | {default} | {meaning} |")
    return "\n".join(rows)


def models_table() -> str:
    """Every model that draws from text, those with the same contract in one row."""
    rows = ["| name | sizes | n | watermark unless said | prompt |", "|---|---|---|---|---|"]
    text_only = [model for model in MODELS.values() if not model.pictures.least]
    for contract, models in groupby(text_only, key=_contract):
        names = "<br>".join(f"`{model.id}`" for model in models)
        rows.append(f"| {names} | {' | '.join(contract)} |")
    return "\n".join(rows)


def vocabulary() -> str:
    """What the embedded model was taught, in its plainest words."""
    grounds = ["a plain colour", *(words[0] for words in GROUND_EN.values())]
    styles = [next(word for word in words if word) for words in STYLE_EN.values()]
    rows = {
        "subjects": [words[0] for words in SUBJECT_EN.values()],
        "colours": list(COLOUR_EN),
        "grounds": grounds,
        "styles": styles,
    }
    return "\n".join(f"- {name}: {'; '.join(words)}" for name, words in rows.items())


def tree() -> str:
    """Every module with the first line of its docstring."""
    lines = ["```"]
    for folder, modules in groupby(_documented(SourceTree(REPOSITORY)), key=_folder):
        lines.append(f"{folder}/")
        lines += [f"  {m.path.name:<18}{_first_line(m)}" for m in modules]
    return "\n".join([*lines, "```"])


PARTS: dict[str, tuple[str, Callable[[], str]]] = {
    "settings": ("README.md", settings_table),
    "vocabulary": ("README.md", vocabulary),
    "models": ("README.md", models_table),
    "tree": ("docs/architecture.md", tree),
}
"""Part -> file and what must stand there."""


def with_part(text: str, name: str, content: str) -> str:
    """The text with the part replaced. Raises: ValueError: it has no place for the part."""
    pattern = rf"(<!-- {name}: generated -->\n).*?(<!-- end of {name} -->)"
    replaced, count = re.subn(
        pattern, lambda m: f"{m[1]}{content}\n{m[2]}", text, count=1, flags=re.DOTALL
    )
    if not count:
        raise ValueError(f"there is no place for the part {name!r}")
    return replaced


def write_all() -> None:
    for name, (file, make) in PARTS.items():
        path = REPOSITORY / file
        path.write_text(with_part(path.read_text(), name, make()))


def _documented(tree: SourceTree) -> Iterator[Module]:
    modules = [module for module in tree if ast.get_docstring(module.tree)]
    return iter(sorted(modules, key=lambda module: (_folder(module), module.path.name)))


def _folder(module: Module) -> str:
    return str(module.path.parent.relative_to(REPOSITORY))


def _first_line(module: Module) -> str:
    return (ast.get_docstring(module.tree) or "").splitlines()[0]


def _contract(model: NamedModel) -> tuple[str, ...]:
    return (
        _sizes(model.sizes),
        f"1..{model.max_n}" if model.max_n > 1 else "1",
        "yes" if model.watermark else "no",
        f"{model.max_prompt} characters",
    )


def _sizes(rule: SizeRule) -> str:
    parts = [*map(str, rule.listed), *rule.tiers]
    if rule.free is not None:
        parts.append(_free(rule.free))
    return ", ".join([*parts, *rule.words]) + f"; {rule.default} unless said"


def _free(free: FreeSize) -> str:
    unbounded = FreeSize()
    parts = []
    if (free.min_side, free.max_side) != (unbounded.min_side, unbounded.max_side):
        highest = "" if free.max_side == unbounded.max_side else str(free.max_side)
        parts.append(f"sides {free.min_side}..{highest}")
    if free.max_pixels != unbounded.max_pixels:
        parts.append(f"{free.min_pixels}..{free.max_pixels} pixels")
    if free.grid != 1:
        parts.append(f"multiples of {free.grid}")
    return f"any WxH with {', '.join(parts)}, at most {free.max_aspect}:1"


if __name__ == "__main__":
    write_all()
