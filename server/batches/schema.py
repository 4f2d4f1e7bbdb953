"""The shapes of files and batches, for the description."""

from server.http.schema import (
    SECONDS_SINCE_1970,
    TEXT,
    TEXT_OR_NULL,
    WHOLE,
    YES_OR_NO,
    Schema,
    listed,
    only,
    record,
)


def _page(items: Schema) -> Schema:
    return record(
        {
            "object": only("list"),
            "data": listed(items),
            "first_id": TEXT_OR_NULL,
            "last_id": TEXT_OR_NULL,
            "has_more": YES_OR_NO,
        }
    )


FILE: Schema = record(
    {
        "id": TEXT,
        "object": only("file"),
        "bytes": WHOLE,
        "created_at": SECONDS_SINCE_1970,
        "expires_at": SECONDS_SINCE_1970,
        "filename": TEXT,
        "purpose": TEXT,
        "status": TEXT,
    }
)
FILES: Schema = _page(FILE)
DELETED: Schema = record({"id": TEXT, "object": only("file"), "deleted": YES_OR_NO})
BATCH: Schema = record(
    {
        "id": TEXT,
        "object": only("batch"),
        "endpoint": TEXT,
        "input_file_id": TEXT,
        "completion_window": TEXT,
        "status": TEXT,
        "output_file_id": TEXT_OR_NULL,
        "error_file_id": TEXT_OR_NULL,
        "created_at": SECONDS_SINCE_1970,
        "request_counts": record({"total": WHOLE, "completed": WHOLE, "failed": WHOLE}),
    }
)
BATCHES: Schema = _page(BATCH)
