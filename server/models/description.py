"""Models in plain words and numbers: of a name, who draws for it; of a stand-in, how it draws.

What the command prints and docs/models.md shows. Knows neither the command nor the page.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.catalog import EMBEDDED, Catalog, Ladder, StandIn, family_of
from pipelines.families import family
from pipelines.families.recipe import Recipe
from pipelines.tiers import OPEN_WEIGHTS, TABLE, TIERS, Cells, Line, Tier
from server.contract.named_models import NamedModel


def tiers_of(line: Line) -> dict[str, dict[str, list[str]]]:
    """First choices for a line of named models: tier -> task -> names, low to high quality."""
    return {tier: _tier(tier, line) for tier in TIERS}


def here(catalog: Catalog, name: str) -> dict[str, list[str]]:
    """The same for a name on this machine."""
    drawers = catalog.drawers(name)
    return {"generate": _names(drawers.generate), "edit": _names(drawers.edit)}


def name_entry(catalog: Catalog, named: NamedModel) -> dict[str, Any]:
    """All that is known of a model name."""
    drawers = catalog.drawers(named.id)
    return {
        "name": named.id,
        "owned_by": named.owned_by,
        "contract_of": catalog.contracts.get(named.id, named.id),
        "default_size": str(named.sizes.default),
        "max_n": named.max_n,
        "max_prompt": named.max_prompt,
        "pictures_in": named.pictures.most,
        "qualities": dict(named.qualities),
        "usual_guidance": named.usual_guidance,
        "tier": catalog.tier,
        "generate": _by_quality(drawers.generate),
        "edit": _by_quality(drawers.edit) if named.pictures.most else {},
        "tiers": {} if named.id in catalog.contracts else tiers_of(named.line),
    }


def stand_in_entry(one: StandIn) -> dict[str, Any]:
    """All that is known of a stand-in on this machine."""
    return {
        "name": one.name,
        "licence": one.licence,
        "commercial": one.commercial,
        "gated": one.gated,
        "folder": str(one.folder),
        "file": None if one.file is None else str(one.file),
        "loras": [{"file": str(lora.file), "scale": lora.scale} for lora in one.loras],
        **_drawing(family_of(one)),
    }


def weights_entry(name: str) -> dict[str, Any]:
    """All that is known of a stand-in of the catalogue, wherever its weights are."""
    if name == EMBEDDED.name:
        return stand_in_entry(EMBEDDED) | {"title": "the model that ships with seedbed"}
    known = OPEN_WEIGHTS[name]
    return {
        "name": name,
        "title": known.title,
        "licence": known.licence,
        "commercial": known.commercial,
        "gated": known.gated,
        "lora_of": known.base,
        **_drawing(family(known.family)),
    }


def _drawing(drawer: Recipe) -> dict[str, Any]:
    able, anchors, limits = drawer.abilities, drawer.anchors, drawer.limits
    return {
        "family": drawer.name,
        "steps": dict(drawer.ladder),
        "max_steps": limits.max_steps,
        "guidance": {"off": anchors.off, "usual": anchors.best, "most": anchors.most}
        if able.guidance
        else None,
        "negative_prompt": able.negative_prompt,
        "references": able.references,
        "mask": able.mask,
        "sides": [limits.min_side, limits.max_side],
        "grid": limits.grid,
        "megapixels": [drawer.min_pixels / 1e6, drawer.max_pixels / 1e6],
    }


def _tier(tier: Tier, line: Line) -> dict[str, list[str]]:
    if tier not in TABLE:
        return {"generate": [EMBEDDED.name], "edit": [EMBEDDED.name]}
    answer = TABLE[tier][line]
    return {"generate": _firsts(answer.generate), "edit": _firsts(answer.edit)}


def _firsts(cells: Cells) -> list[str]:
    return _once([cell[0] for cell in cells.values()])


def _names(ladder: Ladder) -> list[str]:
    return _once([choices[0].name for choices in ladder.values()])


def _once(names: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _by_quality(ladder: Ladder) -> Mapping[str, Any]:
    return {
        quality: {
            "drawn_by": choices[0].name,
            "steps": family_of(choices[0]).steps(quality),
            "else": [other.name for other in choices[1:]],
        }
        for quality, choices in ladder.items()
    }
