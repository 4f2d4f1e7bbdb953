"""Asks the server of this machine whether it is alive or can draw, for health checks.

Knows its address from the settings, and two paths that need no key.
"""

import httpx2

from server.settings import Settings
from server.terminal import CommandError, results_console

_TIMEOUT_S = 10.0
"""An event loop that has not answered by then is as good as dead."""


def check(settings: Settings, ready: bool) -> None:
    """Print what the server says.

    Raises: CommandError: it does not answer, or cannot draw though that was asked.
    """
    path = "/readyz" if ready else "/livez"
    try:
        answer = httpx2.get(settings.address + path, timeout=_TIMEOUT_S, trust_env=False)
    except httpx2.TransportError as error:
        why = str(error) or type(error).__name__
        raise CommandError(f"no server answers at {settings.address}: {why}") from error
    if not answer.is_success:
        raise CommandError(f"{settings.address}{path} answers {answer.status_code}: {answer.text}")
    results_console().print(answer.text, markup=False)
