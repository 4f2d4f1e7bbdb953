"""Tells the service manager that started the server how far it is, in systemd's words.

Without a manager that listens nothing happens. Source: systemd's sd_notify(3) and
sd_watchdog_enabled(3): datagrams of lines to the socket that NOTIFY_SOCKET names.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Mapping

_log = logging.getLogger(__name__)


def tell_manager(*lines: str, environment: Mapping[str, str] = os.environ) -> None:
    """Send lines such as READY=1 or STATUS=..., if anybody listens."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):  # a name without a file is written so
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)  # a manager that does not read must not stop the server
            sender.sendto("\n".join(lines).encode(), address)
    except OSError as error:
        _log.warning("the service manager cannot be told of %s: %s", lines[0], error.strerror)


async def reassure_manager(environment: Mapping[str, str] = os.environ) -> None:
    """Say that the event loop turns, as often as the manager's watchdog wants to hear it."""
    patience_us = environment.get("WATCHDOG_USEC", "")
    if not patience_us.isdecimal() or environment.get("WATCHDOG_PID", str(os.getpid())) != str(
        os.getpid()
    ):
        return
    while True:
        tell_manager("WATCHDOG=1", environment=environment)
        await asyncio.sleep(int(patience_us) / 2e6)
