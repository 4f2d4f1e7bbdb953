"""The tables of docs/models.md, written from the catalogue's own."""

from pipelines.catalog import EMBEDDED
from pipelines.tiers import GPU_TIERS, LINES, OPEN_WEIGHTS, TABLE, Cell, Cells
from server.contract.named_models import MODELS
from server.models.description import weights_entry

_TITLES = {"8gb": "8 to 12 GB", "24gb": "24 GB", "80gb": "80 GB and more"}


def answers_table() -> str:
    """Who draws for which names on which GPU."""
    heads = " | ".join(f"`{tier}`: {_TITLES[tier]}" for tier in GPU_TIERS)
    rows = [f"| name | | {heads} |", "|---" * (len(GPU_TIERS) + 2) + "|"]
    for line in LINES:
        named = [model for model in MODELS.values() if model.line == line]
        names = "<br>".join(f"`{model.id}`" for model in named)
        answers = [TABLE[tier][line] for tier in GPU_TIERS]
        tasks = {}
        if not all(model.pictures.least for model in named):
            tasks["words"] = [answer.generate for answer in answers]
        if any(model.pictures.most for model in named):
            tasks["pictures"] = [answer.edit for answer in answers]
        for task, cells in tasks.items():
            rows.append(f"| {names} | {task} | {' | '.join(map(_cells, cells))} |")
            names = ""
    return "\n".join(rows)


def stand_ins_table() -> str:
    """What each stand-in is, what it may be used for, and how it draws."""
    rows = [
        "| stand-in | model | licence | commercial | gated | steps | guidance | megapixels "
        "| begins from |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in (EMBEDDED.name, *OPEN_WEIGHTS):
        one = weights_entry(name)
        guidance = one["guidance"]
        cells = (
            f"`{name}`",
            one["title"],
            one["licence"],
            "yes" if one["commercial"] else "**no**",
            "yes" if one["gated"] else "no",
            _steps(one["steps"]),
            "distilled away"
            if guidance is None
            else f"{guidance['off']:g}, {guidance['usual']:g}, {guidance['most']:g}",
            _range(*one["megapixels"]),
            _pictures(one["references"], one["mask"]),
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _cells(cells: Cells) -> str:
    if len(set(cells.values())) == 1:
        return _cell(cells["standard"])
    groups: dict[Cell, list[str]] = {}
    for quality, cell in cells.items():
        groups.setdefault(cell, []).append(quality)
    return "<br>".join(f"{', '.join(words)}: {_cell(cell)}" for cell, words in groups.items())


def _cell(cell: Cell) -> str:
    return ", else ".join(f"`{name}`" for name in cell)


def _steps(steps: dict[str, int]) -> str:
    return " / ".join(dict.fromkeys(map(str, steps.values())))


def _range(low: float, high: float) -> str:
    return f"{low:.2f}" if low == high else f"{low:.2f} to {high:.2f}"


def _pictures(most: int, mask: bool) -> str:
    if not most:
        return "words"
    count = "1 picture" if most == 1 else f"up to {most} pictures"
    return f"{count}, mask" if mask else count
