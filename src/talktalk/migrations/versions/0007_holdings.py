"""What accounts hold besides XRP; activity tells one line for each asset and direction."""

import sqlalchemy as sa
from alembic import op

revision = "0007_holdings"
down_revision = "0006_transfers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "ledger_holdings",
        sa.Column("network", sa.String, nullable=False),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("asset", sa.String, nullable=False),
        sa.Column("balance", sa.String, nullable=False),
        sa.Column("locked", sa.String, nullable=False),
        sa.Column("limit", sa.String, nullable=False),
        sa.Column("peer_limit", sa.String, nullable=False),
        sa.Column("flags", sa.Integer, nullable=False),
        sa.Column("present", sa.Boolean, nullable=False),
        sa.Column("ledger_index", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("network", "account", "asset", name="pk_ledger_holdings"),
    )
    op.add_column("ledger_accounts", sa.Column("holdings_ledger", sa.BigInteger))
    op.drop_index("uq_activities_network_tx_hash_user_id", table_name="activities")
    op.create_index(
        "uq_activities_movement",
        "activities",
        ["network", "tx_hash", "user_id", "incoming", "amount_asset"],
        unique=True,
    )
