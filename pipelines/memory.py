"""What is on the device: pipelines by name, with what a step of them costs; who comes, who goes.

It does the loading and dropping; `pipelines.residency` decides.
"""

import gc
import logging
import math
import time
from collections.abc import Callable, Set
from dataclasses import dataclass, field
from functools import partial
from inspect import signature
from typing import Any

import torch
from diffusers import DiffusionPipeline

from pipelines.admission import ANY_SIZE, Footprint, Room, check, measured_room
from pipelines.breakages import Breakages
from pipelines.catalog import StandIn, family_of
from pipelines.checkpoint import read_stand_in, stand_in_bytes
from pipelines.cost import UNMEASURED, Pace, StepCost
from pipelines.errors import (
    GenerationError,
    ModelBroken,
    OutOfMemory,
    UnknownModel,
    UnsupportedSetting,
)
from pipelines.families.base import Family
from pipelines.loadwatch import LoadWatch, held_bytes
from pipelines.merge import Call
from pipelines.modelnews import ModelNews, Nobody
from pipelines.optimize import held_bytes as held_weights
from pipelines.optimize import offload_layers, offload_models
from pipelines.options import Offload, Storage
from pipelines.painter import Painter
from pipelines.parts import check_parts
from pipelines.residency import Held, Leave, Residency, Wait
from pipelines.shelf import Shelf
from pipelines.types import ImageRequest
from pipelines.variants import build_variant

log = logging.getLogger(__name__)

USE_HALF_LIFE_S = 300.0
"""How fast it is forgotten that a model was wanted."""
_SHORTEST_S = 1e-3
GUESSED_BYTES_PER_S = 2.0**30
"""The pace of loading until one has been timed."""


@dataclass(slots=True)
class Resident:
    """A model on the device."""

    stand_in: StandIn
    family: Family
    pipe: DiffusionPipeline
    cost: StepCost = UNMEASURED
    decoding: Pace = field(default_factory=Pace)
    """Of latents to pixels, by the tokens of the picture."""
    size_bytes: int = 0
    loaded_s: float = 0.0
    load_took_s: float = 0.0
    cold: bool = False
    """Loaded, but not warmed up yet."""
    token_cap: float = math.inf
    """Image tokens of one step that are known to fit; lowered when more did not."""
    painter: Painter | None = None
    """Paints previews; None until warm-up has found out how, and where it cannot."""
    alone_cap: Room = ANY_SIZE
    """What one picture alone may take, since a larger one did not fit."""
    footprint: Footprint | None = None
    """What a step takes beside the weights; None where memory cannot be measured."""

    variants: dict[str, DiffusionPipeline] = field(default_factory=dict)
    """Other pipelines of its components, by class, made when they are first needed."""

    def pipe_for(self, request: ImageRequest) -> DiffusionPipeline:
        """The pipeline that draws this request. Raises: ModelBroken: when it cannot be made."""
        name = self.family.pipeline(request)
        if name is None:
            return self.pipe
        if name not in self.variants:
            self.variants[name] = build_variant(self.pipe, name)
        return self.variants[name]

    def arguments_for(self, request: ImageRequest) -> dict[str, object]:
        """What the pipeline that draws this request is called with."""
        arguments = self.family.arguments(request)
        if not self.family.abilities.guessed:
            return arguments
        taken = signature(type(self.pipe_for(request)).__call__).parameters
        return {name: value for name, value in arguments.items() if name in taken}

    shelf: Shelf | None = None
    """Where its components take turns on the device."""

    def bring(self, call: Call) -> None:
        """Have the component on the device that a call is for, and whatever is called with it."""
        if self.shelf is not None:
            component: Any = getattr(call.module, "__self__", call.module)
            self.shelf.bring(component)

    @property
    def knee(self) -> float:
        """Tokens up to which a step is filled."""
        return min(self.cost.knee, self.token_cap)


def default_budget(device: torch.device) -> int | None:
    """Bytes for weights: four fifths of a GPU's memory, the rest being for activations."""
    if device.type != "cuda":
        return None
    return int(torch.cuda.get_device_properties(device).total_memory * 0.8)


