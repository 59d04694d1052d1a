"""When the payments of a schedule are due. Pure.

A run:

    coming ──due──▶ due ──approved──▶ paying ──settled──▶ paid
      │              │ ▲                 │
      │              │ └─ended otherwise─┘
      └──skipped─────┴──skipped, missed, blocked
"""

import calendar
import hashlib
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from talktalk.transfers.schedules.errors import ScheduleRefused, ZoneUnknown
from talktalk_wire.schedules import Repeat, RunState, ScheduleAsk

NOTICE = timedelta(days=1)
"""So long before it is due its person is told."""
MISSED_AFTER = timedelta(days=7)
AHEAD_MAX = timedelta(days=366 * 2)
"""The first payment is not further away."""
OPEN_MAX = 100
"""Schedules of one person that are not over."""
TERMINAL = frozenset({RunState.PAID, RunState.MISSED, RunState.SKIPPED, RunState.BLOCKED})


class Rhythm(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that says when payments are due."""

    repeat: Repeat
    starts_on: date
    minute: int
    """Of the day."""
    zone: str
    count: int | None
    ends_on: date | None


def zone_of(name: str) -> ZoneInfo:
    """A time zone.

    Raises:
        ZoneUnknown: Not a name of the database.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:  # unknown names, folders, shapes of paths
        raise ZoneUnknown from error


def due_at(rhythm: Rhythm, index: int) -> datetime | None:
    """When payment `index` (from 0) is due, in UTC; None if there is none.

    Every payment is counted from the first, so that nothing drifts: the 31st of January is followed by the
    28th of February and the 31st of March. A time that clocks jump over is as much later by the clock
    as they jump; one that they show twice is the first (PEP 495, fold 0).
    """
    if rhythm.count is not None and index >= rhythm.count:
        return None
    day = _day(rhythm, index)
    if day is None or (rhythm.ends_on is not None and day > rhythm.ends_on):
        return None
    at = time(rhythm.minute // 60, rhythm.minute % 60)
    return datetime.combine(day, at, zone_of(rhythm.zone)).astimezone(UTC)


def first_after(rhythm: Rhythm, index: int, moment: datetime) -> tuple[int, datetime] | None:
    """The first payment from `index` on that is due after a moment; None if there is none."""
    while (due := due_at(rhythm, index)) is not None:
        if due > moment:
            return index, due
        index += 1
    return None


def _day(rhythm: Rhythm, index: int) -> date | None:
    start = rhythm.starts_on
    try:
        match rhythm.repeat:
            case Repeat.ONCE:
                return start if index == 0 else None
            case Repeat.WEEKLY:
                return start + timedelta(weeks=index)
            case Repeat.MONTHLY:
                years, month = divmod(start.month - 1 + index, 12)
                year = start.year + years
                last = calendar.monthrange(year, month + 1)[1]
                return date(year, month + 1, min(start.day, last))
    except (OverflowError, ValueError):
        return None  # the calendar ends here


def rhythm_of(ask: ScheduleAsk, now: datetime) -> Rhythm:
    """What an ask says.

    Raises:
        ZoneUnknown, ScheduleRefused: As named.
    """
    hours, minutes = ask.at.split(":")
    rhythm = Rhythm(
        repeat=ask.repeat,
        starts_on=ask.starts_on,
        minute=int(hours) * 60 + int(minutes),
        zone=ask.zone,
        count=ask.count,
        ends_on=ask.ends_on,
    )
    zone_of(ask.zone)
    if ask.repeat is Repeat.ONCE and (ask.count is not None or ask.ends_on is not None):
        raise ScheduleRefused("a single payment has no end")
    try:
        first = due_at(rhythm, 0)
    except (OverflowError, ValueError) as error:
        raise ScheduleRefused("the calendar does not reach so far") from error
    if first is None:
        raise ScheduleRefused("it would end before it begins")
    if not now < first <= now + AHEAD_MAX:
        raise ScheduleRefused("the first payment is in the past, or more than two years away")
    return rhythm


def input_hash(ask: ScheduleAsk) -> bytes:
    """What tells two requests apart under one idempotency key."""
    return hashlib.sha256(msgspec.json.encode(ask, order="deterministic")).digest()
