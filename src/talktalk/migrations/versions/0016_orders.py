"""Tables of orders."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0016_orders"
down_revision = "0015_reconciliations"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    _orders()
    _steps()
    _items()


def _orders() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("sender_id", sa.Uuid, nullable=False),
        sa.Column("idempotency_key", sa.String, nullable=False),
        sa.Column("input_hash", sa.LargeBinary, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("mode", sa.String),
        sa.Column("way", sa.String, nullable=False),
        sa.Column("params", JSONB, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("phase", sa.String, nullable=False),
        sa.Column("uncertain", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("network", sa.String, nullable=False),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("room_id", sa.Uuid),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("warnings", JSONB, nullable=False),
        sa.Column("accepted_warnings", JSONB, nullable=False),
        sa.Column("total_drops", sa.BigInteger, nullable=False),
        sa.Column("fee_drops", sa.BigInteger, nullable=False),
        sa.Column("reserve_drops", sa.BigInteger, nullable=False),
        sa.Column("approval_hash", sa.String, nullable=False),
        sa.Column("last_ledger", sa.BigInteger, nullable=False),
        sa.Column("sign_before_ledger", sa.BigInteger, nullable=False),
        sa.Column("draft_expires_at", MOMENT, nullable=False),
        sa.Column("approval_error", sa.String),
        sa.Column("tries_left", sa.Integer),
        sa.Column("retry_at", MOMENT),
        sa.Column("failure_code", sa.String),
        sa.Column("failure_detail", sa.String),
        sa.Column("fee_charged_drops", sa.BigInteger, nullable=False),
        sa.Column("look_again_at", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.UniqueConstraint("sender_id", "idempotency_key", name="uq_orders_sender_id_idempotency_key"),
        sa.CheckConstraint(
            "state IN ('drafted', 'signing', 'working', 'done', 'partly', 'failed', 'expired', 'cancelled')",
            name="ck_orders_state_known",
        ),
    )
    op.create_index("ix_orders_sender_id_id", "orders", ["sender_id", "id"])
    op.create_index(
        "ix_orders_drafted", "orders", ["created_at"], postgresql_where=sa.text("state = 'drafted'")
    )
    op.create_index(
        "ix_orders_look_again", "orders", ["look_again_at"], postgresql_where=sa.text("state = 'working'")
    )


def _steps() -> None:
    op.create_table(
        "order_steps",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.id"), nullable=False),
        sa.Column("index", sa.Integer, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("draft_blob", sa.LargeBinary, nullable=False),
        sa.Column("signing_hash", sa.String, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("ticket_sequence", sa.BigInteger),
        sa.Column("numbers", sa.Integer, nullable=False),
        sa.Column("first_ledger", sa.BigInteger, nullable=False),
        sa.Column("last_ledger", sa.BigInteger, nullable=False),
        sa.Column("fee_drops", sa.BigInteger, nullable=False),
        sa.Column("spend_drops", sa.BigInteger, nullable=False),
        sa.Column("needs", JSONB, nullable=False),
        sa.Column("waits", JSONB, nullable=False),
        sa.Column("not_before", MOMENT),
        sa.Column("by_decision", sa.Boolean, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("uncertain", sa.Boolean, nullable=False),
        sa.Column("tx_hash", sa.String, unique=True),
        sa.Column("ledger_index", sa.BigInteger),
        sa.Column("result", sa.String),
        sa.UniqueConstraint("order_id", "index", name="uq_order_steps_order_id_index"),
    )
    op.create_index(
        "ix_order_steps_not_before",
        "order_steps",
        ["not_before"],
        postgresql_where=sa.text("state = 'held' AND not_before IS NOT NULL"),
    )


def _items() -> None:
    op.create_table(
        "order_items",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("order_id", sa.Uuid, sa.ForeignKey("orders.id"), nullable=False),
        sa.Column("index", sa.Integer, nullable=False),
        sa.Column("recipient_id", sa.Uuid),
        sa.Column("address", sa.String, nullable=False),
        sa.Column("destination_tag", sa.BigInteger),
        sa.Column("amount_value", sa.String, nullable=False),
        sa.Column("amount_asset", sa.String, nullable=False),
        sa.Column("amount_drops", sa.BigInteger, nullable=False),
        sa.Column("step_index", sa.Integer, nullable=False),
        sa.Column("inner_hash", sa.String),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("tx_hash", sa.String),
        sa.Column("ledger_index", sa.BigInteger),
        sa.Column("failure_code", sa.String),
        sa.UniqueConstraint("order_id", "index", name="uq_order_items_order_id_index"),
        sa.CheckConstraint("amount_drops > 0", name="ck_order_items_amount_positive"),
    )
