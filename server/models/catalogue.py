"""Builds this machine's catalogue: its tier, the weights that are here, the operator's own models.

A tier that was named and lacks weights is refused; one that was not is the largest whose weights
are here, and what a larger one would need is noted for the operator.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from pipelines.catalog import EMBEDDED, Catalog, Drawers, LoRA, StandIn, always_by
from pipelines.detect import detect_family
from pipelines.errors import GenerationError
from pipelines.hardware import gpu_bytes
from pipelines.stand_ins import Find, missing, sampler_of, stand_in, tier_catalog, wanted
from pipelines.tiers import GPU_TIERS, OPEN_WEIGHTS, TIERS, Line, Tier, tier_of
from pipelines.weights.digest import digest_of
from pipelines.weights.errors import WeightsError
from pipelines.weights.licences import acceptance
from pipelines.weights.lock import LockedWeights
from pipelines.weights.store import recorded_files
from server.contract.named_models import MODELS, OWN_MODEL
from server.models.own_models import OwnModel, OwnModels
from server.nearest import hint
from server.terminal import CommandError
from server.weights.place import Place

_LINES: Mapping[str, Line] = {name: model.line for name, model in MODELS.items()}


def build_catalog(tier: Tier | None, device: str, place: Place, own: OwnModels) -> Catalog:
    """What draws for which name; `tier` is None where the machine shall say.

    Raises: CommandError: weights are missing, or a table of the operator's is wrong.
    """
    installed = _Installed(place)
    try:
        if tier is None:
            catalog = _catalog_for(tier_of(gpu_bytes(device)), installed.find)
        else:
            if lacking := missing(tier, installed.find):
                raise CommandError(
                    f"the tier {tier} is set, and weights of it are missing: "
                    f"{', '.join(lacking)}; `seedbed weights fetch --profile {tier}` fetches them"
                )
            catalog = tier_catalog(tier, _LINES, installed.find)
        catalog = replace(catalog, notes=(*catalog.notes, *_seconds(catalog.tier, installed.find)))
        return _with_own(catalog, own, installed)
    except (GenerationError, WeightsError) as error:
        raise CommandError(str(error)) from error


def installed_weights(place: Place) -> frozenset[str]:
    """Ids of the weights that are here. Raises: CommandError: weights.lock cannot be read."""
    try:
        entries = place.lock().weights if place.lock_file.is_file() else ()
    except WeightsError as error:
        raise CommandError(str(error)) from error
    return frozenset(entry.id for entry in entries if place.store.installed(entry))


class _Installed:
    """The weights of weights.lock that are here, and may be used."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._folders: dict[str, Path | None] = {}
        """What was compared with the lock already."""

    @cached_property
    def _entries(self) -> tuple[LockedWeights, ...]:
        """Read when it is first asked for: a machine without weights needs no lock."""
        return self._place.lock().weights if self._place.lock_file.is_file() else ()

    def find(self, name: str) -> Path | None:
        """The folder of the weights with this id. Raises: WeightsError: licence not accepted."""
        return self._folder([entry for entry in self._entries if entry.id == name])

    def of_repository(self, repository: str) -> Path:
        """Raises: CommandError: it is not locked, or not here."""
        entries = [entry for entry in self._entries if entry.repo == f"hf://{repository}"]
        if not entries:
            raise CommandError(
                f"{repository} is not in {self._place.lock_file}: add it to weights.toml and run "
                "`seedbed weights lock`"
            )
        folder = self._folder(entries)
        if folder is None:
            raise CommandError(
                f"the weights of {repository} are not here: run `seedbed weights fetch "
                f"{entries[0].id}`"
            )
        return folder

    def _folder(self, entries: Sequence[LockedWeights]) -> Path | None:
        for entry in entries:
            if entry.id not in self._folders:
                self._folders[entry.id] = self._place.store.usable_folder(entry)
            if folder := self._folders[entry.id]:
                acceptance(entry, self._place.accepted)
                return folder
        return None


