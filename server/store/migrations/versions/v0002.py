"""The registry of pictures."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make it, empty: nothing is known of pictures from before."""
    op.create_table(
        "pictures",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("request_id", sa.String, nullable=False),
        sa.Column("client", sa.String, nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("drawn_by", sa.String, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("format", sa.String, nullable=False),
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("perceptual_hash", sa.String, nullable=False),
        sa.Column("sketch", sa.LargeBinary, nullable=False),
        sa.Column("labelled", sa.Boolean, nullable=False),
        sa.Column("label_declined", sa.Boolean, nullable=False),
        sa.Column("mark_key", sa.String),
        sa.Column("mark_strength", sa.Float),
        sa.Column("manifest", sa.LargeBinary),
        sa.PrimaryKeyConstraint("number", name="pk_pictures"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_pictures_id", "pictures", ["id"])
    op.create_index("ix_pictures_expires_at", "pictures", ["expires_at"])
