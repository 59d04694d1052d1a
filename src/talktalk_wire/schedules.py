"""Scheduled and recurring payments: asked again when due, never signed by the server.

Routes: POST /api/v1/schedules (needs `Idempotency-Key`) · GET /api/v1/schedules ·
GET /api/v1/schedules/{id} · POST /api/v1/schedules/{id}/pause, /resume, /skip, /cancel.

A schedule pays nothing by itself. A day before each payment its person is told (`schedule.noticed`), and
when it is due they are asked (`schedule.asked`): a transfer that names the run (`TransferAsk.run_id`), with
the schedule's payee and amount, is approved like any other. User events: `schedule.turned`,
`schedule.noticed`, `schedule.asked`, each {schedule: Schedule}, to its person alone.
"""

import enum
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from talktalk_wire.common import Amount, Ask, Person, Wire
from talktalk_wire.transfers import NOTE_LENGTH_MAX, AmountAsk

COUNT_MAX = 600
ZONE_LENGTH_MAX = 64
RUNS_SHOWN_MAX = 12


class Repeat(enum.StrEnum):
    """When it comes again."""

    ONCE = "once"
    WEEKLY = "weekly"
    """On the same day of the week."""
    MONTHLY = "monthly"
    """On the same day of the month; where a month has no such day, on its last. The 31st stays the 31st."""


class ScheduleState(enum.StrEnum):
    """Where a schedule stands; the last two are terminal."""

    ACTIVE = "active"
    PAUSED = "paused"
    """Nothing is asked. What comes due meanwhile is left out."""
    ENDED = "ended"
    """The last payment was asked for."""
    CANCELLED = "cancelled"


class RunState(enum.StrEnum):
    """Where one payment of a schedule stands; the last four are terminal."""

    COMING = "coming"
    """Its person was told that it comes."""
    DUE = "due"
    """Its person is asked."""
    PAYING = "paying"
    """A transfer of it is approved, and not yet decided by the ledger."""
    PAID = "paid"
    MISSED = "missed"
    """Nobody approved it within a week, or before the next was due."""
    SKIPPED = "skipped"
    """Left out by its person, or with the schedule."""
    BLOCKED = "blocked"
    """A block stood between the two when it was due; the schedule is paused."""


class ScheduleAsk(Ask, frozen=True, kw_only=True):
    """POST /api/v1/schedules. Exactly one of `user_id`, `address`."""

    amount: AmountAsk
    user_id: UUID | None = None
    address: Annotated[str, Meta(max_length=64)] | None = None
    destination_tag: Annotated[int, Meta(ge=0, le=4294967295)] | None = None
    note: Annotated[str, Meta(max_length=NOTE_LENGTH_MAX)] = ""
    repeat: Repeat = Repeat.ONCE
    starts_on: date
    """Day of the first payment, in `zone`."""
    at: Annotated[str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")] = "09:00"
    """Time of day in `zone`. Where clocks jump over it, as much later; where they show it twice, the first."""
    zone: Annotated[str, Meta(min_length=1, max_length=ZONE_LENGTH_MAX)] = "Asia/Seoul"
    """Of the IANA time zone database."""
    count: Annotated[int, Meta(ge=1, le=COUNT_MAX)] | None = None
    """So many payments; with `repeat`."""
    ends_on: date | None = None
    """None after this day; with `repeat`."""


class Run(Wire, frozen=True, kw_only=True):
    """One payment of a schedule."""

    id: UUID
    number: int
    """From 1."""
    due_at: datetime
    state: RunState


class Schedule(Wire, frozen=True, kw_only=True):
    """A schedule, as its person sees it."""

    id: UUID
    state: ScheduleState
    version: int
    """Grows with every change."""
    payee: Person | None
    address: str | None
    destination_tag: int | None
    amount: Amount
    note: str
    repeat: Repeat
    starts_on: date
    at: str
    zone: str
    count: int | None
    ends_on: date | None
    next_due_at: datetime | None
    """Null when paused or over."""
    runs: list[Run]
    """The newest, the latest first."""
    created_at: datetime
    updated_at: datetime
