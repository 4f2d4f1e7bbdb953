"""Builds what draws from the settings: the same for the server and for one command."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipelines.catalog import Catalog
from pipelines.companions import Companions
from pipelines.fleet import Fleet
from pipelines.hardware import gpu_bytes
from pipelines.label.label import Label
from pipelines.messages import WorkerSpec
from pipelines.options import EngineOptions, Inspection, TextModels
from pipelines.tiers import FITTINGS, Fitting
from server.inputs.hosts import Hosts
from server.inputs.network_guard import NetworkGuard
from server.labelling import Labelling, load_logo
from server.models.catalogue import build_catalog
from server.models.chosen import OFF
from server.models.classifier import build_inspection
from server.models.companions import build_companions
from server.models.language import build_texts
from server.models.own_models import read_own_models
from server.moderation.policy import Moderation
from server.provenance.archive import marks, seal_reader
from server.provenance.certificate_commands import seal_settings
from server.provenance.keys import MarkKey, read_or_make_keys
from server.provenance.policy import LabelPolicy
from server.provenance.publishing import House, Publishing
from server.provenance.registry import Registry
from server.provenance.seal import Seal, open_seal
from server.provenance.verifier import Verifier
from server.provenance.verifying import Examiner
from server.service import Service
from server.settings import FILE, Settings
from server.sizing import SizePolicy
from server.store.database import Database
from server.store.files import FileStore
from server.weights.place import Place, place


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
        companions=_companions(settings),
        inspection=_inspection(settings),
        texts=_texts(settings),
        cost_file=settings.data_dir / "step-costs.json" if known else None,
    )
    spec = WorkerSpec(catalog.stand_ins, options)
    return Fleet(
        [spec],
        max_backlog_s=settings.max_backlog_s,
        hang_s=settings.hang_s,
    )


@dataclass(frozen=True, slots=True)
class Marks:
    """What a server marks, seals, keeps and verifies pictures with. Made for one event loop."""

    database: Database
    registry: Registry
    publishing: Publishing
    verifier: Verifier
    seal: Seal | None
    named: tuple[str, ...]
    """What every picture bears, for the operator."""


def build_marks(settings: Settings) -> Marks:
    """Everything of a server's marks, in a data folder that is claimed and prepared.

    Raises: StorageFailure, CommandError.
    """
    keys = read_or_make_keys(settings.data_dir)
    said = seal_settings(settings)
    seal = open_seal(said)
    database = Database(settings.data_dir)
    registry = Registry(database)
    examiner = Examiner(marks(keys), seal_reader(said))
    return Marks(
        database,
        registry,
        build_publishing(settings, keys, seal, keeps=True),
        Verifier(examiner, registry.find),
        seal,
        tuple(_named(settings, keys, seal)),
    )


def _named(settings: Settings, keys: Sequence[MarkKey], seal: Seal | None) -> Iterator[str]:
    yield "metadata"
    if settings.invisible_mark:
        yield f"an invisible one (key {keys[0].name})"
    if seal is not None:
        yield f"content credentials of {seal.credentials.organisation}"


def build_publishing(
    settings: Settings, keys: Sequence[MarkKey], seal: Seal | None, *, keeps: bool
) -> Publishing:
    """What makes files of pictures; `keeps` is whether somebody enters them into the registry."""
    house = House(
        producer=settings.producer_code or settings.producer,
        propagator=settings.propagator or "",
        detail=settings.metadata,
    )
    return Publishing(
        house,
        keys,
        marks=settings.invisible_mark,
        seal=seal,
        keeping=_label_policy(settings) if keeps else None,
    )


def build_service(
    settings: Settings,
    catalog: Catalog,
    fleet: Fleet,
    files: FileStore,
    publishing: Publishing,
    registry: Registry | None = None,
) -> Service:
    """The service on a fleet and a place for its pictures."""
    return Service(
        fleet,
        catalog,
        files,
        gpt_image_response=settings.gpt_image_response,
        style_words=settings.style_words,
        rewrites=settings.rewriter != OFF,
        moderation=Moderation(settings.moderation_rules, judged=settings.text_classifier != OFF),
        sizes=SizePolicy(settings.upscale, _companions(settings)),
        strict_guidance=settings.guidance == "strict",
        labelling=_labelling(settings),
        publishing=publishing,
        registry=registry,
        guard=NetworkGuard(settings.fetch_references, Hosts.parse(settings.reference_hosts)),
    )


def default_catalog(settings: Settings) -> Catalog:
    """What draws for which name on this machine.

    Raises: CommandError: weights are missing, or a table of the settings' file is wrong.
    """
    return build_catalog(
        None if settings.tier == "auto" else settings.tier,
        settings.device,
        weights_place(settings),
        read_own_models(FILE),
    )


def _inspection(settings: Settings) -> Inspection | None:
    return build_inspection(
        settings.image_classifier, settings.nsfw_threshold, weights_place(settings)
    )


def _labelling(settings: Settings) -> Labelling:
    look = Label(
        style=settings.label_style,
        corner=settings.label_corner,
        logo=load_logo(settings.label_logo),
    )
    language = "zh" if settings.compliance == "cn" else settings.label_language
    return Labelling(language, settings.label_text, look, _label_policy(settings))


def _label_policy(settings: Settings) -> LabelPolicy:
    return LabelPolicy(settings.watermark_policy, settings.compliance, settings.provenance_days)


def _texts(settings: Settings) -> TextModels:
    return build_texts(
        settings.rewriter,
        settings.text_classifier,
        weights_place(settings),
        seconds=settings.rewriter_s,
        allowed=settings.text_classifier_allows,
    )


def _companions(settings: Settings) -> Companions:
    return build_companions(settings.upscalers, settings.matting, weights_place(settings))


def weights_place(settings: Settings) -> Place:
    """Where this machine's weights and their lock are."""
    return place(settings.data_dir, settings.weights_lock, settings.accept_licences)
