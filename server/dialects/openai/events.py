"""What happens to a call as events of the OpenAI dialect. Knows no request body.

A picture is always in its event; its address stands beside it when the caller asked for one. The
events of a call for several pictures say which picture they are about; the vendor's own have no
word for that, and clients skip what they do not know.
"""

from server.dialect import Call, Json
from server.dialects.openai.answer import in_base64, look, usage
from server.events import Event, Finished, Previewed
from server.plan import Plan


def render_event(event: Event, plan: Plan, call: Call) -> Json | None:
    """A picture, finished or on its way."""
    match event:
        case Previewed():
            name = "partial_image"
            told: Json = {"partial_image_index": event.number}
        case Finished():
            name = "completed"
            told = {"usage": usage(plan, pictures=1)}
            if event.name is not None:
                told["url"] = call.link(event.name)
        case _:
            return None
    if len(plan.requests) > 1:
        told["image_index"] = event.index
    return {
        "type": f"{'image_edit' if plan.edits else 'image_generation'}.{name}",
        "b64_json": in_base64(event.picture),
        "created_at": event.created,
        **look(plan),
        **told,
    }
