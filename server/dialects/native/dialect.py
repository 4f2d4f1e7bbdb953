"""Our own dialect: POST /seedbed/v1/images, every step and picture as an event.

Made for the command line, which draws a progress bar, and for whoever wants to watch. Before the
first event an error is plain JSON; after it, it is an event. Errors have the shape of the server's
default dialect.
"""

from server.dialect import Call, Json
from server.dialects.native.body import CUSTOMS, to_draft
from server.dialects.native.events import render_event, render_finished
from server.draft import Draft
from server.events import Drawn, Event
from server.plan import Plan


class Native:
    customs = CUSTOMS
    closing = b""

    def draft(self, members: Json) -> Draft:
        return to_draft(members)

    def render(self, drawn: Drawn, call: Call) -> Json:
        return {"images": [render_finished(finished, drawn.plan) for finished in drawn.pictures]}

    def render_event(self, event: Event, plan: Plan, call: Call) -> Json | None:
        return render_event(event, plan)

    def render_end(self, drawn: Drawn) -> Json:
        return {"type": "completed"}
