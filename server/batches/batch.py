"""What is known of a batch: the words of its life and its row in the database.

validating -> in_progress -> finalizing -> completed
    |              |-----------------------> expired
    |-> failed     '-> cancelling ---------> cancelled
"""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Status: TypeAlias = Literal[
    "validating",
    "failed",
    "in_progress",
    "finalizing",
    "completed",
    "expired",
    "cancelling",
    "cancelled",
]
OPEN: tuple[Status, ...] = ("validating", "in_progress", "finalizing", "cancelling")
"""There is something left to do for these."""
CANCELLABLE: tuple[Status, ...] = ("validating", "in_progress")


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch, as its row says. Units: times in seconds since 1970."""

    number: int
    id: str
    client: str
    status: Status
    endpoint: str
    input_file_id: str
    completion_window: str
    metadata: dict[str, str] | None
    base_url: str
    """What the addresses of its pictures begin with."""
    reproducible: bool
    seed: int
    """From it and a line's number comes the seed of a row that does not say one."""
    output_file_id: str
    error_file_id: str
    """Chosen at birth; callers hear of a file when it is whole."""
    output_bytes: int
    error_bytes: int
    """How much of each file counts: what stands beyond was being written when power went."""
    output_ttl_s: int
    total: int
    completed: int
    failed: int
    errors: list[dict[str, Any]] | None
    created_at: int
    expires_at: int
    in_progress_at: int | None
    finalizing_at: int | None
    completed_at: int | None
    failed_at: int | None
    expired_at: int | None
    cancelling_at: int | None
    cancelled_at: int | None
