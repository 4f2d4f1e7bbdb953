"""The shapes of answers in the Ark dialect, for the description."""

from server.http.schema import (
    SECONDS_SINCE_1970,
    TEXT,
    WHOLE,
    Schema,
    listed,
    only,
    page_of,
    record,
)

ERROR: Schema = record(
    {"error": record({"code": TEXT, "message": TEXT, "param": TEXT, "type": TEXT})}
)
PICTURES: Schema = record(
    {
        "id": TEXT,
        "object": only("image"),
        "created": SECONDS_SINCE_1970,
        "model": TEXT,
        "data": listed(
            record(
                {"index": WHOLE},
                {
                    "url": TEXT,
                    "b64_json": TEXT,
                    "size": TEXT,
                    "revised_prompt": TEXT,
                    "error": record({"code": TEXT, "message": TEXT}),
                },
            )
        ),
        "usage": record(
            {
                "prompt_tokens": WHOLE,
                "generated_images": WHOLE,
                "output_tokens": WHOLE,
                "total_tokens": WHOLE,
            },
            {"input_images": WHOLE},
        ),
    }
)
EVENTS: Schema = {
    "type": "string",
    "description": "with stream: events image_generation.partial_succeeded, .partial_failed and "
    ".completed, one line of JSON each, then [DONE]",
}
MODELS: Schema = page_of(
    record(
        {
            "id": TEXT,
            "name": TEXT,
            "version": TEXT,
            "object": only("model"),
            "created": SECONDS_SINCE_1970,
            "domain": TEXT,
            "task_type": listed(TEXT),
        }
    )
)
