"""Draws without a server: starts the engine for one order and ends it afterwards."""

import asyncio
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import TIMEOUT_MAX

from pipelines.catalog import Catalog
from pipelines.errors import GenerationError, RequestError
from server.assembly import build_fleet, build_publishing, build_service
from server.contract import checks
from server.contract.named_models import known_models
from server.dialects.native.body import CUSTOMS, to_draft
from server.events import Event, Finished
from server.events import Step as StepDone
from server.generate.events import Drawn, Hear, Order, Step, refusal
from server.plan import make_plan
from server.provenance.certificate_commands import seal_settings
from server.provenance.keys import read_keys
from server.provenance.seal import open_seal
from server.recipes import check_weights
from server.service import Service
from server.settings import Settings
from server.store.files import FileStore
from server.terminal import CommandError

_CLIENT = "terminal"


def check(catalog: Catalog, order: Order) -> None:
    """Find an order's faults before the engine is started, which takes seconds.

    Its pictures are looked at later, when they are needed.

    Raises: CommandError: what is wrong with it.
    """
    try:
        draft = to_draft(order.body)
        if draft.references:
            checked = checks.check(draft, CUSTOMS, known_models(catalog.contracts))
            named = checked.model.id
            drawer = catalog.stand_in(named, checked.quality, len(draft.references))
            check_weights(draft.weights, named, drawer)
            return
        make_plan(
            draft,
            CUSTOMS,
            catalog,
            client=_CLIENT,
            gpt_image_url=False,
            random_seed=lambda: 0,
        )
    except RequestError as error:
        raise refusal(error.message, error.param) from error


def draw(settings: Settings, catalog: Catalog, order: Order, hear: Hear) -> None:
    """Draw an order and report every step and picture.

    Raises: CommandError: why it cannot be drawn.
    """
    fleet = build_fleet(settings, catalog)
    fleet.start()
    try:
        publishing = build_publishing(
            settings,
            read_keys(settings.data_dir),
            open_seal(seal_settings(settings)),
            keeps=False,
        )
        fleet.wait_ready(TIMEOUT_MAX)
        with TemporaryDirectory(prefix="seedbed-") as folder:
            files = FileStore(Path(folder))
            service = build_service(settings, catalog, fleet, files, publishing)
            with closing(service):
                asyncio.run(_draw(service, order, hear))
    except RequestError as error:
        raise refusal(error.message, error.param) from error
    except GenerationError as error:
        raise CommandError(error.message) from error
    finally:
        fleet.close(drain_s=0)


async def _draw(service: Service, order: Order, hear: Hear) -> None:
    def listen(event: Event) -> None:
        match event:
            case StepDone(index, progress):
                hear(Step(index, progress.step, progress.steps, progress.eta_s))
            case Finished(index, picture):
                size, lacks = str(picture.size), event.provenance.skipped
                hear(Drawn(index, picture.data, picture.seed, size, lacks))

    draft = await service.prepare(to_draft(order.body), CUSTOMS)
    drawing = service.start(draft, CUSTOMS, client=_CLIENT, listener=listen)
    await drawing.result()
