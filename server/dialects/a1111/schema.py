"""The shapes of answers in the A1111 dialect, for the description."""

from server.http.schema import NULL, NUMBER, TEXT, WHOLE, Schema, listed, record

ERROR: Schema = record({"error": TEXT, "detail": TEXT, "body": TEXT, "errors": TEXT})
PICTURES: Schema = record(
    {
        "images": listed({"type": "string", "description": "base64 of a PNG"}),
        "parameters": {"type": "object"},
        "info": {"type": "string", "description": "JSON: seeds and texts of all pictures"},
    }
)
OPTIONS: Schema = record({"sd_model_checkpoint": TEXT, "samples_format": TEXT})
MODELS: Schema = listed(record({"title": TEXT, "model_name": TEXT, "filename": TEXT}))
PROGRESS: Schema = record(
    {
        "progress": NUMBER,
        "eta_relative": NUMBER,
        "state": record({"job_count": WHOLE, "sampling_step": WHOLE, "sampling_steps": WHOLE}),
        "current_image": NULL,
        "textinfo": NULL,
    }
)
