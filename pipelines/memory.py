"""What is resident on the device: loaded pipelines by name, with what a step of them costs."""

from dataclasses import dataclass

import torch
from diffusers import DiffusionPipeline

from pipelines.catalog import StandIn
from pipelines.cost import UNMEASURED, StepCost
from pipelines.errors import UnknownModel
from pipelines.families import family
from pipelines.families.base import Family
from pipelines.load import load_pipeline


@dataclass(slots=True)
class Resident:
    """A model on the device."""

    stand_in: StandIn
    family: Family
    pipe: DiffusionPipeline
    cost: StepCost = UNMEASURED


class Models:
    """The resident models of one device."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._residents: dict[str, Resident] = {}

    def load(self, stand_in: StandIn) -> Resident:
        """Bring a stand-in onto the device; one that is there already stays.

        Raises: ModelBroken: naming the file that is at fault.
        """
        if stand_in.name not in self._residents:
            pipe = load_pipeline(stand_in.folder, self.device)
            self.add(stand_in, family(stand_in.family), pipe)
        return self._residents[stand_in.name]

    def add(self, stand_in: StandIn, family: Family, pipe: DiffusionPipeline) -> None:
        """Take in a pipeline that is built already."""
        self._residents[stand_in.name] = Resident(stand_in, family, pipe)

    def get(self, name: str) -> Resident:
        """Raises: UnknownModel: for a model that is not resident."""
        if name not in self._residents:
            known = ", ".join(sorted(self._residents)) or "none"
            raise UnknownModel(f"model {name!r} is not loaded; loaded are: {known}", "model")
        return self._residents[name]
