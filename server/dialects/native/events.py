"""Our own dialect: POST /seedbed/v1/images, every step and picture as an event.

Made for the command line, which draws a progress bar. Before the first event an error is plain
JSON; after it, it is an event. Errors have the shape of the server's default dialect.
"""

import base64

from server.dialect import Json
from server.service import Finished, Step

COMPLETED: Json = {"type": "completed"}


def render_event(event: Step | Finished) -> Json:
    match event:
        case Step(index, progress):
            return {
                "type": "progress",
                "index": index,
                "step": progress.step,
                "steps": progress.steps,
                "eta_s": round(progress.eta_s, 3),
            }
        case Finished(index, picture):
            return {
                "type": "image",
                "index": index,
                "b64_json": base64.b64encode(picture.data).decode(),
                "seed": picture.seed,
                "size": str(picture.size),
                "output_format": picture.format,
            }
