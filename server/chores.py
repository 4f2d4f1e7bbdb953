"""What is done again and again beside the answers: no failure of one chore ends it or another."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

Chore: TypeAlias = Callable[[], Awaitable[object]]

_log = logging.getLogger(__name__)


async def do_chores(chores: Mapping[str, Chore], every_s: float) -> None:
    """Do all of them at once and then every so many seconds, until cancelled."""
    while True:
        for name, chore in chores.items():
            try:
                await chore()
            except Exception:  # noqa: BLE001 - whatever it was, the next try may go well
                _log.exception("%s failed; the next try is in %.0f s", name, every_s)
        await asyncio.sleep(every_s)