def _catalog_for(fitting: Tier, find: Find) -> Catalog:
    """The catalogue of the largest tier up to this one whose weights are here."""
    smaller = [tier for tier in GPU_TIERS if TIERS.index(tier) <= TIERS.index(fitting)]
    tier = next((tier for tier in reversed(smaller) if not missing(tier, find)), TIERS[0])
    notes: tuple[str, ...] = ()
    if tier != fitting:
        notes = (
            f"this GPU is of the tier {fitting}, the weights that are here are of {tier}: "
            f"`seedbed weights fetch --profile {fitting}` brings the others",
        )
    return replace(tier_catalog(tier, _LINES, find), notes=notes)


def _seconds(tier: Tier, find: Find) -> Iterator[str]:
    """What second choices draw in place of."""
    if names := wanted(tier, find):
        yield f"other models draw in place of {', '.join(names)}, whose weights are not here"


def _with_own(catalog: Catalog, own: OwnModels, installed: _Installed) -> Catalog:
    """The catalogue with the operator's names. Raises: CommandError: naming the one at fault."""
    stand_ins: dict[str, StandIn] = {}
    for model in own.models:
        if model.name in MODELS or model.name in (*OPEN_WEIGHTS, EMBEDDED.name):
            raise CommandError(
                f"model {model.name}: the name is taken; give it another one, and say "
                f'"{model.name}" = "..." under [aliases] if it shall draw for that'
            )
        stand_ins[model.name] = _own_stand_in(model, stand_ins, installed)
    by_model = {**catalog.by_model, **{n: always_by(one) for n, one in stand_ins.items()}}
    contracts = dict.fromkeys(stand_ins, OWN_MODEL)
    for name, target in own.aliases.items():
        if name in stand_ins:
            raise CommandError(f"alias {name}: a model of that name is defined above it")
        by_model[name] = _drawers(name, target, catalog, stand_ins, installed)
        if name not in MODELS:
            contracts[name] = target if target in MODELS else OWN_MODEL
    return replace(catalog, by_model=by_model, contracts=contracts)


def _own_stand_in(model: OwnModel, known: Mapping[str, StandIn], installed: _Installed) -> StandIn:
    where = f"model {model.name}"
    if model.base is not None:
        base = _named(where, model.base, known, installed)
    else:
        folder = model.folder or installed.of_repository(model.hub or "")
        kind = model.family or detect_family(folder)
        base = StandIn(
            "",
            kind,
            folder,
            model.licence,
            model.commercial,
            digest=digest_of(recorded_files(folder)),
            sampler=sampler_of(folder),
        )
    for file in (model.file, model.lora):
        if file is not None and not (file.suffix == ".safetensors" and file.is_file()):
            raise CommandError(f"{where}: {file} must be a safetensors file that is there")
    loras = () if model.lora is None else (LoRA(model.lora.absolute(), model.lora_scale),)
    said = model.model_fields_set
    return replace(
        base,
        name=model.name,
        family=model.family or base.family,
        folder=base.folder.absolute(),
        licence=model.licence if "licence" in said else base.licence,
        commercial=model.commercial if "commercial" in said else base.commercial,
        file=base.file if model.file is None else model.file.absolute(),
        loras=(*base.loras, *loras),
        digest="" if model.file or model.lora else base.digest,
        steps=base.steps if model.steps is None else model.steps,
        guidance=base.guidance if model.guidance is None else model.guidance,
    )


def _drawers(
    name: str,
    target: str,
    catalog: Catalog,
    own: Mapping[str, StandIn],
    installed: _Installed,
) -> Drawers:
    """Who draws for an alias: who draws for the named model it points to, or one stand-in."""
    if target in MODELS:
        return catalog.drawers(target)
    return always_by(_named(f"alias {name}", target, own, installed))


def _named(where: str, name: str, own: Mapping[str, StandIn], installed: _Installed) -> StandIn:
    """Raises: CommandError: there is no such stand-in, or its weights are not here."""
    if name in own:
        return own[name]
    if name not in (*OPEN_WEIGHTS, EMBEDDED.name):
        right = [*own, *OPEN_WEIGHTS, EMBEDDED.name]
        raise CommandError(f"{where}: there is no model {name}{hint(name, right)}")
    found = stand_in(name, installed.find)
    if found is None:
        raise CommandError(
            f"{where}: the weights of {name} are not here: `seedbed weights fetch {name}`"
        )
    return found
