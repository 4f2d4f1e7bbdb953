"""Which HTTP status an error has, and the errors that only a server knows.

    RequestError
    ├── MalformedBody         not JSON, or JSON no sane client sends
    ├── BodyTooLarge
    ├── Unauthenticated
    │   └── WrongKey              a key was given, and it is none of ours
    ├── NotFound              no such path
    │   ├── NoSuchModel           asked for by name at /models/{id}
    │   └── NoSuchPicture
    ├── BadLink               a picture's address that we did not sign, or that has expired
    ├── Forbidden             right, but not allowed on this site
    ├── MethodNotAllowed      carries `allow`
    └── Conflict              right, but not in the state that the thing is in

    InvalidImage
    ├── BadImageAddress       malformed, forbidden, or nothing came
    │   └── NoImageAddress        empty
    ├── ImageTooLarge
    └── UnknownImageFormat    says which formats would be right

    CapacityError
    ├── RateLimited           this key has made as many calls as it may
    ├── RoomFull              bodies of calls hold as much memory as they may
    └── DatabaseUnavailable   locked, full or damaged; nothing was written

`status_of` reads one table along the class's MRO, so a new kind of error has its parent's status
until the table says otherwise. A dialect may differ for single classes; it says so itself.
"""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from pipelines.errors import (
    Cancelled,
    CapacityError,
    EngineError,
    GenerationError,
    InvalidImage,
    NotReady,
    RequestError,
    ShuttingDown,
    UnknownModel,
    WorkerLost,
)


class MalformedBody(RequestError):
    pass


class BodyTooLarge(RequestError):
    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"Maximum content size limit ({limit_bytes}) exceeded")


class Unauthenticated(RequestError):
    pass


class WrongKey(Unauthenticated):
    pass


class NotFound(RequestError):
    pass


class NoSuchModel(NotFound):
    pass


class NoSuchPicture(NotFound):
    pass


class BadLink(RequestError):
    pass


class Forbidden(RequestError):
    pass


class Conflict(RequestError):
    pass


class MethodNotAllowed(RequestError):
    def __init__(self, message: str, allow: str) -> None:
        super().__init__(message)
        self.allow = allow


class BadImageAddress(InvalidImage):
    pass


class NoImageAddress(BadImageAddress):
    pass


class ImageTooLarge(InvalidImage):
    def __init__(self, limit_bytes: int, param: str) -> None:
        super().__init__(f"The picture must have at most {limit_bytes} bytes.", param)


class UnknownImageFormat(InvalidImage):
    def __init__(self, media_type: str, formats: Sequence[str], param: str) -> None:
        *most, last = (f"'image/{form}'" for form in formats)
        choices = f"{', '.join(most)}, and {last}" if most else last
        super().__init__(
            f"unsupported mimetype ('{media_type}'). Supported file formats are {choices}.", param
        )


class RateLimited(CapacityError):
    def __init__(self, limit: int, retry_after_s: float) -> None:
        """Units: limit in calls a minute."""
        super().__init__(
            f"Rate limit reached on requests per min (RPM): Limit {limit}. "
            f"Please try again in {retry_after_s:.3g}s.",
            retry_after_s,
        )


class RoomFull(CapacityError):
    pass


class DatabaseUnavailable(CapacityError):
    pass


STATUS: Mapping[type[Exception], int] = MappingProxyType(
    {
        RequestError: 400,
        Unauthenticated: 401,
        BadLink: 403,
        Forbidden: 403,
        NotFound: 404,
        UnknownModel: 404,
        MethodNotAllowed: 405,
        Conflict: 409,
        BodyTooLarge: 413,
        CapacityError: 429,
        DatabaseUnavailable: 503,
        RoomFull: 503,
        Cancelled: 499,
        EngineError: 500,
        NotReady: 503,
        ShuttingDown: 503,
        WorkerLost: 503,
        Exception: 500,
    }
)

_LONGEST_RETRY_S = 120
"""A client library gives up at once when it is told to wait longer."""


def status_of(
    error: Exception, overrides: Mapping[type[Exception], int] = MappingProxyType({})
) -> int:
    """Return the status of the nearest class in the error's MRO."""
    table = {**STATUS, **overrides}
    return next(table[kind] for kind in type(error).__mro__ if kind in table)


def public_message(error: Exception) -> str:
    """What a caller may read: the text of our own errors, and nothing of anything else."""
    if isinstance(error, GenerationError):
        return error.message
    return "The server had an error while processing your request."


def headers_of(error: Exception) -> dict[str, str]:
    """The response headers that tell a client whether and when to try again."""
    if isinstance(error, CapacityError):
        wait_s = min(max(error.retry_after_s, 0.0), _LONGEST_RETRY_S)
        return {
            "retry-after": str(max(1, math.ceil(wait_s))),
            "retry-after-ms": str(max(1, math.ceil(wait_s * 1000))),
        }
    if isinstance(error, MethodNotAllowed):
        return {"allow": error.allow}
    if isinstance(error, RequestError) and not isinstance(error, Conflict):
        return {}
    return {"x-should-retry": "false"}
