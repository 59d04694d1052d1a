"""Tables of transfers."""

revision = "0006_transfers"
down_revision = "0005_wallet"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
