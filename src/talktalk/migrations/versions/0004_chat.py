"""Tables of chat."""

revision = "0004_chat"
down_revision = "0003_social"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
