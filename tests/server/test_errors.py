"""Every kind of error has a status and a body in every dialect."""

import json

import pytest

import pipelines.errors
import server.errors
from pipelines.errors import CapacityError, GenerationError, QueueFull, RequestError
from server.dialect import Dialect
from server.dialects.ark.dialect import Ark
from server.dialects.openai.dialect import OpenAI
from server.errors import (
    BodyTooLarge,
    MethodNotAllowed,
    RateLimited,
    UnknownImageFormat,
    headers_of,
    public_message,
    status_of,
)

DIALECTS: list[Dialect] = [Ark(), OpenAI()]
KEYS = {Ark: {"code", "message", "param", "type"}, OpenAI: {"message", "type", "param", "code"}}


def every_kind(kind: type[GenerationError] = GenerationError) -> list[type[GenerationError]]:
    below = [deeper for child in kind.__subclasses__() for deeper in every_kind(child)]
    return [kind, *below]


KINDS = [
    k for k in every_kind() if k.__module__ in (pipelines.errors.__name__, server.errors.__name__)
]


def make(kind: type[GenerationError], param: str | None) -> GenerationError:
    if issubclass(kind, MethodNotAllowed):
        return kind("Not allowed.", "POST")
    if issubclass(kind, BodyTooLarge):
        return kind(100)
    if issubclass(kind, UnknownImageFormat):
        return kind("text/plain", ("png", "webp"), param or "image")
    if issubclass(kind, RateLimited):
        return kind(60, 1.0)
    if issubclass(kind, RequestError):
        return kind("What is wrong.", param)
    return kind("What is wrong.")


def test_the_tree_is_as_large_as_it_is_drawn() -> None:
    assert len(KINDS) > 25


@pytest.mark.parametrize("param", [None, "size", "guidance_scale", "tools[0].type"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: type(dialect).__name__)
def test_every_dialect_renders_every_kind(
    kind: type[GenerationError], dialect: Dialect, param: str | None
) -> None:
    answer = dialect.render_error(make(kind, param), "the-request-id")
    assert 400 <= answer.status <= 503
    error = json.loads(json.dumps(answer.body))["error"]
    assert error.keys() == KEYS[type(dialect)]
    assert error["message"]
    assert error["type"]
    for name, value in answer.headers.items():
        assert f"{name}: {value}".isascii()
    event = dialect.render_break(make(kind, param), "the-request-id")
    assert list(event) == ["type", "error"], "in this order, for Go's client"
    assert event["error"].keys() == error.keys()
    assert event["error"]["message"] == error["message"]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: type(dialect).__name__)
def test_a_foreign_exception_is_500_without_its_text(dialect: Dialect) -> None:
    answer = dialect.render_error(ZeroDivisionError("secret"), "id")
    assert answer.status == 500
    assert "secret" not in json.dumps(answer.body)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("InvalidParameter", 400),
        ("TooLong", 400),
        ("ContentRejected", 400),
        ("UnknownModel", 404),
        ("QueueFull", 429),
        ("NotReady", 503),
        ("WorkerLost", 503),
        ("ShuttingDown", 503),
        ("Cancelled", 499),
        ("OutOfMemory", 500),
        ("StorageFailure", 500),
    ],
)
def test_statuses_are_those_of_the_table(kind: str, status: int) -> None:
    assert status_of(getattr(pipelines.errors, kind)("x")) == status


def test_a_new_kind_has_its_parents_status() -> None:
    class Newer(QueueFull):
        pass

    assert status_of(Newer("x")) == 429


@pytest.mark.parametrize(
    ("wait_s", "seconds", "milliseconds"),
    [
        (0.0, "1", "1"),
        (0.2, "1", "200"),
        (6.2, "7", "6200"),
        (9999, "120", "120000"),
        (-1, "1", "1"),
    ],
)
def test_the_time_to_wait_is_what_client_libraries_obey(
    wait_s: float, seconds: str, milliseconds: str
) -> None:
    headers = headers_of(CapacityError("full", wait_s))
    assert headers == {"retry-after": seconds, "retry-after-ms": milliseconds}


def test_only_our_own_words_are_public() -> None:
    assert public_message(QueueFull("full")) == "full"
    assert "secret" not in public_message(ValueError("secret"))
