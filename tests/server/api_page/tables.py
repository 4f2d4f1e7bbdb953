"""The tables of docs/api.md, written from the code."""

from collections.abc import Iterator
from itertools import groupby

from server.contract.named_models import MODELS, NamedModel
from server.contract.sizes import (
    TIER_1K,
    TIER_1K5,
    TIER_2K,
    TIER_2K_PRO,
    TIER_3K,
    TIER_4K,
    FreeSize,
    SizeRule,
)
from server.inputs.picture_rule import EVERY_FORMAT, MIB, PictureRule
from tests.openapi_document import document
from tests.server.api_page import ark_rows, openai_rows, own_rows
from tests.server.api_page.parameter import Table

TABLES: tuple[Table, ...] = (
    openai_rows.GENERATIONS,
    openai_rows.EDITS,
    openai_rows.VARIATIONS,
    ark_rows.GENERATIONS,
    own_rows.NATIVE,
    own_rows.TXT2IMG,
    own_rows.IMG2IMG,
)
_FATES = ("honoured", "in part", "refused", "without effect")
_TIERS = {
    "1K": TIER_1K,
    "1.5K": TIER_1K5,
    "2K": TIER_2K,
    "2K of 5.0 pro and flash": TIER_2K_PRO,
    "3K": TIER_3K,
    "4K": TIER_4K,
}


def paths_table() -> str:
    """Every path and what it is for, as the API's own description has it."""
    rows = ["| method | path | what for | key |", "|---|---|---|---|"]
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            key = "yes" if operation.get("security") else "no"
            rows.append(f"| {method.upper()} | `{path}` | {operation['summary']} | {key} |")
    return "\n".join(rows)


def parameters_in_short() -> str:
    """The parameters of both vendors' paths by what becomes of them."""
    rows = ["| path | honoured | in part | refused | without effect |", "|---|---|---|---|---|"]
    for table in TABLES[:4]:
        fates: dict[str, list[str]] = {}
        for one in table.parameters:
            verdicts = {probe.verdict for probe in one.probes}
            fate = verdicts.pop() if len(verdicts) == 1 else "in part"
            fates.setdefault(fate, []).append(f"`{one.name}`")
        cells = [" ".join(fates.get(fate, ())) for fate in _FATES]
        rows.append(f"| `POST {table.path}` | {' | '.join(cells)} |")
    return "\n".join(rows)


def models_table() -> str:
    """Every model, those with the same contract in one row."""
    rows = [
        "| name | prompt | n | sizes | quality | pictures in | can | label unless said |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for contract, models in groupby(MODELS.values(), key=_contract):
        names = "<br>".join(f"`{model.id}`" for model in models)
        rows.append(f"| {names} | {' | '.join(contract)} |")
    return "\n".join(rows)


def tiers_table() -> str:
    """Which size a tier is at which aspect."""
    aspects = list(TIER_1K)
    head = " | ".join(f"{width}:{height}" for width, height in aspects)
    rows = [f"| tier | {head} |", "|---" * (len(aspects) + 1) + "|"]
    for name, tier in _TIERS.items():
        sizes = " | ".join(str(tier.get(aspect, "")) for aspect in aspects)
        rows.append(f"| {name} | {sizes} |")
    return "\n".join(rows)


def _contract(model: NamedModel) -> tuple[str, ...]:
    return (
        str(model.max_prompt),
        f"1..{model.max_n}" if model.max_n > 1 else "1",
        _sizes(model.sizes),
        " ".join(model.qualities),
        _pictures(model.pictures),
        ", ".join(_abilities(model)),
        "yes" if model.watermark else "no",
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


def _pictures(rule: PictureRule) -> str:
    if not rule.most:
        return "none"
    count = str(rule.most) if rule.least == rule.most else f"{rule.least}..{rule.most}"
    formats = "" if rule.formats == EVERY_FORMAT else f" {', '.join(rule.formats)}"
    square = ", square" if rule.square else ""
    return f"{count}{formats}, {rule.max_bytes // MIB} MiB{square}"


def _abilities(model: NamedModel) -> Iterator[str]:
    able = model.abilities
    words = {
        "stream": able.streams,
        "draw groups": able.groups,
        "cut out": able.transparent,
        "vary": able.variations,
        "`fast` prompts": able.fast_optimizing,
        "take `tools`": able.tools and model.brand == "seedream",
    }
    yield from (word for word, can in words.items() if can)
    if model.fidelities:
        yield f"fidelity {' '.join(model.fidelities)}"
