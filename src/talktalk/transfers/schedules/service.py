"""What schedules do: for web one use case a method, for the worker `look`. The edge commits."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.identity import service as identity
from talktalk.platform import audit
from talktalk.platform.clock import Clock
from talktalk.platform.idempotency import IdempotencyKeyReused
from talktalk.platform.ids import uuid7
from talktalk.social import service as social
from talktalk.transfers.errors import Blocked, RecipientNotFound, ToSelf
from talktalk.transfers.rules import clean_note
from talktalk.transfers.schedules import queries, rules, views
from talktalk.transfers.schedules.errors import (
    NothingToSkip,
    ScheduleNotFound,
    ScheduleOver,
    TooManySchedules,
)
from talktalk.transfers.schedules.rules import Rhythm
from talktalk.transfers.schedules.tables import RunRow, ScheduleRow
from talktalk.transfers.service import TransferDesk
from talktalk.wallet.announcements import Announcements
from talktalk_wire.schedules import Repeat, RunState, Schedule, ScheduleAsk, ScheduleState
from talktalk_wire.transfers import TransferAsk

LOOK_BATCH = 20


class ScheduleDesk:
    """What reads asks as transfers do, and the time."""

    def __init__(self, *, transfers: TransferDesk, clock: Clock) -> None:
        self._transfers = transfers
        self._clock = clock

    async def known(
        self, db: AsyncSession, owner_id: UUID, idempotency_key: str, ask: ScheduleAsk
    ) -> Schedule | None:
        """The schedule this key made before.

        Raises:
            IdempotencyKeyReused: It was made from another input.
        """
        row = await queries.by_key(db, owner_id, idempotency_key)
        if row is None:
            return None
        if row.input_hash != rules.input_hash(ask):
            raise IdempotencyKeyReused
        return await self._shown(db, row)

    async def create(
        self, db: AsyncSession, owner_id: UUID, idempotency_key: str, ask: ScheduleAsk
    ) -> Schedule | None:
        """Schedule a payment; None if the same key made one at this very moment.

        Raises:
            Trouble: What stops it. Whether it can be paid is looked at when it is due.
        """
        now = self._clock.now()
        rhythm = rules.rhythm_of(ask, now)
        wanted = self._transfers.want(
            TransferAsk(
                amount=ask.amount,
                user_id=ask.user_id,
                address=ask.address,
                destination_tag=ask.destination_tag,
                note=ask.note,
            )
        )
        if ask.user_id is not None:
            if ask.user_id == owner_id:
                raise ToSelf
            if ask.user_id not in await identity.people(db, [ask.user_id]):
                raise RecipientNotFound
            if await social.blocked_between(db, owner_id, ask.user_id):
                raise Blocked
        if await queries.count_running(db, owner_id) >= rules.OPEN_MAX:
            raise TooManySchedules
        due = rules.due_at(rhythm, 0)
        assert due is not None, "a schedule has a first payment"
        row = await queries.insert_new(
            db,
            {
                "id": uuid7(),
                "owner_id": owner_id,
                "idempotency_key": idempotency_key,
                "input_hash": rules.input_hash(ask),
                "state": ScheduleState.ACTIVE,
                "version": 1,
                "payee_id": ask.user_id,
                "address": wanted.destination.address if wanted.destination is not None else None,
                "destination_tag": wanted.destination.tag if wanted.destination is not None else None,
                "amount_value": wanted.amount.value,
                "amount_asset": wanted.amount.asset,
                "note": clean_note(ask.note),
                "repeat": ask.repeat,
                "starts_on": ask.starts_on,
                "minute": rhythm.minute,
                "zone": ask.zone,
                "count": ask.count,
                "ends_on": ask.ends_on,
                "next_index": 0,
                "next_due_at": due,
                "next_look_at": due - rules.NOTICE,
                "created_at": now,
                "updated_at": now,
            },
        )
        if row is None:
            return None
        await audit.record(
            db, self._clock, "schedule.made", actor_id=owner_id, subject_id=row.id, amount=row.amount_value
        )
        announcements = Announcements()
        (shown,) = await views.tell(db, [row], announcements)
        await announcements.flush(db)
        return shown

    async def read(self, db: AsyncSession, owner_id: UUID, schedule_id: UUID) -> Schedule:
        """One schedule of the caller.

        Raises:
            ScheduleNotFound: None such, or not theirs.
        """
        row = await queries.one(db, schedule_id, owner_id)
        if row is None:
            raise ScheduleNotFound
        return await self._shown(db, row)

    async def page(
        self, db: AsyncSession, owner_id: UUID, *, before: UUID | None, limit: int
    ) -> tuple[list[Schedule], UUID | None]:
        """A person's schedules, newest first, and where the next page begins."""
        rows = await queries.page(db, owner_id, before=before, limit=limit + 1)
        shown = rows[:limit]
        return await views.schedules_of(db, shown), shown[-1].id if len(rows) > limit else None

    async def pause(self, db: AsyncSession, owner_id: UUID, schedule_id: UUID) -> Schedule:
        """Ask for nothing until it is resumed. Pausing again changes nothing.

        Raises:
            ScheduleNotFound, ScheduleOver: As named.
        """
        row = await self._running(db, owner_id, schedule_id)
        if row.state == ScheduleState.PAUSED:
            return await self._shown(db, row)
        await self._pause(db, row)
        return await self._turned(db, row, "schedule.paused")

    async def resume(self, db: AsyncSession, owner_id: UUID, schedule_id: UUID) -> Schedule:
        """Go on with the next payment that is due from now on; what was due meanwhile is left out.

        Raises:
            ScheduleNotFound, ScheduleOver: As named.
        """
        row = await self._running(db, owner_id, schedule_id)
        if row.state == ScheduleState.PAUSED:
            row.state = ScheduleState.ACTIVE.value
            self._go_to(row, rules.first_after(_rhythm(row), row.next_index, self._clock.now()))
            return await self._turned(db, row, "schedule.resumed")
        return await self._shown(db, row)

    async def skip(self, db: AsyncSession, owner_id: UUID, schedule_id: UUID) -> Schedule:
        """Leave out the payment that is due, else the one that was announced.

        Raises:
            ScheduleNotFound, ScheduleOver: As named.
            NothingToSkip: None is.
        """
        row = await queries.one(db, schedule_id, owner_id, lock=True)
        if row is None:
            raise ScheduleNotFound
        if row.state == ScheduleState.CANCELLED:
            raise ScheduleOver
        runs = [run for run in await queries.open_runs(db, row.id) if run.state != RunState.PAYING]
        if not runs:
            raise NothingToSkip
        was_coming = runs[0].state == RunState.COMING
        runs[0].state = RunState.SKIPPED.value
        if was_coming:
            self._advance(row)
        return await self._turned(db, row, "schedule.run_skipped")

    async def cancel(self, db: AsyncSession, owner_id: UUID, schedule_id: UUID) -> Schedule:
        """Ask for nothing any more. What is on its way is still paid. Cancelling again changes nothing.

        Raises:
            ScheduleNotFound, ScheduleOver: As named.
        """
        row = await queries.one(db, schedule_id, owner_id, lock=True)
        if row is None:
            raise ScheduleNotFound
        if row.state == ScheduleState.CANCELLED:
            return await self._shown(db, row)
        if row.state == ScheduleState.ENDED and not await queries.open_runs(db, row.id):
            raise ScheduleOver
        row.state, row.next_due_at, row.next_look_at = ScheduleState.CANCELLED.value, None, None
        await self._skip_open(db, row, {RunState.COMING, RunState.DUE})
        return await self._turned(db, row, "schedule.cancelled")

    async def look(self, db: AsyncSession) -> int:
        """Give notice, ask, and end what was missed, wherever the moment has come; how many schedules.

        However late it comes, every payment gets its run, one a look and schedule.
        """
        now = self._clock.now()
        announcements = Announcements()
        rows = await queries.to_look_at(db, now, LOOK_BATCH)
        told: dict[str, list[ScheduleRow]] = {}
        for row in rows:
            told.setdefault(await self._move_on(db, row, now), []).append(row)
        missed = []
        for row in await queries.with_missed(db, now - rules.MISSED_AFTER, LOOK_BATCH):
            if row.id not in {each.id for each in rows}:
                await self._miss(db, row, before=now - rules.MISSED_AFTER)
                missed.append(row)
        for row in [*rows, *missed]:
            row.version += 1
            row.updated_at = now
        await db.flush()
        for kind, each in sorted(told.items()):
            await views.tell(db, each, announcements, kind)
        await views.tell(db, missed, announcements)
        await announcements.flush(db)
        return len(rows) + len(missed)

    async def _move_on(self, db: AsyncSession, row: ScheduleRow, now: datetime) -> str:
        """The next step of a schedule whose moment has come: the event that tells of it."""
        assert row.next_due_at is not None, "a paused schedule is not looked at"
        number = row.next_index + 1
        coming = next((run for run in await queries.open_runs(db, row.id) if run.number == number), None)
        if coming is None:
            coming = RunRow(
                id=uuid7(),
                schedule_id=row.id,
                number=number,
                due_at=row.next_due_at,
                state=RunState.COMING.value,
            )
            db.add(coming)
            await db.flush()
        if now < row.next_due_at:
            row.next_look_at = row.next_due_at
            return "schedule.noticed"
        await self._miss(db, row, before=row.next_due_at)
        if row.payee_id is not None and await social.blocked_between(db, row.owner_id, row.payee_id):
            coming.state = RunState.BLOCKED.value
            self._advance(row)
            if row.state == ScheduleState.ACTIVE:
                await self._pause(db, row)
            return "schedule.turned"
        coming.state = RunState.DUE.value
        self._advance(row)
        return "schedule.asked"

    async def _miss(self, db: AsyncSession, row: ScheduleRow, *, before: datetime) -> None:
        for run in await queries.open_runs(db, row.id):
            if run.state == RunState.DUE and run.due_at <= before:
                run.state = RunState.MISSED.value

    async def _pause(self, db: AsyncSession, row: ScheduleRow) -> None:
        row.state, row.next_due_at, row.next_look_at = ScheduleState.PAUSED.value, None, None
        skipped = await self._skip_open(db, row, {RunState.COMING})
        row.next_index += len(skipped)

    async def _skip_open(self, db: AsyncSession, row: ScheduleRow, states: set[RunState]) -> list[RunRow]:
        skipped = [run for run in await queries.open_runs(db, row.id) if run.state in states]
        for run in skipped:
            run.state = RunState.SKIPPED.value
        return skipped

    def _advance(self, row: ScheduleRow) -> None:
        """On to the payment after the one that is done with."""
        following = row.next_index + 1
        due = rules.due_at(_rhythm(row), following)
        row.next_index = following
        self._go_to(row, None if due is None else (following, due))

    def _go_to(self, row: ScheduleRow, following: tuple[int, datetime] | None) -> None:
        if following is None:
            row.state, row.next_due_at, row.next_look_at = ScheduleState.ENDED.value, None, None
            return
        row.next_index, due = following
        row.next_due_at, row.next_look_at = due, due - rules.NOTICE

    async def _running(self, db: AsyncSession, owner_id: UUID, schedule_id: UUID) -> ScheduleRow:
        row = await queries.one(db, schedule_id, owner_id, lock=True)
        if row is None:
            raise ScheduleNotFound
        if row.state in (ScheduleState.ENDED, ScheduleState.CANCELLED):
            raise ScheduleOver
        return row

    async def _turned(self, db: AsyncSession, row: ScheduleRow, kind: str) -> Schedule:
        row.version += 1
        row.updated_at = self._clock.now()
        await db.flush()
        await audit.record(db, self._clock, kind, actor_id=row.owner_id, subject_id=row.id)
        announcements = Announcements()
        (shown,) = await views.tell(db, [row], announcements)
        await announcements.flush(db)
        return shown

    async def _shown(self, db: AsyncSession, row: ScheduleRow) -> Schedule:
        shown: Sequence[Schedule] = await views.schedules_of(db, [row])
        return shown[0]


def _rhythm(row: ScheduleRow) -> Rhythm:
    return Rhythm(
        repeat=Repeat(row.repeat),
        starts_on=row.starts_on,
        minute=row.minute,
        zone=row.zone,
        count=row.count,
        ends_on=row.ends_on,
    )
