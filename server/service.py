"""Draft in, drawing out: plans a call and begins it. Owns the threads in which pictures are made.

Knows no dialect and no HTTP.
"""

import os
import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Literal, TypeAlias

from pipelines.catalog import Catalog
from server.contract.checks import MAX_SEED
from server.contract.named_models import NamedModel, known_models
from server.draft import Customs, Draft
from server.drawing import Drawing, Fleet, Workshop
from server.events import Listener
from server.http.limits import RequestLimits
from server.inputs.fetching import Fetcher
from server.inputs.network_guard import NetworkGuard
from server.inputs.references import References
from server.labelling import Labelling
from server.moderation.policy import Moderation
from server.plan import make_plan
from server.provenance.publishing import Publishing
from server.provenance.registry import Registry
from server.sizing import SizePolicy
from server.store.files import FileStore

GptImageResponse: TypeAlias = Literal["both", "b64_json"]


class Service:
    """Draws for every dialect. Owns its threads and nothing else; `close` ends them."""

    def __init__(
        self,
        fleet: Fleet,
        catalog: Catalog,
        files: FileStore,
        *,
        gpt_image_response: GptImageResponse = "both",
        guard: NetworkGuard | None = None,
        finishing_threads: int | None = None,
        style_words: bool = True,
        rewrites: bool = False,
        moderation: Moderation | None = None,
        sizes: SizePolicy | None = None,
        strict_guidance: bool = False,
        labelling: Labelling | None = None,
        publishing: Publishing | None = None,
        registry: Registry | None = None,
    ) -> None:
        """Without a publishing of the site's own, files say what they are and bear no mark."""
        self.fleet = fleet
        self.files = files
        self.catalog = catalog
        self._style_words = style_words
        self._rewrites = rewrites
        self._sizes = sizes or SizePolicy()
        self._strict_guidance = strict_guidance
        self._labelling = labelling or Labelling()
        self._moderation = moderation or Moderation()
        publishing = publishing or Publishing()
        fetcher = Fetcher(guard or NetworkGuard())
        self._references = References(fetcher, files, keep_files=publishing.wants_sources)
        self._gpt_image_url = gpt_image_response == "both"
        threads = finishing_threads or min(4, os.cpu_count() or 1)
        self._workshop = Workshop(
            files,
            pictures=ThreadPoolExecutor(threads, thread_name_prefix="finishing"),
            previews=ThreadPoolExecutor(1, thread_name_prefix="previews"),
            publishing=publishing,
            registry=registry,
        )

    @property
    def models(self) -> Mapping[str, NamedModel]:
        """Every name that callers may draw with, and its contract."""
        return known_models(self.catalog.contracts)

    def close(self) -> None:
        """Wait for the pictures in the pool, then end its threads."""
        self._workshop.previews.shutdown(cancel_futures=True)
        self._workshop.pictures.shutdown()
        self._references.close()

    async def prepare(self, draft: Draft, customs: Customs) -> Draft:
        """Fetch, decode and fit the pictures of a call. Without pictures nothing happens.

        Raises: RequestError.
        """
        return await self._references.resolve(draft, customs, self.catalog)

    def start(
        self,
        draft: Draft,
        customs: Customs,
        client: str,
        listener: Listener | None = None,
        limits: RequestLimits | None = None,
        request_id: str = "-",
    ) -> Drawing:
        """Check a prepared draft and hand its pictures to the fleet. Call it on the event loop.

        A call is counted against the limits once it has been found right.

        Raises: RequestError, CapacityError.
        """
        plan = make_plan(
            self._moderation.disclose(draft),
            customs,
            self.catalog,
            client=client,
            gpt_image_url=self._gpt_image_url,
            random_seed=partial(secrets.randbelow, MAX_SEED + 1),
            add_style_words=self._style_words,
            rewrites=self._rewrites,
            sizes=self._sizes,
            strict_guidance=self._strict_guidance,
            labelling=self._labelling,
        )
        self._moderation.check(draft, client, request_id)
        if limits is not None:
            limits.take(client)
        refused = partial(self._moderation.refused, client, request_id)
        return Drawing(plan, self.fleet, self._workshop, listener, refused, request_id)
