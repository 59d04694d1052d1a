"""Invitations by phone number."""

import sqlalchemy as sa
from alembic import op

revision = "0018_invitations"
down_revision = "0017_token_transfers"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "invitations",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("sender_id", sa.Uuid, nullable=False),
        sa.Column("idempotency_key", sa.String, nullable=False),
        sa.Column("input_hash", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("phone", sa.String, nullable=False),
        sa.Column("amount_drops", sa.BigInteger, nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("message", sa.String, nullable=False),
        sa.Column("person_id", sa.Uuid),
        sa.Column("transfer_id", sa.Uuid),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.UniqueConstraint("sender_id", "idempotency_key", name="uq_invitations_sender_id_idempotency_key"),
        sa.CheckConstraint(
            "state IN ('waiting', 'joined', 'ready', 'paying', 'paid', 'cancelled', 'expired')",
            name="ck_invitations_state_known",
        ),
        sa.CheckConstraint("amount_drops > 0", name="ck_invitations_amount_positive"),
    )
    op.create_index("ix_invitations_sender_id_id", "invitations", ["sender_id", "id"])
    op.create_index(
        "uq_invitations_open",
        "invitations",
        ["sender_id", "phone"],
        unique=True,
        postgresql_where=sa.text("state IN ('waiting', 'joined', 'ready', 'paying')"),
    )
    op.create_index(
        "ix_invitations_phone", "invitations", ["phone"], postgresql_where=sa.text("state = 'waiting'")
    )
    op.create_index(
        "ix_invitations_expires_at",
        "invitations",
        ["expires_at"],
        postgresql_where=sa.text("state IN ('waiting', 'joined', 'ready')"),
    )
    op.create_index(
        "ix_invitations_moving",
        "invitations",
        ["id"],
        postgresql_where=sa.text("state IN ('joined', 'paying')"),
    )
