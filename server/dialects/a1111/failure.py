"""Errors in the A1111 dialect: what a FastAPI program says of an exception of its own."""

from collections.abc import Mapping
from types import MappingProxyType

from pipelines.errors import InvalidImage, InvalidParameter, RequestError
from server.dialect import ErrorAnswer
from server.errors import Unauthenticated, headers_of, public_message, status_of

_STATUS: Mapping[type[Exception], int] = MappingProxyType(
    {InvalidParameter: 422, InvalidImage: 422}
)
_OUR_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "guidance_scale": "cfg_scale",
        "n": "batch_size",
        "size": "width, height",
        "model": "sd_model_checkpoint",
        "input_fidelity": "denoising_strength",
    }
)


def render_error(error: Exception) -> ErrorAnswer:
    """The answer to a failed call."""
    text = _named(error) + public_message(error)
    body = {"error": type(error).__name__, "detail": text, "body": "", "errors": text}
    headers = headers_of(error)
    if isinstance(error, Unauthenticated):
        headers["www-authenticate"] = "Basic"
    return ErrorAnswer(status_of(error, _STATUS), body, headers)


def _named(error: Exception) -> str:
    """The parameter, by the name it has in this dialect."""
    param = error.param if isinstance(error, RequestError) else None
    return "" if param is None else f"{_OUR_NAMES.get(param, param)}: "
