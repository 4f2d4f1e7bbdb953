"""The OpenAI Images dialect: POST /v1/images/generations, with the Volcano Engine extensions.

Where the project's own API document speaks (url by default), it wins over the vendor's pages.
"""

import uuid
from collections.abc import Mapping

from server.auth import Place, api_key_header, bearer
from server.dialect import ErrorAnswer, Json, Link
from server.dialects.openai.answer import render
from server.dialects.openai.body import to_draft
from server.dialects.openai.failure import render_error
from server.draft import Customs, Draft
from server.service import Drawn

_API_VERSION = "2020-10-01"
"""The only one there has ever been."""


class OpenAI:
    customs = Customs(output_format="png")

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

    def render(self, drawn: Drawn, link: Link) -> Json:
        return render(drawn, link)

    def render_error(self, error: Exception, request_id: str) -> ErrorAnswer:
        return render_error(error)
