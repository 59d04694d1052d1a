"""Tables of requests, and what a transfer pays."""

import sqlalchemy as sa
from alembic import op

revision = "0013_requests"
down_revision = "0012_scanned_ledgers"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.add_column("transfers", sa.Column("pays_kind", sa.String))
    op.add_column("transfers", sa.Column("pays_id", sa.Uuid))
    op.create_table(
        "money_requests",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("requester_id", sa.Uuid, nullable=False),
        sa.Column("idempotency_key", sa.String, nullable=False),
        sa.Column("input_hash", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("mode", sa.String, nullable=False),
        sa.Column("asset", sa.String, nullable=False),
        sa.Column("total_units", sa.BigInteger, nullable=False),
        sa.Column("own_units", sa.BigInteger),
        sa.Column("room_id", sa.Uuid),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.UniqueConstraint(
            "requester_id", "idempotency_key", name="uq_money_requests_requester_id_idempotency_key"
        ),
        sa.CheckConstraint("state IN ('open', 'paid', 'closed')", name="ck_money_requests_state_known"),
        sa.CheckConstraint("total_units > 0", name="ck_money_requests_total_positive"),
    )
    op.create_index("ix_money_requests_requester_id_id", "money_requests", ["requester_id", "id"])
    op.create_index("ix_money_requests_room_id", "money_requests", ["room_id"])
    op.create_index(
        "ix_money_requests_open",
        "money_requests",
        ["expires_at"],
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "money_request_shares",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("request_id", sa.Uuid, sa.ForeignKey("money_requests.id"), nullable=False),
        sa.Column("debtor_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.Column("paid_units", sa.BigInteger, nullable=False),
        sa.Column("live_units", sa.BigInteger, nullable=False),
        sa.Column("closed_as", sa.String),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("room_id", sa.Uuid),
        sa.Column("reminded_at", MOMENT),
        sa.UniqueConstraint("request_id", "debtor_id", name="uq_money_request_shares_request_id_debtor_id"),
        sa.CheckConstraint(
            "state IN ('open', 'part_paid', 'paid', 'declined', 'cancelled', 'expired')",
            name="ck_money_request_shares_state_known",
        ),
        # The last defence against paying twice: such a count cannot be written.
        sa.CheckConstraint(
            "units > 0 AND paid_units >= 0 AND live_units >= 0 AND paid_units + live_units <= units",
            name="ck_money_request_shares_never_overpaid",
        ),
    )
    op.create_index(
        "ix_money_request_shares_debtor_id_request_id", "money_request_shares", ["debtor_id", "request_id"]
    )
    op.create_index("ix_money_request_shares_room_id", "money_request_shares", ["room_id"])
    op.create_table(
        "money_request_credits",
        sa.Column("transfer_id", sa.Uuid, sa.ForeignKey("transfers.id"), primary_key=True),
        sa.Column("share_id", sa.Uuid, sa.ForeignKey("money_request_shares.id"), primary_key=True),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.CheckConstraint("units > 0", name="ck_money_request_credits_units_positive"),
    )
    op.create_index("ix_money_request_credits_share_id", "money_request_credits", ["share_id"])
