"""Tables of transfers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006_transfers"
down_revision = "0005_wallet"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "transfers",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("sender_id", sa.Uuid, nullable=False),
        sa.Column("idempotency_key", sa.String, nullable=False),
        sa.Column("input_hash", sa.LargeBinary, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("uncertain", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("network", sa.String, nullable=False),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("recipient_id", sa.Uuid),
        sa.Column("address", sa.String, nullable=False),
        sa.Column("destination_tag", sa.BigInteger),
        sa.Column("amount_value", sa.String, nullable=False),
        sa.Column("amount_asset", sa.String, nullable=False),
        sa.Column("amount_drops", sa.BigInteger, nullable=False),
        sa.Column("room_id", sa.Uuid),
        sa.Column("wants_card", sa.Boolean, nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("warnings", JSONB, nullable=False),
        sa.Column("accepted_warnings", JSONB, nullable=False),
        sa.Column("draft_blob", sa.LargeBinary, nullable=False),
        sa.Column("signing_hash", sa.String, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("first_ledger", sa.BigInteger, nullable=False),
        sa.Column("last_ledger", sa.BigInteger, nullable=False),
        sa.Column("fee_drops", sa.BigInteger, nullable=False),
        sa.Column("draft_expires_at", MOMENT, nullable=False),
        sa.Column("approval_error", sa.String),
        sa.Column("tries_left", sa.Integer),
        sa.Column("retry_at", MOMENT),
        sa.Column("tx_hash", sa.String, unique=True),
        sa.Column("ledger_index", sa.BigInteger),
        sa.Column("failure_code", sa.String),
        sa.Column("failure_detail", sa.String),
        sa.Column("fee_charged_drops", sa.BigInteger),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("settled_at", MOMENT),
        sa.UniqueConstraint("sender_id", "idempotency_key", name="uq_transfers_sender_id_idempotency_key"),
        sa.CheckConstraint(
            "state IN ('drafted', 'signing', 'signed', 'submitted',"
            " 'settled', 'failed', 'expired', 'cancelled')",
            name="ck_transfers_state_known",
        ),
        sa.CheckConstraint("amount_drops > 0", name="ck_transfers_amount_positive"),
    )
    op.create_index("ix_transfers_sender_id_id", "transfers", ["sender_id", "id"])
    op.create_index(
        "ix_transfers_drafted", "transfers", ["created_at"], postgresql_where=sa.text("state = 'drafted'")
    )
