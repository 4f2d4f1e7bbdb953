"""The dialect of the AUTOMATIC1111 web UI: POST /sdapi/v1/txt2img and /sdapi/v1/img2img.

Spoken by Open WebUI and many other front ends. It has no streams.
"""

import uuid
from collections.abc import Callable, Mapping

from server.dialect import Call, ErrorAnswer, Json
from server.dialects.a1111.answer import render
from server.dialects.a1111.body import text_draft
from server.dialects.a1111.failure import render_error
from server.draft import Customs, Draft
from server.events import Drawn, Event
from server.http.auth import basic_password, bearer
from server.plan import Plan


class A1111:
    """Speaks for one of the two ways to draw."""

    customs = Customs(output_format="png")
    closing = b""
    key_places = (bearer, basic_password)

    def __init__(self, read: Callable[[Json], Draft] = text_draft) -> None:
        self._read = read

    def new_request_id(self) -> str:
        return f"req_{uuid.uuid4().hex}"

    def headers(self, elapsed_s: float) -> Mapping[str, str]:
        return {}

    def draft(self, members: Json) -> Draft:
        return self._read(members)

    def render(self, drawn: Drawn, call: Call) -> Json:
        return render(drawn)

    def render_event(self, event: Event, plan: Plan, call: Call) -> Json | None:
        return None

    def render_end(self, drawn: Drawn) -> Json | None:
        return None

    def render_error(self, error: Exception, request_id: str) -> ErrorAnswer:
        return render_error(error)

    def render_break(self, error: Exception, request_id: str) -> Json:
        return {"type": "error", **render_error(error).body}
