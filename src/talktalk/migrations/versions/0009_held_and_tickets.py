"""Held transactions, spans of numbers, and tickets."""

import sqlalchemy as sa
from alembic import op

revision = "0009_held_and_tickets"
down_revision = "0008_access_tokens"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "outgoing_transactions", sa.Column("numbers", sa.Integer, nullable=False, server_default=sa.text("1"))
    )
    op.drop_constraint("state_known", "outgoing_transactions", type_="check")
    op.create_check_constraint(
        "state_known",
        "outgoing_transactions",
        "state IN ('held', 'signed', 'submitted', 'settled', 'failed', 'expired', 'withdrawn')",
    )
    op.create_check_constraint("numbers_positive", "outgoing_transactions", "numbers > 0")
    op.drop_index("uq_outgoing_transactions_number", "outgoing_transactions")
    op.create_index(
        "uq_outgoing_transactions_number",
        "outgoing_transactions",
        ["network", "account", "sequence", sa.text("coalesce(ticket_sequence, 0)")],
        unique=True,
        postgresql_where=sa.text("state NOT IN ('held', 'expired', 'withdrawn')"),
    )
    op.create_index(
        "ix_outgoing_transactions_open",
        "outgoing_transactions",
        ["network", "account"],
        postgresql_where=sa.text("state IN ('held', 'signed', 'submitted')"),
    )
    op.create_table(
        "ledger_tickets",
        sa.Column("network", sa.String, primary_key=True),
        sa.Column("account", sa.String, primary_key=True),
        sa.Column("ticket_sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("used_ledger", sa.BigInteger),
        sa.ForeignKeyConstraint(
            ["network", "account"], ["ledger_accounts.network", "ledger_accounts.address"]
        ),
    )
    op.create_index(
        "ix_ledger_tickets_unused",
        "ledger_tickets",
        ["network", "account", "ticket_sequence"],
        postgresql_where=sa.text("used_ledger IS NULL"),
    )
