"""The OpenAI Images dialect: POST /v1/images/generations, with the Volcano Engine extensions.

Where the project's own API document speaks (url by default), it wins over the vendor's pages.
"""

import uuid

from server.dialect import ErrorAnswer, Json, Link
from server.dialects.openai.answer import render
from server.dialects.openai.body import to_draft
from server.dialects.openai.failure import render_error
from server.draft import Customs, Draft
from server.service import Drawn


class OpenAI:
    customs = Customs(output_format="png")

    def new_request_id(self) -> str:
        return f"req_{uuid.uuid4().hex}"

    def draft(self, members: Json) -> Draft:
        return to_draft(members)

    def render(self, drawn: Drawn, link: Link) -> Json:
        return render(drawn, link)

    def render_error(self, error: Exception, request_id: str) -> ErrorAnswer:
        return render_error(error)
