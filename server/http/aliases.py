"""Which addresses mean the same: a caller's path becomes the one path a route stands under.

Pure: knows no route and no request. No address leads to a path that is open without a key.
"""

import re
from dataclasses import dataclass

_SPELLINGS: tuple[tuple[re.Pattern[str], str], ...] = (
    # ComfyUI's nodes put their service's own prefix in front.
    (re.compile(r"/proxy/byteplus(?=/api/v3(?:/|$))"), ""),
    # Azure names the model in the path, as a deployment; it may hold slashes.
    (re.compile(r"(?:/proxy)?/openai/deployments/(?P<model>.+)(?=/images/[a-z]+$)"), "/v1"),
    (re.compile(r"(?:/proxy)?/openai(?:/v1)?(?=/)"), "/v1"),
    # A client whose base address lacks the version.
    (re.compile(r"(?=/(?:images|models)(?:/|$))"), "/v1"),
)

_PROXY = "/proxy/"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a call goes, and the model its path names."""

    path: str
    model: str | None = None
    proxied: bool = False
    """Whether it is one of ComfyUI's service, whose callers show their key in its way."""


def canonical(path: str) -> Address:
    """Say what a decoded path means; one that has no other spelling means itself."""
    path = path.rstrip("/") or "/"
    for spelling, prefix in _SPELLINGS:
        if match := spelling.match(path):
            model = match.groupdict().get("model")
            return Address(prefix + path[match.end() :], model, path.startswith(_PROXY))
    return Address(path)
