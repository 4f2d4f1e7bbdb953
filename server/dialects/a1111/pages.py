"""The paths of the A1111 dialect: drawing, and what its clients ask for around it.

Whatever can be chosen in the original and not here is listed with its one choice, or as nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from server.dialect import Json
from server.dialects.a1111 import schema
from server.dialects.a1111.answer import SAMPLER
from server.dialects.a1111.body import (
    CHECKPOINT,
    ImageBody,
    Options,
    TextBody,
    chosen_model,
    image_draft,
    text_draft,
)
from server.dialects.a1111.dialect import A1111
from server.dialects.a1111.studio import Job, Studio
from server.draft import Draft
from server.http.paths import Path, json_answer
from server.http.routing import Endpoint, Router, seedbed_headers
from server.http.schema import NULL

ROOT = "/sdapi"

_LISTS: Mapping[str, Any] = MappingProxyType(
    {
        "samplers": [{"name": SAMPLER, "aliases": [], "options": {}}],
        "schedulers": [
            {
                "name": "automatic",
                "label": "Automatic",
                "aliases": None,
                "default_rho": -1,
                "need_inner_model": False,
            }
        ],
        "upscalers": [],
        "latent-upscale-modes": [],
        "sd-vae": [],
        "loras": [],
        "hypernetworks": [],
        "embeddings": {"loaded": {}, "skipped": {}},
        "prompt-styles": [],
        "face-restorers": [],
        "cmd-flags": {},
    }
)


class Pages:
    """The endpoints, and a studio for each key."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._models = router.service.models
        self._studios: defaultdict[str, Studio] = defaultdict(partial(Studio, self._models))

    def paths(self) -> tuple[Path, ...]:
        """All of them."""
        root = f"{ROOT}/v1"
        return (
            Path(
                "POST",
                f"{root}/txt2img",
                self._drawing(text_draft),
                "Draw from text",
                json_answer(schema.PICTURES),
                body=TextBody,
            ),
            Path(
                "POST",
                f"{root}/img2img",
                self._drawing(image_draft),
                "Draw from a picture",
                json_answer(schema.PICTURES),
                body=ImageBody,
            ),
            Path("POST", f"{root}/interrupt", self.interrupt, "Stop this key's drawings"),
            Path(
                "GET",
                f"{root}/progress",
                self.progress,
                "Tell how far this key's drawings are",
                json_answer(schema.PROGRESS),
            ),
            Path(
                "GET",
                f"{root}/options",
                self.options,
                "Show what this key has chosen",
                json_answer(schema.OPTIONS),
            ),
            Path(
                "POST",
                f"{root}/options",
                self.set_options,
                "Choose a model for this key",
                json_answer(NULL),
                body=Options,
            ),
            Path(
                "GET",
                f"{root}/sd-models",
                self.models,
                "List models",
                json_answer(schema.MODELS),
            ),
            *(
                Path("GET", f"{root}/{name}", _always(found), f"List {name}")
                for name, found in _LISTS.items()
            ),
        )

    async def options(self, request: Request) -> Response:
        """What can be chosen: the model."""
        return JSONResponse({CHECKPOINT: self._studio(request).model, "samples_format": "png"})

    async def set_options(self, request: Request) -> Response:
        """Raises: RequestError."""
        model, idle = chosen_model(await self._router.read_members(request))
        if model is not None:
            self._studio(request).choose(model)
        return JSONResponse(None, headers=seedbed_headers({"ignored": ", ".join(idle)}))

    async def models(self, _request: Request) -> Response:
        return JSONResponse([_model_entry(name) for name in self._models])

    async def progress(self, request: Request) -> Response:
        """How far this key's calls are; 0 when there are none, as clients wait for."""
        jobs = self._studio(request).jobs
        share = sum(job.share for job in jobs) / len(jobs) if jobs else 0.0
        eta_s = max((job.eta_s for job in jobs), default=0.0)
        state = _state(jobs)
        return JSONResponse(
            {
                "progress": round(share, 4),
                "eta_relative": round(eta_s, 3),
                "state": state,
                "current_image": None,
                "textinfo": None,
            }
        )

    async def interrupt(self, request: Request) -> Response:
        """Stop this key's drawings; their calls fail."""
        self._studio(request).interrupt()
        return JSONResponse({})

    def _drawing(self, read: Callable[[Json], Draft]) -> Endpoint:
        router, speech = self._router, A1111(read)

        async def draw(request: Request) -> Response:
            studio = self._studio(request)
            draft = router.with_headers(speech.draft(await router.read_members(request)), request)
            draft = replace(draft, model=draft.model or studio.model)
            with studio.at_work() as job:
                draft = await router.prepare(draft, speech.customs, request)
                drawing = router.start(draft, speech.customs, request, job.hear)
                job.begin(drawing)
                return await router.finish(request, speech, drawing)

        return draw

    def _studio(self, request: Request) -> Studio:
        return self._studios[request.state.client]


def _always(found: object) -> Endpoint:
    async def answer(_request: Request) -> Response:
        return JSONResponse(found)

    return answer


def _model_entry(name: str) -> Json:
    return {
        "title": name,
        "model_name": name,
        "hash": None,
        "sha256": None,
        "filename": name,
        "config": None,
    }


def _state(jobs: list[Job]) -> Json:
    first = jobs[0] if jobs else Job()
    return {
        "skipped": False,
        "interrupted": False,
        "job": "drawing" if jobs else "",
        "job_count": len(jobs),
        "job_timestamp": "0",
        "job_no": 0,
        "sampling_step": first.step,
        "sampling_steps": first.steps,
    }
