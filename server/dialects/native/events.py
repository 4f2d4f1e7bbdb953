"""What happens to a call as events and as a body of our own dialect. Knows no request body."""

import base64

from server.dialect import Json
from server.events import Event, Finished, Previewed, Step


def render_event(event: Event) -> Json | None:
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
            return {"type": "preview", "number": event.number, **render_picture(event)}
        case Finished():
            return {"type": "image", **render_picture(event)}
        case _:
            return None


def render_picture(event: Finished | Previewed) -> Json:
    """A picture and what is known of it."""
    picture = event.picture
    return {
        "index": event.index,
        "b64_json": base64.b64encode(picture.data).decode(),
        "seed": picture.seed,
        "size": str(picture.size),
        "output_format": picture.format,
    }
