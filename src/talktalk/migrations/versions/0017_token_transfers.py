"""Transfers of tokens, and exchanges with their quote."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0017_token_transfers"
down_revision = "0016_orders"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("transfers", sa.Column("spend_asset", sa.String))
    op.add_column("transfers", sa.Column("spend_value", sa.String))
    op.add_column("transfers", sa.Column("says_send_max", sa.Boolean, nullable=False, server_default="false"))
    op.add_column("transfers", sa.Column("paths", JSONB))
    op.add_column("transfers", sa.Column("quote_expires_at", sa.DateTime(timezone=True)))
    op.drop_constraint("ck_transfers_amount_positive", "transfers", type_="check")
    op.create_check_constraint("ck_transfers_drops_not_negative", "transfers", "amount_drops >= 0")
