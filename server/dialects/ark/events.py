"""What happens to a call as events of the Ark dialect. Knows no request body.

There is no event for a picture on its way: the vendor documents none.
"""

from server.dialect import Call, Json
from server.dialects.ark.answer import picture_of, told_of, usage
from server.dialects.ark.failure import failure_of
from server.events import Drawn, Event, Failed, Finished
from server.plan import Plan

CLOSING = b"data: [DONE]\n\n"


def render_event(event: Event, plan: Plan, call: Call) -> Json | None:
    """A picture or its failure."""
    match event:
        case Finished():
            told: Json = picture_of(event, call) | told_of(event)
            name = "partial_succeeded"
        case Failed():
            told = {"error": failure_of(event.error, call.request_id)}
            name = "partial_failed"
        case _:
            return None
    return {
        "type": f"image_generation.{name}",
        "model": plan.model.id,
        "created": event.created,
        "image_index": event.index,
    } | told


def render_end(drawn: Drawn) -> Json:
    """What the whole call came to."""
    return {
        "type": "image_generation.completed",
        "model": drawn.plan.model.id,
        "created": drawn.created,
        "usage": usage(drawn),
    }
