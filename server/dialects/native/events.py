"""What happens to a call as events and as a body of our own dialect. Knows no request body."""

import base64

from server.dialect import Json
from server.events import Event, Finished, Previewed, Step
from server.plan import Plan


def render_event(event: Event, plan: Plan) -> Json | None:
    """Every step, every preview and every picture."""
    match event:
        case Step(index, progress):
            return {
                "type": "progress",
                "index": index,
                "step": progress.step,
                "steps": progress.steps,
                "eta_s": round(progress.eta_s, 3),
            }
        case Previewed():
            return {"type": "preview", "number": event.number, **_picture(event)}
        case Finished():
            return {"type": "image", **render_finished(event, plan)}
        case _:
            return None


def render_finished(event: Finished, plan: Plan) -> Json:
    """A picture, what is known of it, the words that it is of, and the marks that it bears."""
    marks = event.provenance
    return {
        **_picture(event),
        "revised_prompt": event.drawn_from(plan),
        "provenance": {
            "id": marks.id,
            "layers": list(marks.layers),
            "skipped": dict(marks.skipped),
        },
    }


def _picture(event: Finished | Previewed) -> Json:
    picture = event.picture
    return {
        "index": event.index,
        "b64_json": base64.b64encode(picture.data).decode(),
        "seed": picture.seed,
        "size": str(picture.size),
        "output_format": picture.format,
    }
