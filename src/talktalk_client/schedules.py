"""Scheduled payments: `TalkTalk.schedules`.

The server asks when one is due (`events.ScheduleAsked`); it is paid by a payment that names its run:
`TalkTalk.transfers.pay(run=…)`.
"""

from collections.abc import AsyncIterator
from uuid import UUID

from talktalk_client import pages
from talktalk_client.rest import Http
from talktalk_client.transfers import new_idempotency_key
from talktalk_wire.common import Page
from talktalk_wire.schedules import Schedule, ScheduleAsk

SomeSchedule = UUID | Schedule
_PATH = "/api/v1/schedules"


class Schedules:
    """Payments this person wants to be asked for again."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def make(self, ask: ScheduleAsk, *, idempotency_key: str | None = None) -> Schedule:
        """Schedule a payment.

        Args:
            ask: To whom, how much, and when.
            idempotency_key: The key of an earlier try whose outcome is not known. None makes a new one.

        Raises:
            ApiError: Refused: `schedule_refused`, `zone_unknown`, `blocked`, …
            Unreachable: No answer; call again with the same `idempotency_key`.
        """
        key = idempotency_key or new_idempotency_key()
        return await self._http.post(_PATH, ask, Schedule, idempotency_key=key)

    def list(self) -> AsyncIterator[Schedule]:
        """Every schedule of this person, the newest first."""
        return pages.items(self._http, _PATH, Page[Schedule])

    async def get(self, schedule: SomeSchedule) -> Schedule:
        """One schedule as it is now."""
        return await self._http.get(f"{_PATH}/{_id_of(schedule)}", Schedule)

    async def pause(self, schedule: SomeSchedule) -> Schedule:
        """Ask for nothing until it is resumed."""
        return await self._do(schedule, "pause")

    async def resume(self, schedule: SomeSchedule) -> Schedule:
        """Go on with the next payment."""
        return await self._do(schedule, "resume")

    async def skip(self, schedule: SomeSchedule) -> Schedule:
        """Leave out the payment that is due, else the one that was announced."""
        return await self._do(schedule, "skip")

    async def cancel(self, schedule: SomeSchedule) -> Schedule:
        """Ask for nothing any more."""
        return await self._do(schedule, "cancel")

    async def _do(self, schedule: SomeSchedule, deed: str) -> Schedule:
        return await self._http.post(f"{_PATH}/{_id_of(schedule)}/{deed}", None, Schedule)


def _id_of(schedule: SomeSchedule) -> UUID:
    return schedule if isinstance(schedule, UUID) else schedule.id
