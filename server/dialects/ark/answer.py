"""Pictures as the body of an answer in the Ark dialect. Knows no request body."""

import base64

from server.dialect import Json, Link
from server.service import Drawn, Finished
from server.tokens import seedream_tokens, text_tokens


def render(drawn: Drawn, link: Link) -> Json:
    """The body of a successful call."""
    plan = drawn.plan
    output_tokens = seedream_tokens(plan.finish.size, len(drawn.pictures))
    return {
        "id": f"img_{plan.requests[0].id}",
        "object": "image",
        "created": drawn.created,
        "model": plan.model.id,
        "data": [_item(finished, link) for finished in drawn.pictures],
        "usage": {
            "prompt_tokens": text_tokens(plan.prompt),
            "generated_images": len(drawn.pictures),
            "output_tokens": output_tokens,
            "total_tokens": output_tokens,
        },
    }


def _item(finished: Finished, link: Link) -> Json:
    item: Json = {"size": str(finished.picture.size), "index": finished.index}
    if finished.name is not None:
        return {"url": link(finished.name)} | item
    return {"b64_json": base64.b64encode(finished.picture.data).decode()} | item
