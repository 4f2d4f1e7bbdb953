"""The Volcengine Ark dialect: POST /api/v3/images/generations.

Where the project's own API document speaks (guidance_scale, seed, adaptive), it wins over the
vendor's pages.
"""

import secrets
import time
from collections.abc import Mapping

from server.dialect import Call, ErrorAnswer, Json
from server.dialects.ark.answer import render
from server.dialects.ark.body import to_draft
from server.dialects.ark.events import CLOSING, render_end, render_event
from server.dialects.ark.failure import in_vendors_words, render_break, render_error
from server.draft import Customs, Draft
from server.events import Drawn, Event
from server.http.auth import bearer
from server.plan import Plan


class Ark:
    customs = Customs(output_format="jpeg", only_ark_models=True, each_alone=True)
    closing = CLOSING
    key_places = (bearer,)

    def __init__(self, native_errors: bool = False) -> None:
        """`native_errors`: whether a wrong parameter has the vendor's own code in the body too."""
        self._native_errors = native_errors

    def new_request_id(self) -> str:
        """53 characters: 02, the time in milliseconds, 38 hexadecimal digits."""
        return f"02{time.time_ns() // 1_000_000:013d}{secrets.token_hex(19)}"

    def headers(self, elapsed_s: float) -> Mapping[str, str]:
        return {}

    def draft(self, members: Json) -> Draft:
        return to_draft(members)

    def render(self, drawn: Drawn, call: Call) -> Json:
        return render(drawn, call)

    def render_event(self, event: Event, plan: Plan, call: Call) -> Json | None:
        return render_event(event, plan, call)

    def render_end(self, drawn: Drawn) -> Json:
        return render_end(drawn)

    def render_error(self, error: Exception, request_id: str) -> ErrorAnswer:
        answer = render_error(error, request_id)
        return in_vendors_words(answer) if self._native_errors else answer

    def render_break(self, error: Exception, request_id: str) -> Json:
        return render_break(error, request_id)
