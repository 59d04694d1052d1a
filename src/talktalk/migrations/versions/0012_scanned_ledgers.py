"""From which ledger on every ledger was read without a gap."""

import sqlalchemy as sa
from alembic import op

revision = "0012_scanned_ledgers"
down_revision = "0011_memos"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. What was read before is not vouched for: those transactions end by the nodes' word."""
    op.add_column("ledger_heads", sa.Column("scanned_from", sa.BigInteger))
    op.execute("UPDATE ledger_heads SET scanned_from = ledger_index + 1")
    op.alter_column("ledger_heads", "scanned_from", nullable=False)
