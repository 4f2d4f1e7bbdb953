"""The shapes of answers in our own dialect, for the description."""

from server.http.schema import TEXT, WHOLE, Schema, listed, record

PICTURES: Schema = record(
    {
        "images": listed(
            record(
                {
                    "index": WHOLE,
                    "b64_json": TEXT,
                    "seed": WHOLE,
                    "size": TEXT,
                    "output_format": TEXT,
                }
            )
        )
    }
)
EVENTS: Schema = {
    "type": "string",
    "description": "unless stream is false: events progress, preview, image, and completed or "
    "error at the end, one line of JSON each",
}
