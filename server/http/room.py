"""How much memory the bodies of all calls may hold: one room, of which each call has a part.

A body takes its part as it arrives, and gives it back when its pictures are decoded or its call has
ended. Who finds the room full is told to come again; what has its part already is never turned out.
Knows no dialect and no path. Belongs to the event loop: no locks.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

from server.errors import BodyTooLarge, RoomFull

_RETRY_S = 2.0


class Room:
    """What bodies hold in all. Units: bytes."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.held = 0

    def require(self, more: int) -> None:
        """Raises: BodyTooLarge: it would not fit if nobody else were here. RoomFull."""
        if more > self.size:
            raise BodyTooLarge(self.size)
        if self.held + more > self.size:
            raise RoomFull(
                "The server holds as many bytes of requests as it may: try again.", _RETRY_S
            )


class Part:
    """What one call holds of the room. Units: bytes."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.held = 0

    def expect(self, size: int) -> None:
        """Look whether so much would fit; nothing is taken. Raises: as `Room.require`."""
        self._room.require(size)

    def hold(self, size: int) -> None:
        """Hold so much from now on. Raises: as `Room.require`: then it holds what it did."""
        self._room.held -= self.held
        try:
            self._room.require(size)
            self.held = size
        finally:
            self._room.held += self.held

    def give_back(self) -> None:
        """Hold nothing any more."""
        self.hold(0)


class GiveRoom:
    """Middleware: every call has its part of the room, and none when it has ended."""

    def __init__(self, app: ASGIApp, room: Room) -> None:
        self._app = app
        self._room = room

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        part = scope["state"]["part"] = Part(self._room)
        try:
            await self._app(scope, receive, send)
        finally:
            part.give_back()
