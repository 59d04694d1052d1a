"""How far accounts were compared with the ledger, and what did not agree."""

import sqlalchemy as sa
from alembic import op

revision = "0015_reconciliations"
down_revision = "0014_webhooks"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "ledger_reconciliations",
        sa.Column("network", sa.String, primary_key=True),
        sa.Column("address", sa.String, primary_key=True),
        sa.Column("checked_index", sa.BigInteger, nullable=False),
        sa.Column("balance_drops", sa.BigInteger, nullable=False),
        sa.Column("checked_at", MOMENT, nullable=False),
    )
    op.create_table(
        "ledger_differences",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("network", sa.String, nullable=False),
        sa.Column("address", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("tx_hash", sa.String, nullable=False),
        sa.Column("ledger_index", sa.BigInteger),
        sa.Column("drops", sa.BigInteger),
        sa.Column("detail", sa.String, nullable=False),
        sa.Column("found_at", MOMENT, nullable=False),
        sa.Column("resolved_at", MOMENT),
    )
    op.create_index(
        "uq_ledger_differences_open",
        "ledger_differences",
        ["network", "address", "kind", "tx_hash"],
        unique=True,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
