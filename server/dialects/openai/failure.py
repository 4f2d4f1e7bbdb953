"""Errors in the OpenAI dialect. Knows no request body and no picture.

Where the project's own API document speaks (error types, the body of an unknown model), it wins
over the vendor's pages.
"""

from collections.abc import Mapping
from types import MappingProxyType

from pipelines.errors import (
    ContentRejected,
    MissingParameter,
    RequestError,
    TooLarge,
    TooLong,
    TooSmall,
    UnknownModel,
    WrongType,
)
from server.dialect import ErrorAnswer, Json
from server.errors import (
    BadImageAddress,
    NoSuchModel,
    UnknownImageFormat,
    WrongKey,
    headers_of,
    public_message,
    status_of,
)

_STATUS: Mapping[type[Exception], int] = MappingProxyType({UnknownModel: 400})
_TYPE: Mapping[int, str] = MappingProxyType(
    {
        401: "authentication_error",
        403: "request_forbidden",
        413: "server_error",
        429: "rate_limit_exceeded",
        500: "server_error",
        503: "server_error",
    }
)
_CODE_OF_STATUS: Mapping[int, str] = MappingProxyType(
    {405: "method_not_supported", 429: "rate_limit_exceeded", 503: "server_is_overloaded"}
)
_CODE_AND_LEAD: Mapping[type[Exception], tuple[str, str]] = MappingProxyType(
    {
        MissingParameter: ("missing_required_parameter", "Missing required parameter: '{}'. "),
        WrongType: ("invalid_type", "Invalid type for '{}': "),
        TooLarge: ("integer_above_max_value", "Invalid '{}': integer above maximum value. "),
        TooSmall: ("integer_below_min_value", "Invalid '{}': integer below minimum value. "),
        TooLong: ("string_above_max_length", "Invalid '{}': string too long. "),
        BadImageAddress: ("invalid_image_url", "Invalid image at '{}': "),
        UnknownImageFormat: ("unsupported_file_mimetype", "Invalid file '{}': "),
        RequestError: ("invalid_value", "Invalid value for '{}': "),
    }
)
_DECIMALS = frozenset({"guidance_scale"})


def render_error(error: Exception) -> ErrorAnswer:
    """The answer to a failed call."""
    status = status_of(error, _STATUS)
    kind, code, message = _describe(error, status)
    body: Json = {"message": message, "type": kind, "param": _param(error), "code": code}
    if isinstance(error, ContentRejected) and error.categories:
        body["moderation_details"] = {
            "moderation_stage": "output" if error.param is None else "input",
            "categories": list(error.categories),
        }
    return ErrorAnswer(status, {"error": body}, headers_of(error))


def render_break(error: Exception) -> Json:
    """The last event of a stream that fails. Our own faults have words of their own there."""
    answer = render_error(error)
    if answer.status < 500:
        return {"type": "error", **answer.body}
    fault = {"type": "image_generation_server_error", "code": "image_generation_failed"}
    return {"type": "error", "error": answer.body["error"] | fault}


def _param(error: Exception) -> str | None:
    """The parameter at fault. A policy's refusal names none, as published."""
    if isinstance(error, ContentRejected) or not isinstance(error, RequestError):
        return None
    return error.param


def _describe(error: Exception, status: int) -> tuple[str, str | None, str]:
    """The error's type, code and message."""
    text = public_message(error)
    kind = _TYPE.get(status, "invalid_request_error")
    match error:
        case UnknownModel():
            return kind, "invalid_request_error", "Invalid model specified"
        case ContentRejected():
            return "image_generation_user_error", "moderation_blocked", text
        case WrongKey():
            return kind, "invalid_api_key", text
        case NoSuchModel():
            return kind, "model_not_found", text
        case RequestError(param=str(param)) if status == 400:
            code, lead = _code_and_lead(error, param)
            return kind, code, lead.format(param) + text
        case _:
            return kind, _CODE_OF_STATUS.get(status), text


def _code_and_lead(error: RequestError, param: str) -> tuple[str, str]:
    code, lead = next(
        _CODE_AND_LEAD[kind] for kind in type(error).__mro__ if kind in _CODE_AND_LEAD
    )
    if param in _DECIMALS:
        return code.replace("integer", "decimal"), lead.replace("integer", "decimal")
    return code, lead
