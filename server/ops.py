"""What an operator and a load balancer ask: are you alive, can you draw, which version are you."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from server.drawing import Fleet
from server.http.routing import Endpoint


async def livez(_request: Request) -> Response:
    """The event loop turns; whether a picture can be drawn is another question."""
    return JSONResponse({"status": "ok"})


def readyz(fleet: Fleet) -> Endpoint:
    """200 when a picture can be drawn now, else 503 with the reason."""

    async def answer(_request: Request) -> Response:
        if fleet.ready:
            return JSONResponse({"ready": True})
        return JSONResponse({"ready": False, "reason": fleet.reason}, 503)

    return answer


def version(text: str) -> Endpoint:
    async def answer(_request: Request) -> Response:
        return JSONResponse({"name": "seedbed", "version": text})

    return answer