class Models:
    """The models that one device may draw with, resident or not."""

    def __init__(
        self,
        device: torch.device,
        residency: Residency | None = None,
        clock: Callable[[], float] = time.monotonic,
        room: Room | None = None,
        news: ModelNews | None = None,
        storage: Storage = Storage.NATIVE,
        offload: Offload = Offload.NONE,
    ) -> None:
        """`room` is what the operator lets a picture take."""
        self._storage, self._offload = storage, offload
        self.device = device
        self._residency = residency or Residency()
        self._clock = clock
        self._room = room or ANY_SIZE
        self.news: ModelNews = news or Nobody()
        self._known: dict[str, StandIn] = {}
        self._breakages = Breakages()
        self._held_bytes: dict[str, int] = {}
        """Of each of them while it is here: reading files would hold up every step."""
        self._residents: dict[str, Resident] = {}
        self._uses: dict[str, tuple[float, float]] = {}
        self._load_took_s: dict[str, float] = {}
        """Of every model that was ever loaded here."""
        self._bytes_per_s = GUESSED_BYTES_PER_S

    def know(self, stand_in: StandIn) -> None:
        """Allow a model without loading it: it comes with its first request.

        Raises: UnsupportedSetting: when it can never fit the budget, before anything is read.
        """
        size_bytes = stand_in_bytes(stand_in, self.device, self._storage, self._offload)
        self._held_bytes[stand_in.name] = size_bytes
        if not self._residency.fits_at_all(size_bytes):
            raise UnsupportedSetting(
                f"{stand_in.name} needs {size_bytes / 2**30:.1f} GiB for its weights alone, "
                f"more than the budget of {self._residency.budget_bytes or 0:,} bytes: set a "
                "larger memory_gib, another offload or storage, or a smaller tier"
            )
        self._known[stand_in.name] = stand_in

    def add(self, stand_in: StandIn, family: Family, pipe: DiffusionPipeline) -> Resident:
        """Take in a pipeline that is built already.

        Raises: ModelBroken: for a part that would mix requests up.
        """
        check_parts(stand_in.name, pipe)
        size_bytes = held_weights(pipe, self._offload)
        self._known[stand_in.name] = stand_in
        self._held_bytes.setdefault(stand_in.name, size_bytes)
        resident = Resident(stand_in, family, pipe, size_bytes=size_bytes, loaded_s=self._clock())
        self._residents[stand_in.name] = resident
        return resident

    def load(self, stand_in: StandIn) -> Resident:
        """Bring a model onto the device now; one that is there already stays as it is.

        Raises: ModelBroken: naming the file at fault. UnsupportedSetting: beyond the budget.
        """
        self.know(stand_in)
        resident = self.bring(stand_in.name, at_work=frozenset())
        assert not isinstance(resident, Wait), "with nothing at work there is always room"
        return resident

    def has_room(self, name: str) -> bool:
        """Whether a model is here, or can come without another one leaving."""
        if name in self._residents:
            return True
        verdict = self._verdict(name, at_work=frozenset())
        return isinstance(verdict, Leave) and not verdict.leaving

    def load_s(self, name: str) -> float:
        """Predicted seconds to bring a model: as the last time, or by its size."""
        took_s = self._load_took_s.get(name)
        return self._bytes_of(name) / self._bytes_per_s if took_s is None else took_s

    def get(self, name: str) -> Resident:
        """Raises: UnknownModel: for a model that is not on the device."""
        if name not in self._residents:
            known = ", ".join(sorted(self._residents)) or "none"
            raise UnknownModel(f"model {name!r} is not loaded; loaded are: {known}", "model")
        return self._residents[name]

    def check(self, request: ImageRequest) -> None:
        """Refuse what cannot be drawn here. A model that is not here yet is checked once more then.

        Raises: UnknownModel, UnsupportedValue. ModelBroken: it could not be loaded, and its files
        have not changed since.
        """
        resident = self._residents.get(request.model)
        if resident is None:
            self._breakages.check(self._stand_in(request.model))
            check(request, family_of(self._stand_in(request.model)), self._room)
            return
        measured = measured_room(resident.footprint, self._free_bytes())
        check(request, resident.family, self._room.smaller(measured).smaller(resident.alone_cap))

    def wanted(self, name: str) -> None:
        """Note that a request for this model came. Raises: UnknownModel."""
        self._stand_in(name)
        self._uses[name] = (self._recent_uses(name) + 1.0, self._clock())

    def bring(self, name: str, at_work: Set[str]) -> Resident | Wait:
        """The model, loaded if there is room or others can leave; or what it has to wait for.

        Nothing else is drawn while one loads, and a cancelled request is told afterwards: the
        loaders set torch's default number type for the whole process, so that another thread's
        forwards would compute in the wrong one.

        Raises: ModelBroken: naming the file that is at fault. OutOfMemory: too little was free.
        """
        if name in self._residents:
            return self._residents[name]
        self._breakages.check(self._stand_in(name))  # before another model leaves for it
        verdict = self._verdict(name, at_work)
        if isinstance(verdict, Wait):
            return verdict
        for leaving in verdict.leaving:
            log.info("%s leaves the device for another model", leaving)
            self.drop(leaving)
        try:
            return self._load(self._stand_in(name))
        except GenerationError as error:
            if isinstance(error, ModelBroken):
                self._breakages.note(self._stand_in(name), error)
            self.news.departed(name, self.load_s(name))  # who heard of its loading waits for more
            raise

    def _verdict(self, name: str, at_work: Set[str]) -> Leave | Wait:
        held = [self._held(resident, at_work) for resident in self._residents.values()]
        return self._residency.make_room(self._bytes_of(name), held, self._clock())

    def _load(self, stand_in: StandIn) -> Resident:
        name, started_s = stand_in.name, self._clock()
        size_bytes = stand_in_bytes(stand_in, self.device, self._storage)

        def tell(done_bytes: int, left_s: float) -> None:
            self.news.loading(name, done_bytes, size_bytes, left_s)

        self.news.loading(name, 0, size_bytes, None)
        with LoadWatch(size_bytes, partial(held_bytes, self.device), tell):
            placed = self._read(stand_in)
        if placed is None:
            self._free()
            raise OutOfMemory(
                f"{name} does not fit the device, although the budget for weights has room for it"
            )
        pipe, shelf = placed
        resident = self.add(stand_in, family_of(stand_in), pipe)
        resident.cold, resident.shelf = True, shelf
        took_s = self._clock() - started_s
        resident.load_took_s = self._load_took_s[name] = took_s
        self._bytes_per_s = size_bytes / max(took_s, _SHORTEST_S)
        log.info("loaded %s in %.1f s", name, took_s)
        return resident

    def _read(self, stand_in: StandIn) -> tuple[DiffusionPipeline, Shelf | None] | None:
        """A pipeline and what its components take turns on; None where they found no room."""
        pipe = read_stand_in(stand_in, self.device, self._storage)
        try:
            return pipe, self._place(pipe)
        except torch.OutOfMemoryError:
            return None  # not raised, because a traceback would hold what came to the device

    def _place(self, pipe: DiffusionPipeline) -> Shelf | None:
        """Bring what was read onto the device, as far as it is not offloaded."""
        match self._offload:
            case Offload.NONE:
                pipe.to(self.device)
            case Offload.LAYERS:
                offload_layers(pipe, self.device)
            case Offload.MODEL:
                return offload_models(pipe, self.device)
        return None

    def drop(self, name: str) -> None:
        """Take a model off the device."""
        del self._residents[name]
        for resident in self._residents.values():
            resident.alone_cap = ANY_SIZE  # what did not fit beside this one may fit now
        self._free()
        self.news.departed(name, self.load_s(name))

    def give_up(self, name: str, error: ModelBroken) -> None:
        """Take a model off the device that cannot draw; until its files change it stays away."""
        self._breakages.note(self._stand_in(name), error)
        self.drop(name)

    def _free(self) -> None:
        """Give back what nothing refers to any more."""
        gc.unfreeze()  # or what was here when the worker froze its memory would never be freed
        gc.collect()  # a pipeline and its modules refer to each other
        gc.freeze()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def _free_bytes(self) -> int | None:
        """What there is for pictures once none is under way; None where it cannot be known."""
        if self.device.type != "cuda":
            return None
        free, _ = torch.cuda.mem_get_info(self.device)
        ours = torch.cuda.memory_reserved(self.device)
        return free + ours - sum(resident.size_bytes for resident in self._residents.values())

    def _held(self, resident: Resident, at_work: Set[str]) -> Held:
        name = resident.stand_in.name
        return Held(
            name,
            resident.size_bytes,
            resident.loaded_s,
            resident.load_took_s,
            uses_per_s=self._recent_uses(name) / USE_HALF_LIFE_S,
            at_work=name in at_work,
        )

    def _recent_uses(self, name: str) -> float:
        uses, seen_s = self._uses.get(name, (0.0, 0.0))
        return uses * math.pow(0.5, (self._clock() - seen_s) / USE_HALF_LIFE_S)

    def _bytes_of(self, name: str) -> int:
        return self._held_bytes[self._stand_in(name).name]

    def _stand_in(self, name: str) -> StandIn:
        if name not in self._known:
            known = ", ".join(sorted(self._known)) or "none"
            raise UnknownModel(f"model {name!r} is not here; there are: {known}", "model")
        return self._known[name]
