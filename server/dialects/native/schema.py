"""The shapes of answers in our own dialect, for the description."""

from server.http.schema import (
    TEXT,
    WHOLE,
    YES_OR_NO,
    Schema,
    listed,
    one_of,
    record,
)

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
                    "revised_prompt": TEXT,
                    "provenance": record(
                        {
                            "id": TEXT,
                            "layers": listed(TEXT),
                            "skipped": {
                                "type": "object",
                                "description": "what the picture lacks, and why",
                                "additionalProperties": TEXT,
                            },
                        }
                    ),
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
_STAND_IN: Schema = record(
    {
        "name": TEXT,
        "family": TEXT,
        "licence": TEXT,
        "commercial": YES_OR_NO,
        "gated": YES_OR_NO,
    }
)
_PRESENCE: Schema = record(
    {
        "model": TEXT,
        "state": one_of("resident", "loading", "absent"),
        "size_bytes": WHOLE,
        "done_bytes": WHOLE,
        "load_s": {"type": ["number", "null"]},
    }
)
MODELS: Schema = record(
    {
        "tier": TEXT,
        "models": listed(record({"name": TEXT, "generate": listed(TEXT), "edit": listed(TEXT)})),
        "stand_ins": listed(_STAND_IN),
        "workers": listed(
            record(
                {
                    "number": WHOLE,
                    "device": TEXT,
                    "ready": YES_OR_NO,
                    "reason": TEXT,
                    "models": listed(_PRESENCE),
                    "beside": listed(TEXT),
                }
            )
        ),
    }
)
