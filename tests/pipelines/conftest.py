"""One loaded copy of the small model for all tests of the engine."""

import pytest
import torch

from pipelines.catalog import EMBEDDED
from pipelines.cost import StepCost
from pipelines.memory import Models


@pytest.fixture(scope="session")
def models() -> Models:
    torch.set_num_threads(1)
    loaded = Models(torch.device("cpu"))
    # A wide knee, so that what may share a forward does share it.
    loaded.load(EMBEDDED).cost = StepCost(((16.0, 0.01), (1024.0, 0.02)))
    return loaded
