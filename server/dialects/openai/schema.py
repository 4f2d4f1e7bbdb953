"""The shapes of answers in the OpenAI dialect, for the description."""

from server.http.schema import (
    SECONDS_SINCE_1970,
    TEXT,
    TEXT_OR_NULL,
    WHOLE,
    Schema,
    listed,
    one_of,
    only,
    record,
)

_MODERATION: Schema = record(
    {"moderation_stage": one_of("input", "output"), "categories": listed(TEXT)}
)
ERROR: Schema = record(
    {
        "error": record(
            {"message": TEXT, "type": TEXT, "param": TEXT_OR_NULL, "code": TEXT_OR_NULL},
            {"moderation_details": _MODERATION},
        )
    }
)
_TOKENS: Schema = record({"text_tokens": WHOLE, "image_tokens": WHOLE})
_USAGE: Schema = record(
    {
        "prompt_tokens": WHOLE,
        "input_tokens": WHOLE,
        "output_tokens": WHOLE,
        "total_tokens": WHOLE,
        "input_tokens_details": _TOKENS,
        "output_tokens_details": _TOKENS,
    }
)
_PICTURE: Schema = record(
    {
        "b64_json": TEXT_OR_NULL,
        "url": TEXT_OR_NULL,
        "revised_prompt": TEXT,
        "size": TEXT,
        "quality": TEXT,
    },
    {"output_format": TEXT},
)
PICTURES: Schema = record(
    {"created": SECONDS_SINCE_1970, "data": listed(_PICTURE)},
    {
        "background": one_of("transparent", "opaque"),
        "output_format": one_of("png", "jpeg", "webp"),
        "quality": TEXT,
        "size": TEXT,
        "usage": _USAGE,
    },
)
"""What is optional is there for gpt-image models."""
EVENTS: Schema = {
    "type": "string",
    "description": "with stream: events image_generation.partial_image and .completed (image_edit "
    "for edits), one line of JSON each",
}
MODEL: Schema = record(
    {"id": TEXT, "object": only("model"), "created": SECONDS_SINCE_1970, "owned_by": TEXT}
)
