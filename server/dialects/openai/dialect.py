"""The OpenAI Images dialect: POST /v1/images/generations, with the Volcano Engine extensions.

Where the project's own API document speaks (url by default), it wins over the vendor's pages.
"""

import uuid
from collections.abc import Mapping

from server.dialect import Call, ErrorAnswer, Json
from server.dialects.openai.answer import render
from server.dialects.openai.body import to_draft
from server.dialects.openai.events import render_event
from server.dialects.openai.failure import render_break, render_error
from server.draft import Customs, Draft
from server.events import Drawn, Event
from server.http.auth import Place, api_key_header, bearer
from server.plan import Plan

_API_VERSION = "2020-10-01"
"""The only one there has ever been."""


class OpenAI:
    customs = Customs(output_format="png")
    closing = b""

    def __init__(self, azure_keys: bool = True) -> None:
        """`azure_keys`: whether a key may also stand in the header api-key."""
        self.key_places: tuple[Place, ...] = (bearer, api_key_header) if azure_keys else (bearer,)

    def new_request_id(self) -> str:
        return f"req_{uuid.uuid4().hex}"

    def headers(self, elapsed_s: float) -> Mapping[str, str]:
        return {
            "openai-version": _API_VERSION,
            "openai-processing-ms": str(round(elapsed_s * 1000)),
        }

    def draft(self, members: Json) -> Draft:
        return to_draft(members)

    def render(self, drawn: Drawn, call: Call) -> Json:
        return render(drawn, call)

    def render_event(self, event: Event, plan: Plan, call: Call) -> Json | None:
        return render_event(event, plan, call)

    def render_end(self, drawn: Drawn) -> None:
        """Each picture ends itself."""

    def render_error(self, error: Exception, request_id: str) -> ErrorAnswer:
        return render_error(error)

    def render_break(self, error: Exception, request_id: str) -> Json:
        return render_break(error)
