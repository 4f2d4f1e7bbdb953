"""Builds what draws from the settings: the same for the server and for one command."""

from pipelines.catalog import Catalog, embedded_catalog
from pipelines.fleet import Fleet
from pipelines.hardware import gpu_bytes
from pipelines.messages import WorkerSpec
from pipelines.options import EngineOptions
from pipelines.tiers import FITTINGS, Fitting
from server.inputs.hosts import Hosts
from server.inputs.network_guard import NetworkGuard
from server.moderation.policy import Moderation
from server.service import Service
from server.settings import Settings
from server.store.files import FileStore


def build_fleet(settings: Settings, catalog: Catalog) -> Fleet:
    """The workers of this machine, not yet started."""
    fitting = FITTINGS[catalog.tier] if gpu_bytes(settings.device) else Fitting()
    # What was measured is kept where a server keeps its things; a mere command makes no folder.
    known = settings.data_dir.is_dir()
    options = EngineOptions(
        device=settings.device,
        threads=settings.threads,
        policy=settings.policy,
        ageing=settings.ageing,
        max_rows=settings.max_rows,
        memory_bytes=None if settings.memory_gib is None else int(settings.memory_gib * 2**30),
        max_megapixels=settings.max_megapixels,
        min_stay_s=settings.min_stay_s,
        storage=settings.storage or fitting.storage,
        offload=settings.offload or fitting.offload,
        step_cache=settings.step_cache,
        cost_file=settings.data_dir / "step-costs.json" if known else None,
    )
    spec = WorkerSpec(catalog.stand_ins, options)
    return Fleet(
        [spec],
        max_backlog_s=settings.max_backlog_s,
        hang_s=settings.hang_s,
    )


def build_service(settings: Settings, catalog: Catalog, fleet: Fleet, files: FileStore) -> Service:
    """The service on a fleet and a place for its pictures."""
    return Service(
        fleet,
        catalog,
        files,
        gpt_image_response=settings.gpt_image_response,
        style_words=settings.style_words,
        moderation=Moderation(settings.moderation_rules),
        guard=NetworkGuard(settings.fetch_references, Hosts.parse(settings.reference_hosts)),
    )


def default_catalog() -> Catalog:
    """What draws for which name on this machine."""
    return embedded_catalog()
