"""Which tokens a person wants to see."""

import sqlalchemy as sa
from alembic import op

revision = "0010_shown_tokens"
down_revision = "0009_held_and_tickets"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "wallet_shown_tokens",
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("network", sa.String, nullable=False),
        sa.Column("asset", sa.String, nullable=False),
        sa.Column("shown", sa.Boolean, nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "network", "asset", name="pk_wallet_shown_tokens"),
    )
