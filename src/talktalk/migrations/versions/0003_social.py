"""Tables of social."""

revision = "0003_social"
down_revision = "0002_identity"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
