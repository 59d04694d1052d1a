"""When payments are due: ends of months, clocks that jump, bounds."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from talktalk.transfers.schedules import rules
from talktalk.transfers.schedules.errors import ScheduleRefused, ZoneUnknown
from talktalk.transfers.schedules.rules import Rhythm
from talktalk_wire.schedules import Repeat, ScheduleAsk
from talktalk_wire.transfers import AmountAsk

SEOUL, NEW_YORK = "Asia/Seoul", "America/New_York"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
unhurried = settings(deadline=None)


def rhythm(
    repeat: Repeat,
    starts_on: date,
    *,
    minute: int = 9 * 60,
    zone: str = SEOUL,
    count: int | None = None,
    ends_on: date | None = None,
) -> Rhythm:
    """A rhythm at nine in Seoul, unless said otherwise."""
    return Rhythm(repeat=repeat, starts_on=starts_on, minute=minute, zone=zone, count=count, ends_on=ends_on)


def days(one: Rhythm, count: int) -> list[str]:
    """The local days of the first payments."""
    found = [rules.due_at(one, index) for index in range(count)]
    return [str(due.astimezone(ZoneInfo(one.zone)).date()) for due in found if due is not None]


def test_end_of_month_does_not_drift() -> None:
    monthly = rhythm(Repeat.MONTHLY, date(2028, 1, 31))
    assert days(monthly, 5) == ["2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30", "2028-05-31"]


def test_time_of_day_stays_where_clocks_change() -> None:
    weekly = rhythm(Repeat.WEEKLY, date(2026, 3, 1), zone=NEW_YORK)
    before, after = rules.due_at(weekly, 0), rules.due_at(weekly, 1)
    assert before is not None
    assert after is not None
    # Nine in the morning is an hour earlier by the sun once summer time has begun on the 8th.
    assert after - before == timedelta(days=7) - timedelta(hours=1)


def test_time_that_clocks_jump_over_is_as_much_later() -> None:
    once = rhythm(Repeat.ONCE, date(2026, 3, 8), minute=2 * 60 + 30, zone=NEW_YORK)
    due = rules.due_at(once, 0)
    assert due is not None
    assert due.astimezone(ZoneInfo(NEW_YORK)).strftime("%H:%M") == "03:30"


def test_time_that_clocks_show_twice_is_the_first() -> None:
    once = rhythm(Repeat.ONCE, date(2026, 11, 1), minute=60 + 30, zone=NEW_YORK)
    assert rules.due_at(once, 0) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


@unhurried
@given(
    st.sampled_from([Repeat.WEEKLY, Repeat.MONTHLY]),
    st.dates(date(2026, 1, 1), date(2030, 12, 31)),
    st.integers(0, 1_439),
    st.sampled_from([SEOUL, NEW_YORK, "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "UTC"]),
    st.integers(1, 60),
)
def test_payments_follow_each_other_and_are_counted(
    repeat: Repeat, starts_on: date, minute: int, zone: str, count: int
) -> None:
    one = rhythm(repeat, starts_on, minute=minute, zone=zone, count=count)
    due = [rules.due_at(one, index) for index in range(count + 2)]
    assert due[count:] == [None, None]
    moments = [each for each in due if each is not None]
    assert len(moments) == count
    assert moments == sorted(set(moments))
    for index, moment in enumerate(moments):
        # The first after a moment is the next one, wherever the search begins.
        following = moments[index + 1] if index + 1 < count else None
        found = rules.first_after(one, 0, moment)
        assert found == (None if following is None else (index + 1, following))


def test_ends_on_is_the_last_day() -> None:
    weekly = rhythm(Repeat.WEEKLY, date(2026, 3, 2), ends_on=date(2026, 3, 16))
    assert days(weekly, 9) == ["2026-03-02", "2026-03-09", "2026-03-16"]


def test_calendar_may_end() -> None:
    assert rules.due_at(rhythm(Repeat.WEEKLY, date(9999, 12, 31)), 1) is None
    assert rules.due_at(rhythm(Repeat.MONTHLY, date(9999, 12, 31)), 1) is None


def ask(**fields: object) -> ScheduleAsk:
    """An ask for one payment, with changes."""
    return ScheduleAsk(**{"amount": AmountAsk(value="1"), "starts_on": date(2026, 2, 1), **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "fields",
    [
        {"starts_on": date(2025, 12, 31)},
        {"starts_on": date(2029, 1, 1)},
        {"starts_on": date(9999, 12, 31)},
        {"starts_on": date(1, 1, 1)},
        {"count": 2},
        {"ends_on": date(2026, 3, 1)},
        {"repeat": Repeat.WEEKLY, "ends_on": date(2026, 1, 31)},
    ],
)
def test_what_cannot_be_scheduled_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ScheduleRefused):
        rules.rhythm_of(ask(**fields), NOW)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "/etc/passwd", "a\0b", "Asia", "", " "])
def test_zones_are_names_of_the_database(zone: str) -> None:
    with pytest.raises(ZoneUnknown):
        rules.rhythm_of(ask(zone=zone), NOW)
