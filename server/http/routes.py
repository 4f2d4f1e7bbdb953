"""Every path that is always there: drawing, models, pictures, probes. What others add stands there.

Knows which dialect speaks where, and how its answers look.
"""

from server.dialects.ark import schema as ark
from server.dialects.ark.body import ArkBody
from server.dialects.ark.dialect import Ark
from server.dialects.native import schema as native
from server.dialects.native.body import NativeBody
from server.dialects.native.dialect import Native
from server.dialects.openai import schema as openai
from server.dialects.openai.body import OpenAIBody
from server.dialects.openai.dialect import OpenAI
from server.dialects.openai.edits import (
    OpenAIEdits,
    OpenAIEditsBody,
    OpenAIVariations,
    OpenAIVariationsBody,
)
from server.http.auth import ROOTS
from server.http.description import form_schema
from server.http.paths import Answers, Path, json_answer
from server.http.routing import Router
from server.http.schema import TEXT, YES_OR_NO, Schema, only, page_of, record
from server.models.table import HouseModels
from server.models_page import ModelsPage
from server.ops import livez, readyz, version
from server.provenance.roots import PEM_TYPE, ReadRoots, roots_endpoint
from server.service import Service

ARK_ROOT = "/api/v3"
ARK_GENERATIONS = f"{ARK_ROOT}/images/generations"
OPENAI_GENERATIONS = "/v1/images/generations"
OPENAI_EDITS = "/v1/images/edits"
OPENAI_VARIATIONS = "/v1/images/variations"
NATIVE_IMAGES = "/seedbed/v1/images"
NATIVE_MODELS = "/seedbed/v1/models"
PICTURES = "/files/{token}/{name}"

_HEADERS = (
    "Names that are not listed are ignored and named in x-seedbed-ignored. The request header "
    "x-seedbed-reproducible: true draws alone, so that the same call gives the same bytes."
)


def drawing_paths(router: Router, ark_speech: Ark, openai_speech: OpenAI) -> tuple[Path, ...]:
    """Where pictures are asked for."""
    pictures = _told(openai.PICTURES, openai.EVENTS)
    return (
        Path(
            "POST",
            ARK_GENERATIONS,
            router.drawing_endpoint(ark_speech),
            "Draw, as Volcengine Ark does",
            _told(ark.PICTURES, ark.EVENTS),
            f"Without stream one JSON object, with it events. {_HEADERS}",
            body=ArkBody,
        ),
        Path(
            "POST",
            OPENAI_GENERATIONS,
            router.drawing_endpoint(openai_speech),
            "Draw, as OpenAI does",
            pictures,
            f"Without stream one JSON object, with it events. {_HEADERS}",
            body=OpenAIBody,
        ),
        Path(
            "POST",
            OPENAI_EDITS,
            router.form_endpoint(OpenAIEdits(), OpenAIEditsBody),
            "Draw a picture anew, or a part of it",
            pictures,
            f"Pictures come as files of a form, or as addresses in JSON. {_HEADERS}",
            body=OpenAIEditsBody,
            form=form_schema(OpenAIEditsBody, "image", "mask", "markup"),
        ),
        Path(
            "POST",
            OPENAI_VARIATIONS,
            router.form_endpoint(OpenAIVariations(), OpenAIVariationsBody),
            "Draw variations of a picture",
            json_answer(openai.PICTURES),
            f"The picture comes as a file of a form, or as an address in JSON. {_HEADERS}",
            body=OpenAIVariationsBody,
            form=form_schema(OpenAIVariationsBody, "image"),
        ),
        Path(
            "POST",
            NATIVE_IMAGES,
            router.drawing_endpoint(Native()),
            "Draw and watch: every step is told",
            _told(native.PICTURES, native.EVENTS),
            f"Events, unless stream is false. {_HEADERS}",
            body=NativeBody,
        ),
    )


def model_paths(service: Service) -> tuple[Path, ...]:
    """Where it is told which models there are."""
    page = ModelsPage(service.models)
    house = HouseModels(service)
    one, all_of_them = json_answer(openai.MODEL), json_answer(page_of(openai.MODEL))
    return (
        Path("GET", "/v1/models", page.openai, "List models", all_of_them),
        Path("GET", "/v1/models/{name:path}", page.show, "Show a model", one),
        Path("GET", f"{ARK_ROOT}/models", page.ark, "List models", json_answer(ark.MODELS)),
        Path(
            "GET",
            NATIVE_MODELS,
            house.show,
            "Who draws for which model, and what is on the devices now",
            json_answer(native.MODELS),
        ),
    )


def public_paths(service: Service, version_text: str, roots: ReadRoots) -> tuple[Path, ...]:
    """Those that `server.http.auth` lets through without a key. Raises: CommandError."""
    ready = record({"ready": YES_OR_NO}, {"reason": TEXT})
    return (
        Path(
            "GET",
            "/livez",
            livez,
            "Is the server alive?",
            json_answer(record({"status": only("ok")})),
        ),
        Path(
            "GET",
            "/readyz",
            readyz(service.fleet),
            "Can a picture be drawn now?",
            json_answer(ready),
            unlike={503: ready},
        ),
        Path(
            "GET",
            "/version",
            version(version_text),
            "Which version is it?",
            json_answer(record({"name": only("seedbed"), "version": TEXT})),
        ),
        Path(
            "GET",
            PICTURES,
            service.files.serve,
            "Fetch a picture at its signed address",
            {"image/*": {"type": "string", "format": "binary"}},
        ),
        Path(
            "GET",
            ROOTS,
            roots_endpoint(roots),
            "Fetch the roots that this site's content credentials lead to",
            {PEM_TYPE: TEXT},
        ),
    )


def _told(whole: Schema, events: Schema) -> Answers:
    return {"application/json": whole, "text/event-stream": events}
