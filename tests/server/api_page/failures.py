"""Every kind of failure, and how each dialect says it."""

from collections.abc import Iterator
from itertools import groupby

from pipelines.errors import (
    ContentRejected,
    GenerationError,
    InvalidImage,
    MissingParameter,
    ModelBroken,
    ModelFailure,
    NotReady,
    OutOfMemory,
    PoisonRequest,
    QueueFull,
    ShuttingDown,
    StorageFailure,
    TooLarge,
    TooLong,
    TooSmall,
    UnknownModel,
    UnsupportedSetting,
    UnsupportedValue,
    WorkerLost,
    WrongType,
)
from server.dialect import ErrorAnswer
from server.dialects.ark.dialect import Ark
from server.dialects.openai.dialect import OpenAI
from server.errors import (
    BadImageAddress,
    BadLink,
    BodyTooLarge,
    Conflict,
    DatabaseUnavailable,
    Forbidden,
    ImageTooLarge,
    MalformedBody,
    MethodNotAllowed,
    NoImageAddress,
    NoSuchModel,
    NoSuchPicture,
    NotFound,
    RateLimited,
    RoomFull,
    Unauthenticated,
    UnknownImageFormat,
    WrongKey,
)

SAID = "It is so."
FAILURES: tuple[tuple[str, Exception], ...] = (
    ("not JSON, or JSON that nobody sends on purpose", MalformedBody(SAID)),
    ("a required parameter is missing or empty", MissingParameter(SAID, "prompt")),
    ("a value of another type", WrongType(SAID, "n")),
    ("a number above its range", TooLarge(SAID, "n")),
    ("a number below its range", TooSmall(SAID, "n")),
    ("a text beyond its length", TooLong(SAID, "prompt")),
    ("a value that the model does not have", UnsupportedValue(SAID, "size")),
    ("a model that there is not", UnknownModel(SAID, "model")),
    ("a picture that cannot be used", InvalidImage(SAID, "image")),
    ("a file that is no picture of a known format", UnknownImageFormat("a/b", ("png",), "image")),
    ("a picture with too many bytes", ImageTooLarge(1, "image")),
    ("an empty address", NoImageAddress(SAID, "image")),
    ("an address that is not fetched, or gave nothing", BadImageAddress(SAID, "image")),
    ("a policy refused the prompt", ContentRejected(SAID, "prompt")),
    ("a policy refused a picture that came in", ContentRejected(SAID, "image")),
    ("a policy refused the picture that was drawn", ContentRejected(SAID)),
    ("no key", Unauthenticated(SAID)),
    ("a wrong key", WrongKey(SAID)),
    ("a picture's address that is not signed, or has expired", BadLink(SAID)),
    ("what this site does not allow, as `watermark: false`", Forbidden(SAID, "watermark")),
    ("no such path", NotFound(SAID)),
    ("no such model, asked for by name", NoSuchModel(SAID, "model")),
    ("no such picture", NoSuchPicture(SAID)),
    ("another method", MethodNotAllowed(SAID, "POST")),
    ("right, but not in this state", Conflict(SAID)),
    ("a body beyond the limit", BodyTooLarge(1)),
    ("more calls than `SEEDBED_REQUESTS_PER_MINUTE`", RateLimited(1, 1)),
    ("more waiting work than `SEEDBED_MAX_BACKLOG_S`", QueueFull(SAID)),
    ("more bodies at once than `SEEDBED_MAX_BODIES_MIB`", RoomFull(SAID)),
    ("the server is starting", NotReady(SAID)),
    ("the server is stopping", ShuttingDown(SAID)),
    ("the database is locked, full or damaged", DatabaseUnavailable(SAID)),
    ("the process that drew it died, and would again", WorkerLost(SAID)),
    ("it has killed two processes", PoisonRequest(SAID)),
    ("it does not fit into memory even alone", OutOfMemory(SAID)),
    ("the model failed", ModelFailure(SAID)),
    ("weights that cannot be loaded", ModelBroken(SAID)),
    ("a setting that the weights cannot follow", UnsupportedSetting(SAID)),
    ("the disk takes nothing", StorageFailure(SAID)),
    ("anything else; its text stays in the log", ZeroDivisionError(SAID)),
)
UNHEARD = {"Cancelled"}
"""The caller has left and hears no answer."""


def kinds(base: type[Exception] = GenerationError) -> Iterator[type[Exception]]:
    """Every kind of error that is raised, most general ones left out where there are finer ones."""
    for kind in base.__subclasses__():
        yield kind
        yield from kinds(kind)


def failures_table() -> str:
    """Each failure in both dialects, and what a client does then."""
    rows = ["| what | OpenAI | Ark | again? |", "|---|---|---|---|"]
    openai, ark = OpenAI(), Ark()
    answers = [
        (what, openai.render_error(error, "id"), ark.render_error(error, "id"))
        for what, error in FAILURES
    ]
    cells = ((what, _said(first), _said(second), _again(first)) for what, first, second in answers)
    for alike, same in groupby(cells, key=lambda row: row[1:]):
        rows.append(f"| {'<br>'.join(row[0] for row in same)} | {' | '.join(alike)} |")
    return "\n".join(rows)


def _said(answer: ErrorAnswer) -> str:
    error = answer.body["error"]
    words = [str(answer.status), f"`{error['type']}`"]
    if error["code"]:
        words.append(f"`{error['code']}`")
    native = answer.headers.get("x-error-code")
    if native not in (None, error["code"]):
        words.append(f"(`x-error-code: {native}`)")
    return " ".join(words)


def _again(answer: ErrorAnswer) -> str:
    if "retry-after" in answer.headers:
        return "yes, after `Retry-After`"
    return "no" if answer.status < 500 else "no (`x-should-retry: false`)"
