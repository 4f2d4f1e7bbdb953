"""Every table of the database, as it is now. How it came to be: `server/store/migrations`.

Times are whole seconds since 1970. A row's `number` is its place in the order of creation; its `id`
is what callers see.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
)

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

FILES = Table(
    "files",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("client", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("filename", String, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index(None, "client", "number"),
    sqlite_autoincrement=True,
)
"""What clients sent and what batches wrote; the contents lie beside the database."""

BATCHES = Table(
    "batches",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("client", String, nullable=False),
    Column("status", String, nullable=False),
    Column("endpoint", String, nullable=False),
    Column("input_file_id", String, nullable=False),
    Column("completion_window", String, nullable=False),
    Column("metadata", JSON),
    Column("base_url", String, nullable=False),
    Column("reproducible", Boolean, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("output_file_id", String, nullable=False),
    Column("error_file_id", String, nullable=False),
    Column("output_bytes", BigInteger, nullable=False, server_default="0"),
    Column("error_bytes", BigInteger, nullable=False, server_default="0"),
    Column("output_ttl_s", BigInteger, nullable=False),
    Column("total", Integer, nullable=False, server_default="0"),
    Column("completed", Integer, nullable=False, server_default="0"),
    Column("failed", Integer, nullable=False, server_default="0"),
    Column("errors", JSON),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("in_progress_at", BigInteger),
    Column("finalizing_at", BigInteger),
    Column("completed_at", BigInteger),
    Column("failed_at", BigInteger),
    Column("expired_at", BigInteger),
    Column("cancelling_at", BigInteger),
    Column("cancelled_at", BigInteger),
    Index(None, "client", "number"),
    sqlite_autoincrement=True,
)

ANSWERS = Table(
    "batch_answers",
    METADATA,
    Column("batch", Integer, ForeignKey(BATCHES.c.number), primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
)
"""The lines of unfinished batches that are answered: written with the lengths of the files."""
