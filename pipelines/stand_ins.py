"""From the table of tiers and the weights that are here to a catalogue that can draw.

Whoever calls says where the weights of an id lie; this knows neither weights.lock nor the network.
"""

from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from pipelines.catalog import EMBEDDED, Catalog, Drawers, Ladder, LoRA, StandIn, always_by
from pipelines.detect import read_json_object
from pipelines.errors import ModelBroken
from pipelines.tiers import OPEN_WEIGHTS, TABLE, Cell, Cells, Line, OpenWeights, Tier, cells
from pipelines.weights.digest import digest_of
from pipelines.weights.store import recorded_files

Find: TypeAlias = Callable[[str], Path | None]
"""The folder of the weights with this id; None where they are not here."""


def stand_in(name: str, find: Find) -> StandIn | None:
    """The stand-in of this name; None where its weights are not here.

    Raises: ModelBroken: a LoRA's folder does not hold one safetensors file.
    """
    if name == EMBEDDED.name:
        return EMBEDDED
    known, own = OPEN_WEIGHTS[name], find(name)
    folder = own if known.base is None else find(known.base)
    if own is None or folder is None:
        return None
    return StandIn(
        name,
        known.family,
        folder,
        known.licence,
        known.commercial,
        known.gated,
        loras=() if known.base is None else (LoRA(only_file(own)),),
        noise=known.noise,
        digest=_digest(folder, own, known),
        sampler=sampler_of(folder),
    )


def sampler_of(folder: Path) -> str:
    """The class of a pipeline folder's noise schedule; empty where it names none.

    Raises: ModelBroken: its index cannot be read.
    """
    index = folder / "model_index.json"
    named = read_json_object(index).get("scheduler") if index.is_file() else None
    return str(named[1]) if isinstance(named, list) and len(named) == 2 else ""


def _digest(folder: Path, own: Path, known: OpenWeights) -> str:
    """Of a LoRA the digest is that of both downloads, and of how its noise is set."""
    files = [recorded_files(one) for one in dict.fromkeys((folder, own))]
    if not all(files):
        return ""
    return digest_of(chain(*files), [f"{name}={value}" for name, value in known.noise])


def missing(tier: Tier, find: Find) -> tuple[str, ...]:
    """Weights without which some name of a tier has nobody who draws for it."""
    lacking = [cell for cell in cells(tier) if not _present(cell, find)]
    return tuple(dict.fromkeys(cell[-1] for cell in lacking))


def wanted(tier: Tier, find: Find) -> tuple[str, ...]:
    """First choices of a tier that are not here while second ones draw in their place."""
    firsts = (cell[0] for cell in cells(tier) if _present(cell, find))
    return tuple(dict.fromkeys(name for name in firsts if stand_in(name, find) is None))


def tier_catalog(tier: Tier, lines: Mapping[str, Line], find: Find) -> Catalog:
    """The catalogue of a tier whose weights are here, for these named models."""
    if tier == "embedded":
        return Catalog(default=always_by(EMBEDDED))
    answers = {
        line: Drawers(_ladder(answer.generate, find), _ladder(answer.edit, find))
        for line, answer in TABLE[tier].items()
    }
    by_model = {name: answers[line] for name, line in lines.items()}
    return Catalog(default=answers["seedbed"], by_model=MappingProxyType(by_model), tier=tier)


def _ladder(table: Cells, find: Find) -> Ladder:
    return MappingProxyType({q: tuple(_present(cell, find)) for q, cell in table.items()})


def _present(cell: Cell, find: Find) -> list[StandIn]:
    found = (stand_in(name, find) for name in cell)
    return [one for one in found if one is not None]


def only_file(folder: Path) -> Path:
    """The one file of weights in a folder. Raises: ModelBroken: there are more, or none."""
    files = sorted(folder.rglob("*.safetensors"))
    if len(files) != 1:
        raise ModelBroken(f"{folder} must hold one safetensors file, and holds {len(files)}")
    return files[0]
