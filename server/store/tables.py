"""Every table of the database, as it is now. How it came to be: `server/store/migrations`.

Times are whole seconds since 1970. A row's `number` is its place in the order of creation; its `id`
is what callers see.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
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

PICTURES = Table(
    "pictures",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("id", String, nullable=False),
    Column("request_id", String, nullable=False),
    Column("client", String, nullable=False),
    Column("model", String, nullable=False),
    Column("drawn_by", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("format", String, nullable=False),
    Column("sha256", String, nullable=False),
    Column("perceptual_hash", String, nullable=False),
    Column("sketch", LargeBinary, nullable=False),
    Column("labelled", Boolean, nullable=False),
    Column("label_declined", Boolean, nullable=False),
    Column("mark_key", String),
    Column("mark_strength", Float),
    Column("manifest", LargeBinary),
    Index(None, "id"),
    Index(None, "expires_at"),
    sqlite_autoincrement=True,
)
"""What was handed out. Equal calls have equal ids, so an id may stand here more than once."""
