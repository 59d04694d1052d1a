"""Platform: job queue, users' own sequences, limits, stored answers, audit events."""

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001_platform"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    # Straight to the driver: the schema's text holds % and : that are not parameters.
    cursor = op.get_bind().connection.cursor()
    cursor.execute(SchemaManager.get_schema())
    op.create_table(
        "feed_heads",
        sa.Column("user_id", sa.Uuid, primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "feed_events",
        sa.Column("user_id", sa.Uuid, sa.ForeignKey("feed_heads.user_id"), primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("data", JSONB, nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.func.now(),
        ),
    )
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "limits",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("ready_at", moment, nullable=False),
        sa.Column("uses", sa.Integer, nullable=False),
        sa.Column("forget_at", moment, nullable=False),
    )
    op.create_index("ix_limits_forget_at", "limits", ["forget_at"])
    op.create_table(
        "stored_answers",
        sa.Column("user_id", sa.Uuid, primary_key=True),
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("input_hash", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("media_type", sa.String),
        sa.Column("body", sa.LargeBinary),
        sa.Column("expires_at", moment, nullable=False),
    )
    op.create_index("ix_stored_answers_expires_at", "stored_answers", ["expires_at"])
    op.create_table(
        "audit_events",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("at", moment, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("actor_id", sa.Uuid),
        sa.Column("subject_id", sa.Uuid),
        sa.Column("address", sa.String, nullable=False),
        sa.Column("request_id", sa.String, nullable=False),
        sa.Column("data", JSONB, nullable=False),
    )
    op.create_index("ix_audit_events_actor_id_at", "audit_events", ["actor_id", "at"])
    op.create_index("ix_audit_events_subject_id_at", "audit_events", ["subject_id", "at"])
