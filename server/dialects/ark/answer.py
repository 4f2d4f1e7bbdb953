"""What became of a call as the body of an answer in the Ark dialect. Knows no request body."""

import base64

from server.contract.tokens import seedream_tokens, text_tokens
from server.dialect import Call, Json
from server.dialects.ark.failure import failure_of
from server.events import Drawn, Failed, Finished


def render(drawn: Drawn, call: Call) -> Json:
    """The body of a successful call, each picture or its failure at its place."""
    plan = drawn.plan
    items: list[Finished | Failed] = [*drawn.pictures, *drawn.failures]
    return {
        "id": f"img_{plan.requests[0].id}",
        "object": "image",
        "created": drawn.created,
        "model": plan.model.id,
        "data": [_item(one, call) for one in sorted(items, key=lambda one: one.index)],
        "usage": {"prompt_tokens": text_tokens(plan.prompt)} | usage(drawn),
    }


def usage(drawn: Drawn) -> Json:
    """What was drawn, in the vendor's own terms; a picture that failed costs nothing."""
    count = len(drawn.pictures)
    output_tokens = seedream_tokens(drawn.plan.finish.size, count)
    counted: Json = {
        "generated_images": count,
        "output_tokens": output_tokens,
        "total_tokens": output_tokens,
    }
    inputs = len(drawn.plan.inputs)
    return counted | {"input_images": inputs} if inputs else counted


def picture_of(finished: Finished, call: Call) -> Json:
    """The picture's address, or the picture itself."""
    if finished.name is not None:
        return {"url": call.link(finished.name)}
    return {"b64_json": base64.b64encode(finished.picture.data).decode()}


def told_of(finished: Finished) -> Json:
    """What is known of a picture beside itself; its words where other ones were asked for."""
    told: Json = {"size": str(finished.picture.size)}
    return told if finished.worded is None else told | {"revised_prompt": finished.worded.prompt}


def _item(one: Finished | Failed, call: Call) -> Json:
    if isinstance(one, Failed):
        return {"error": failure_of(one.error, call.request_id), "index": one.index}
    return picture_of(one, call) | told_of(one) | {"index": one.index}
