"""Tables of schedules; this package alone imports them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from talktalk.platform.database import Base, Id


class ScheduleRow(Base):
    """One schedule. Whoever changes it or a run of it holds its lock. Its key is never forgotten."""

    __tablename__ = "schedules"

    id: Mapped[Id]
    owner_id: Mapped[UUID]
    idempotency_key: Mapped[str]
    input_hash: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str]
    version: Mapped[int]
    payee_id: Mapped[UUID | None]
    address: Mapped[str | None]
    destination_tag: Mapped[int | None] = mapped_column(BigInteger)
    amount_value: Mapped[str]
    amount_asset: Mapped[str]
    note: Mapped[str]
    repeat: Mapped[str]
    starts_on: Mapped[date]
    minute: Mapped[int]
    zone: Mapped[str]
    count: Mapped[int | None]
    ends_on: Mapped[date | None]
    next_index: Mapped[int]
    """Of the payment that comes next, from 0."""
    next_due_at: Mapped[datetime | None]
    """When that is due; None when there is none, or the schedule is paused."""
    next_look_at: Mapped[datetime | None]
    """When the worker has something to do: the notice, then the asking."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("owner_id", "idempotency_key", name="uq_schedules_owner_id_idempotency_key"),
        Index("ix_schedules_owner_id_id", "owner_id", "id"),
        Index("ix_schedules_next_look_at", "next_look_at", postgresql_where=text("next_look_at IS NOT NULL")),
    )


class RunRow(Base):
    """One payment of a schedule, from its notice on."""

    __tablename__ = "schedule_runs"

    id: Mapped[Id]
    schedule_id: Mapped[UUID] = mapped_column(ForeignKey("schedules.id"))
    number: Mapped[int]
    due_at: Mapped[datetime]
    state: Mapped[str]

    __table_args__ = (
        UniqueConstraint("schedule_id", "number", name="uq_schedule_runs_schedule_id_number"),
        Index("ix_schedule_runs_due", "due_at", postgresql_where=text("state = 'due'")),
    )
