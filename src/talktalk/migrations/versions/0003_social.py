"""Tables of social."""

import sqlalchemy as sa
from alembic import op

revision = "0003_social"
down_revision = "0002_identity"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "friend_pairs",
        sa.Column("low_id", sa.Uuid, primary_key=True),
        sa.Column("high_id", sa.Uuid, primary_key=True),
        sa.Column("low_listed_at", MOMENT),
        sa.Column("high_listed_at", MOMENT),
        sa.Column("low_blocked_at", MOMENT),
        sa.Column("high_blocked_at", MOMENT),
        sa.CheckConstraint("low_id < high_id", name=op.f("ck_friend_pairs_order")),
    )
    op.create_index("ix_friend_pairs_high_id", "friend_pairs", ["high_id"])
    op.create_table(
        "friend_requests",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("low_id", sa.Uuid, nullable=False),
        sa.Column("high_id", sa.Uuid, nullable=False),
        sa.Column("sender_id", sa.Uuid, nullable=False),
        sa.Column("receiver_id", sa.Uuid, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT),
        sa.ForeignKeyConstraint(["low_id", "high_id"], ["friend_pairs.low_id", "friend_pairs.high_id"]),
    )
    is_open = sa.text("state = 'open'")
    op.create_index(
        "uq_friend_requests_open",
        "friend_requests",
        ["low_id", "high_id"],
        unique=True,
        postgresql_where=is_open,
    )
    for column in ("sender_id", "receiver_id"):
        op.create_index(f"ix_friend_requests_{column}", "friend_requests", [column], postgresql_where=is_open)
