"""Tables of schedules, and the index by which their payments are found."""

import sqlalchemy as sa
from alembic import op

revision = "0019_schedules"
down_revision = "0018_invitations"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "schedules",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("owner_id", sa.Uuid, nullable=False),
        sa.Column("idempotency_key", sa.String, nullable=False),
        sa.Column("input_hash", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("payee_id", sa.Uuid),
        sa.Column("address", sa.String),
        sa.Column("destination_tag", sa.BigInteger),
        sa.Column("amount_value", sa.String, nullable=False),
        sa.Column("amount_asset", sa.String, nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("repeat", sa.String, nullable=False),
        sa.Column("starts_on", sa.Date, nullable=False),
        sa.Column("minute", sa.Integer, nullable=False),
        sa.Column("zone", sa.String, nullable=False),
        sa.Column("count", sa.Integer),
        sa.Column("ends_on", sa.Date),
        sa.Column("next_index", sa.Integer, nullable=False),
        sa.Column("next_due_at", MOMENT),
        sa.Column("next_look_at", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.UniqueConstraint("owner_id", "idempotency_key", name="uq_schedules_owner_id_idempotency_key"),
        sa.CheckConstraint(
            "state IN ('active', 'paused', 'ended', 'cancelled')", name="ck_schedules_state_known"
        ),
        sa.CheckConstraint("(payee_id IS NULL) <> (address IS NULL)", name="ck_schedules_one_payee"),
    )
    op.create_index("ix_schedules_owner_id_id", "schedules", ["owner_id", "id"])
    op.create_index(
        "ix_schedules_next_look_at",
        "schedules",
        ["next_look_at"],
        postgresql_where=sa.text("next_look_at IS NOT NULL"),
    )
    op.create_table(
        "schedule_runs",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("schedule_id", sa.Uuid, sa.ForeignKey("schedules.id"), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.UniqueConstraint("schedule_id", "number", name="uq_schedule_runs_schedule_id_number"),
        sa.CheckConstraint(
            "state IN ('coming', 'due', 'paying', 'paid', 'missed', 'skipped', 'blocked')",
            name="ck_schedule_runs_state_known",
        ),
    )
    op.create_index(
        "ix_schedule_runs_due", "schedule_runs", ["due_at"], postgresql_where=sa.text("state = 'due'")
    )
    op.create_index(
        "ix_transfers_pays_run",
        "transfers",
        ["pays_id"],
        postgresql_where=sa.text("pays_kind = 'run'"),
    )
