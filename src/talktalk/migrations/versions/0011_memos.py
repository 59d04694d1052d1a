"""Memos of transfers and activity; credentials a payment shows."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011_memos"
down_revision = "0010_shown_tokens"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply; code from before writes the defaults."""
    op.add_column("transfers", sa.Column("memo", sa.String, nullable=False, server_default=""))
    op.add_column(
        "transfers", sa.Column("credential_ids", JSONB, nullable=False, server_default=sa.text("'[]'"))
    )
    op.add_column("activities", sa.Column("memo", sa.String, nullable=False, server_default=""))
