"""Rooms, their members, their events, and what makes sending safe to repeat."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004_chat"
down_revision = "0003_social"
branch_labels = None
depends_on = None


def _moment(name: str) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "rooms",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("title", sa.String, nullable=False, server_default=""),
        sa.Column("pair_low", sa.Uuid),
        sa.Column("pair_high", sa.Uuid),
        sa.Column("created_by", sa.Uuid, nullable=False),
        _moment("created_at"),
        sa.Column("head_seq", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("last_message_seq", sa.BigInteger, nullable=False, server_default="0"),
        _moment("active_at"),
        sa.Column("request_by", sa.Uuid),
        sa.Column("request_left", sa.SmallInteger, nullable=False, server_default="0"),
        sa.CheckConstraint("kind IN ('direct', 'group')", name="ck_rooms_kind"),
        sa.CheckConstraint(
            "(kind = 'direct') = (pair_low IS NOT NULL AND pair_high IS NOT NULL)", name="ck_rooms_pair"
        ),
        sa.CheckConstraint("pair_low < pair_high", name="ck_rooms_pair_order"),
        sa.UniqueConstraint("pair_low", "pair_high", name="uq_rooms_pair"),
        # Every message moves its room's head: room on the page keeps those updates off the indexes.
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index(
        "ix_rooms_request_by", "rooms", ["request_by"], postgresql_where=sa.text("request_by IS NOT NULL")
    )
    # The one thing chat asks of social in SQL: a message's insert must see a block that has been made.
    op.execute(
        "CREATE VIEW blocked_pairs AS SELECT low_id, high_id FROM friend_pairs"
        " WHERE low_blocked_at IS NOT NULL OR high_blocked_at IS NOT NULL"
    )
    op.create_table(
        "room_members",
        sa.Column("room_id", sa.Uuid, sa.ForeignKey("rooms.id"), primary_key=True),
        sa.Column("user_id", sa.Uuid, primary_key=True),
        sa.Column("role", sa.String, nullable=False, server_default="member"),
        sa.Column("folder", sa.String, nullable=False, server_default="main"),
        sa.Column("hidden", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("read_seq", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("joined_seq", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("left_seq", sa.BigInteger),
        _moment("joined_at"),
        sa.CheckConstraint("role IN ('owner', 'admin', 'member')", name="ck_room_members_role"),
        sa.CheckConstraint("folder IN ('main', 'requests')", name="ck_room_members_folder"),
        postgresql_with={"fillfactor": "80"},
    )
    op.create_index(
        "ix_room_members_user_id", "room_members", ["user_id"], postgresql_where=sa.text("left_seq IS NULL")
    )
    # No foreign keys on the two hot tables: the insert joins room and membership under the room's
    # lock, which says more and costs a third. Both keys let the tables be partitioned: events by
    # room, keys by sender.
    op.create_table(
        "room_events",
        sa.Column("room_id", sa.Uuid, primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True),
        _moment("created_at"),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("message_id", sa.Uuid),
        sa.Column("sender_id", sa.Uuid),
        sa.Column("client_id", sa.String),
        sa.Column("message_kind", sa.String),
        sa.Column("body", sa.String),
        sa.Column("ref", sa.Uuid),
        sa.Column("card", JSONB),
        sa.Column("target_id", sa.Uuid),
        sa.Column("data", JSONB),
        sa.CheckConstraint("kind IN ('posted', 'card', 'member')", name="ck_room_events_kind"),
    )
    op.create_index("ix_room_events_ref", "room_events", ["ref"], postgresql_where=sa.text("ref IS NOT NULL"))
    op.create_table(
        "message_keys",
        sa.Column("sender_id", sa.Uuid, primary_key=True),
        sa.Column("client_id", sa.String, primary_key=True),
        sa.Column("room_id", sa.Uuid, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
    )
