"""Tables of wallet."""

revision = "0005_wallet"
down_revision = "0004_chat"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
