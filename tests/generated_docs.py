"""The parts of README and docs that are written from the code: `python -m tests.generated_docs`.

A part stands between `<!-- name: generated -->` and `<!-- end of name -->`. A test compares.
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path

from pipelines.embedded.lexicon import COLOUR_EN, SETTING_EN, STYLE_EN, SUBJECT_EN, WEATHER_EN
from server.setting_groups.drawing import DrawingSettings
from server.setting_groups.pictures import PictureSettings
from server.setting_groups.provenance import ProvenanceSettings
from server.setting_groups.serving import ServingSettings
from server.settings import PREFIX, SECRET, Settings, flag
from tests.models_page import answers_table, stand_ins_table
from tests.server.api_page.failures import failures_table
from tests.server.api_page.tables import (
    TABLES,
    models_table,
    parameters_in_short,
    paths_table,
    tiers_table,
)
from tests.source_tree import Module, SourceTree

REPOSITORY = Path(__file__).parents[1]
_GROUPS = {
    "Serving": ServingSettings,
    "Drawing": DrawingSettings,
    "Pictures": PictureSettings,
    "Provenance": ProvenanceSettings,
}


def settings_table() -> str:
    """Every setting with its variable, flag, default and meaning, a table for each group."""
    grouped = {title: list(group.model_fields) for title, group in _GROUPS.items()}
    others = [
        name for name in Settings.model_fields if not any(name in g for g in grouped.values())
    ]
    tables = {**grouped, "Log": others}
    return "\n\n".join(_settings(title, names) for title, names in tables.items())


def _settings(title: str, names: Iterable[str]) -> str:
    rows = [f"## {title}", "", "| variable | flag | default | meaning |", "|---|---|---|---|"]
    for name in names:
        field = Settings.model_fields[name]
        default = "" if name == SECRET or field.default in (None, "") else f"`{field.default}`"
        meaning = str(field.description).replace("|", "\\|").replace("*", "\\*")
        rows.append(f"| `{PREFIX}{name.upper()}` | `{flag(name)}` | {default} | {meaning} |")
    return "\n".join(rows)


def vocabulary() -> str:
    """What the embedded model was taught, in its plainest words."""
    settings = ["a plain colour", *(words[0] for words in SETTING_EN.values())]
    styles = [next(word for word in words if word) for words in STYLE_EN.values()]
    rows = {
        "subjects": [words[0] for words in SUBJECT_EN.values()],
        "colours": list(COLOUR_EN),
        "places and times": settings,
        "weather": [words[0] for words in WEATHER_EN.values()],
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
    "settings": ("docs/settings.md", settings_table),
    "vocabulary": ("README.md", vocabulary),
    "parameters": ("README.md", parameters_in_short),
    "paths": ("docs/api.md", paths_table),
    "models": ("docs/api.md", models_table),
    "tiers": ("docs/api.md", tiers_table),
    "failures": ("docs/api.md", failures_table),
    **{f"parameters of {table.path}": ("docs/api.md", table.markdown) for table in TABLES},
    "stand-ins of names": ("docs/models.md", answers_table),
    "stand-ins": ("docs/models.md", stand_ins_table),
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


if __name__ == "__main__":
    write_all()
