"""The Volcengine Ark dialect: POST /api/v3/images/generations.

Where the project's own API document speaks (guidance_scale, seed, adaptive), it wins over the
vendor's pages.
"""

import secrets
import time
from collections.abc import Mapping

from server.auth import bearer
from server.dialect import ErrorAnswer, Json, Link
from server.dialects.ark.answer import render
from server.dialects.ark.body import to_draft
from server.dialects.ark.failure import render_error
from server.draft import Customs, Draft
from server.service import Drawn


class Ark:
    customs = Customs(output_format="jpeg", only_ark_models=True)
    key_places = (bearer,)

    def new_request_id(self) -> str:
        """53 characters: 02, the time in milliseconds, 38 hexadecimal digits."""
        return f"02{time.time_ns() // 1_000_000:013d}{secrets.token_hex(19)}"

    def headers(self, elapsed_s: float) -> Mapping[str, str]:
        return {}

    def draft(self, members: Json) -> Draft:
        return to_draft(members)

    def render(self, drawn: Drawn, link: Link) -> Json:
        return render(drawn, link)

    def render_error(self, error: Exception, request_id: str) -> ErrorAnswer:
        return render_error(error, request_id)
