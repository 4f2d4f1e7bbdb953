"""Writes a part's records as Markdown tables, one per kind of cell."""

from collections.abc import Iterable, Mapping
from typing import Any

from benchmarks.gpu.cells import Record, Status, Value

SMOKE_WARNING = (
    "**Smoke run with tiny models. None of these figures is a measurement; they only show that"
    " the benchmark runs.**"
)


def markdown(
    about: Mapping[str, Any], records: Iterable[Record], sets_out: Mapping[str, str]
) -> str:
    """The whole page of one part."""
    kept = list(records)
    lines = [f"# {about['machine']['device']}, part {about['part']}: {about['title']}", ""]
    if about["mode"] == "smoke":
        lines += [SMOKE_WARNING, ""]
    lines += [f"{name}: {value}  " for name, value in _said(about)]
    for kind in dict.fromkeys(record.kind for record in kept):
        lines += ["", f"## {kind}", "", sets_out[kind], ""]
        lines += _table([record for record in kept if record.kind == kind])
    failures = [record for record in kept if record.status is Status.FAILED]
    if failures:
        lines += ["", "## Failures", ""]
        lines += [f"- {r.family}, {r.kind}, {r.label}: {_inline(r.note)}" for r in failures]
    return "\n".join(lines) + "\n"


def _said(about: Mapping[str, Any]) -> list[tuple[str, str]]:
    machine = [(name, str(value)) for name, value in about["machine"].items()]
    return [("command", f"`{about['command']}`"), ("date", about["date"]), *machine]


def _table(records: list[Record]) -> list[str]:
    columns = list(dict.fromkeys(name for record in records for name in record.result)) or [""]
    headings = ["family", "", *(column.replace("_", " ") for column in columns)]
    lines = [_row(headings), _row(["---"] * 2 + ["---:"] * len(columns))]
    for record in records:
        cells = [_shown(record.result.get(column)) for column in columns]
        if record.status is not Status.DONE:
            cells = [str(record.status), *[""] * (len(columns) - 1)]
        lines.append(_row([record.family, record.label, *cells]))
    return lines


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _shown(value: Value) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return str(value)


def _inline(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
