"""Draws through a running server, over its event stream."""

import base64
import json

import httpx2

from server.generate.events import Drawn, Hear, Order, Step, refusal
from server.terminal import CommandError

PATH = "/seedbed/v1/images"
PROBE_S = 2.0
"""A server on this machine answers at once, or is not there."""
SILENCE_S = 60.0
"""The stream has heartbeats; a longer silence means that the server is gone."""


def answers(server: str) -> bool:
    """Whether a server that can draw answers at this address."""
    try:
        return httpx2.get(f"{server}/readyz", timeout=PROBE_S).is_success
    except httpx2.TransportError:
        return False


def draw(server: str, key: str, order: Order, hear: Hear) -> None:
    """Draw an order and report every step and picture.

    Raises: CommandError: what the server said, or that it cannot be reached.
    """
    try:
        with httpx2.stream(
            "POST",
            server + PATH,
            json=order.body,
            headers={"authorization": f"Bearer {key}", "accept": "text/event-stream"},
            timeout=SILENCE_S,
        ) as response:
            if not response.is_success:
                response.read()
                raise _refusal(response)
            for event in httpx2.EventSource(response):
                _pass_on(event, hear)
    except httpx2.TransportError as error:
        raise CommandError(f"{server} cannot be reached: {error}") from error


def _pass_on(event: httpx2.ServerSentEvent, hear: Hear) -> None:
    data = json.loads(event.data)
    match event.event:
        case "progress":
            hear(Step(data["index"], data["step"], data["steps"], data["eta_s"]))
        case "image":
            picture = base64.b64decode(data["b64_json"])
            hear(Drawn(data["index"], picture, data["seed"], data["size"]))
        case "error":
            raise CommandError(data["error"]["message"])


def _refusal(response: httpx2.Response) -> CommandError:
    """What the server said, or its bare status when it said nothing we understand."""
    try:
        error = response.json()["error"]
        return refusal(str(error["message"]), error.get("param"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return CommandError(f"{response.url} answered with status {response.status_code}")
