"""From an operator's options to an engine on its device. Knows no request and no process."""

from typing import Protocol

import torch

from pipelines.admission import set_room
from pipelines.afterwork import set_up
from pipelines.costbook import CostBook
from pipelines.engine import Engine, Listener
from pipelines.errors import UnsupportedSetting
from pipelines.forework import load_language
from pipelines.load import pick_device
from pipelines.memory import Models, default_budget
from pipelines.modelnews import ModelNews
from pipelines.options import EngineOptions, Offload, StepCaching
from pipelines.post.inspection import load_inspector
from pipelines.residency import Residency
from pipelines.scheduler import Scheduler
from pipelines.stepcache import BUDGET


class WorkerListener(Listener, ModelNews, Protocol):
    """Who hears of requests and of models."""


def build_engine(options: EngineOptions, listener: WorkerListener) -> Engine:
    """An engine with nothing resident yet.

    Raises: UnsupportedSetting: for what this device cannot do. ModelBroken: for a network that
    cannot be loaded, naming the file at fault.
    """
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    device = pick_device(options.device)
    if device.index is not None and device.type == "cuda":
        torch.cuda.set_device(device)  # events, waits and counts of memory mean the present one
    if device.type == "cpu" and options.offload is not Offload.NONE:
        raise UnsupportedSetting(
            f"offload={options.offload} moves weights between a GPU and host memory, and this "
            "worker draws on the CPU: leave it at none"
        )
    language = load_language(options.texts, device)
    budget = _beside(language.size_bytes, options.memory_bytes or default_budget(device))
    residency = Residency(budget, options.min_stay_s)
    scheduler = Scheduler(options.policy, options.ageing, options.max_rows)
    costs = CostBook(options.cost_file)
    looked_at = options.inspection
    return Engine(
        Models(
            device,
            residency,
            room=set_room(options.max_megapixels),
            news=listener,
            storage=options.storage,
            offload=options.offload,
        ),
        listener,
        scheduler,
        costs=costs,
        choose_threads=options.threads is None and device.type == "cpu",
        step_cache_budget=BUDGET if options.step_cache is StepCaching.VELOCITY else None,
        workbench=set_up(options.companions, device),
        inspector=None if looked_at is None else load_inspector(looked_at, device),
        language=language,
    )


def _beside(taken_bytes: int, budget_bytes: int | None) -> int | None:
    """What language models leave of the budget for weights. Raises: UnsupportedSetting."""
    if budget_bytes is None or taken_bytes < budget_bytes:
        return None if budget_bytes is None else budget_bytes - taken_bytes
    raise UnsupportedSetting(
        f"the language models take {taken_bytes / 2**30:.1f} GiB, and the budget for weights is "
        f"{budget_bytes:,} bytes: name smaller ones as rewriter and text_classifier, or set a "
        "larger memory_gib"
    )
