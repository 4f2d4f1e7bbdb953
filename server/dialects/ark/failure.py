"""Errors in the Ark dialect. Knows no request body and no picture.

Where the project's own API document speaks (the code of a 400), it wins over the vendor's pages;
the vendor's own code of a 400 goes into the header x-error-code.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from pipelines.errors import ContentRejected, MissingParameter, RequestError, UnknownModel
from server.dialect import ErrorAnswer, Json
from server.errors import (
    BadImageAddress,
    NoImageAddress,
    NotFound,
    RateLimited,
    headers_of,
    public_message,
    status_of,
)

_TYPE_AND_CODE: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        400: ("invalid_request_error", "invalid_parameters"),
        401: ("Unauthorized", "AuthenticationError"),
        403: ("Forbidden", "AccessDenied"),
        404: ("NotFound", "InvalidEndpointOrModel.NotFound"),
        405: ("MethodNotAllowed", "MethodNotAllowed"),
        409: ("Conflict", "Conflict"),
        413: ("RequestEntityTooLarge", "RequestEntityTooLarge"),
        429: ("TooManyRequests", "ServerOverloaded"),
        499: ("ClientClosedRequest", "ClientClosedRequest"),
        500: ("InternalServerError", "InternalServiceError"),
        503: ("ServiceUnavailable", "ServerOverloaded"),
    }
)


_PREAMBLE = "Invalid request parameters: "


def in_vendors_words(answer: ErrorAnswer) -> ErrorAnswer:
    """The same answer with the vendor's own type and code where ours differ: a wrong parameter."""
    error = answer.body["error"]
    if not error["message"].startswith(_PREAMBLE):
        return answer
    text = error["message"].removeprefix(_PREAMBLE)
    own = {
        "code": answer.headers["x-error-code"],
        "message": text[:1].upper() + text[1:],
        "type": "BadRequest",
    }
    return replace(answer, body={"error": error | own})


def render_error(error: Exception, request_id: str) -> ErrorAnswer:
    """The answer to a failed call."""
    status = status_of(error)
    kind, code = _type_and_code(error, status)
    param = error.param if isinstance(error, RequestError) else None
    body = {
        "error": {
            "code": code,
            "message": f"{_message(error, status)} Request id: {request_id}",
            "param": param or "",
            "type": kind,
        }
    }
    headers = headers_of(error) | {"x-error-code": _native_code(error, status, code)}
    return ErrorAnswer(status, body, headers)


def failure_of(error: Exception, request_id: str) -> Json:
    """What became of one picture of several."""
    whole = render_error(error, request_id).body["error"]
    return {"code": whole["code"], "message": whole["message"]}


def render_break(error: Exception, request_id: str) -> Json:
    """The last event of a stream that fails."""
    return {"type": "error", **render_error(error, request_id).body}


def _type_and_code(error: Exception, status: int) -> tuple[str, str]:
    if isinstance(error, ContentRejected):
        return "BadRequest", f"{_rejected(error.param)}SensitiveContentDetected"
    if isinstance(error, NotFound):
        return "NotFound", "NotFound"
    if isinstance(error, RateLimited):
        return "TooManyRequests", "RateLimitExceeded.EndpointRPMExceeded"
    return _TYPE_AND_CODE[status]


def _rejected(param: str | None) -> str:
    """What of a call a policy refused, in the vendor's words."""
    if param is None:
        return "OutputImage"
    return "InputText" if param == "prompt" else "InputImage"


def _message(error: Exception, status: int) -> str:
    text = public_message(error)
    if status == 401:
        return f"the API key or AK/SK in the request is missing or invalid. {text}"
    if isinstance(error, UnknownModel):
        return f"{text} The model or endpoint does not exist or you do not have access to it."
    if isinstance(error, ContentRejected) or status != 400:
        return text
    return f"{_PREAMBLE}{_about(error)}{text}"


def _about(error: Exception) -> str:
    param = error.param if isinstance(error, RequestError) else None
    if param is None:
        return ""
    if isinstance(error, MissingParameter):
        return f"the parameter `{param}` is missing or empty. "
    return f"the parameter `{param}` specified in the request is not valid: "


def _native_code(error: Exception, status: int, code: str) -> str:
    """The vendor's own code, where ours differs from it. Names are ours, so it is always ASCII."""
    if status == 401:
        return "AuthN_MissOrInvalidAuthorizationHeader"
    if status != 400 or isinstance(error, ContentRejected):
        return code
    if isinstance(error, BadImageAddress):
        empty = isinstance(error, NoImageAddress)
        return "InvalidImageURL.EmptyURL" if empty else "InvalidImageURL.InvalidFormat"
    native = "MissingParameter" if isinstance(error, MissingParameter) else "InvalidParameter"
    param = error.param.partition("[")[0] if isinstance(error, RequestError) and error.param else ""
    return f"{native}.{param}" if param else native
