"""What requests do for web, one use case a method. The edge opens and commits the transaction."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.identity import service as identity
from talktalk.ledger.amounts import Xrp, parse_amount, parse_asset
from talktalk.ledger.errors import AmountTooLarge
from talktalk.platform import audit
from talktalk.platform.clock import Clock
from talktalk.platform.idempotency import IdempotencyKeyReused
from talktalk.platform.ids import uuid7
from talktalk.social import service as social
from talktalk.transfers.errors import AssetUnsupported, Blocked, RecipientNotFound, RoomMismatch
from talktalk.transfers.ports import Card, Rooms
from talktalk.transfers.requests import paying, queries, rules, views
from talktalk.transfers.requests.errors import (
    DebtorUnreachable,
    MoneyRequestClosed,
    MoneyRequestNotFound,
    RemindTooSoon,
    SplitMalformed,
    TooManyOpenRequests,
)
from talktalk.transfers.requests.rules import Part
from talktalk.transfers.requests.tables import RequestRow, ShareRow
from talktalk.transfers.rules import clean_note
from talktalk.wallet.announcements import Announcements
from talktalk.wallet.service import WalletDesk
from talktalk_wire.common import Amount
from talktalk_wire.requests import (
    AssetSettleUp,
    MoneyRequest,
    MoneyRequestState,
    RequestAsk,
    SettleBalance,
    SettleLine,
    SettleUp,
    ShareState,
    SplitCheck,
    SplitPart,
)

DUE_BATCH = 20
DIRECT_SIZE = 2
"""People in a room of two."""


class RequestDesk:
    """What needs wallets, rooms and the time."""

    def __init__(self, *, wallets: WalletDesk, rooms: Rooms, clock: Clock) -> None:
        """`rooms` posts its cards as kind `request`."""
        self.wallets = wallets
        self.rooms = rooms
        self.clock = clock

    async def check(self, db: AsyncSession, requester_id: UUID, ask: RequestAsk) -> SplitCheck:
        """Everyone's part, exact; makes nothing.

        Raises:
            Trouble: What would stop the request.
        """
        parts = await self._examine(db, requester_id, ask)
        people = await identity.people(db, [part.user_id for part in parts])

        def amount(units: int) -> Amount:
            return rules.from_units(units, ask.asset)

        return SplitCheck(
            total=amount(sum(part.units for part in parts)),
            parts=[
                SplitPart(
                    person=people[part.user_id],
                    amount=amount(part.units),
                    extra=amount(part.extra) if part.extra else None,
                )
                for part in parts
            ],
            asked=amount(sum(part.units for part in parts if part.user_id != requester_id)),
        )

    async def known(
        self, db: AsyncSession, requester_id: UUID, idempotency_key: str, ask: RequestAsk
    ) -> MoneyRequest | None:
        """The request this key made before.

        Raises:
            IdempotencyKeyReused: It was made from another input.
        """
        row = await queries.by_key(db, requester_id, idempotency_key)
        if row is None:
            return None
        if row.input_hash != rules.input_hash(ask):
            raise IdempotencyKeyReused
        return await self._seen_by(db, row, requester_id)

    async def create(
        self, db: AsyncSession, requester_id: UUID, idempotency_key: str, ask: RequestAsk
    ) -> MoneyRequest | None:
        """Ask; None if the same key made a request at this very moment.

        Raises:
            Trouble: What stops it.
        """
        parts = await self._examine(db, requester_id, ask)
        await self.wallets.ready_wallet(db, requester_id)
        if await queries.count_open(db, requester_id) >= rules.OPEN_MAX:
            raise TooManyOpenRequests
        now = self.clock.now()
        row = await queries.insert_new(
            db,
            {
                "id": uuid7(),
                "requester_id": requester_id,
                "idempotency_key": idempotency_key,
                "input_hash": rules.input_hash(ask),
                "state": MoneyRequestState.OPEN,
                "version": 1,
                "mode": ask.mode,
                "asset": ask.asset,
                "total_units": sum(part.units for part in parts),
                "own_units": next((part.units for part in parts if part.user_id == requester_id), None),
                "room_id": ask.room_id,
                "note": clean_note(ask.note),
                "expires_at": rules.end_of(ask.expires_at, now),
                "created_at": now,
                "updated_at": now,
            },
        )
        if row is None:
            return None
        for position, part in enumerate(parts):
            if part.user_id != requester_id:
                db.add(
                    ShareRow(
                        id=uuid7(),
                        request_id=row.id,
                        debtor_id=part.user_id,
                        position=position,
                        units=part.units,
                        paid_units=0,
                        live_units=0,
                        state=ShareState.OPEN.value,
                    )
                )
        await db.flush()
        await audit.record(
            db,
            self.clock,
            "request.made",
            actor_id=requester_id,
            subject_id=row.id,
            total=rules.from_units(row.total_units, row.asset),
            people=len(parts),
        )
        announcements = Announcements()
        await self._post_cards(db, row, announcements)
        (whole,) = await views.wholes(db, [row])
        whole.announce(announcements)
        await announcements.flush(db)
        return whole.seen_by(requester_id)

    async def read(self, db: AsyncSession, user_id: UUID, request_id: UUID) -> MoneyRequest:
        """One request, for who made it and who is asked.

        Raises:
            MoneyRequestNotFound: None such, or not for this person.
        """
        row = await queries.one_seen_by(db, request_id, user_id)
        if row is None:
            raise MoneyRequestNotFound
        return await self._seen_by(db, row, user_id)

    async def page(
        self,
        db: AsyncSession,
        user_id: UUID,
        *,
        made: bool | None,
        is_open: bool,
        before: UUID | None,
        limit: int,
    ) -> tuple[list[MoneyRequest], UUID | None]:
        """Requests, newest first, and where the next page begins."""
        rows = await queries.page(db, user_id, made=made, is_open=is_open, before=before, limit=limit + 1)
        shown = rows[:limit]
        items = [whole.seen_by(user_id) for whole in await views.wholes(db, shown)]
        return items, shown[-1].id if len(rows) > limit else None

    async def decline(self, db: AsyncSession, user_id: UUID, request_id: UUID) -> MoneyRequest:
        """Say no to one's own part. What is on its way is still paid. Declining again changes nothing.

        Raises:
            MoneyRequestNotFound, MoneyRequestClosed: As named.
        """
        row = await self._locked(db, user_id, request_id)
        shares = (await queries.shares_of(db, [row.id]))[row.id]
        mine = [share for share in shares if share.debtor_id == user_id]
        if not mine:
            raise MoneyRequestNotFound
        await self._close(db, row, mine, ShareState.DECLINED, user_id)
        return await self._seen_by(db, row, user_id)

    async def cancel(self, db: AsyncSession, user_id: UUID, request_id: UUID) -> MoneyRequest:
        """Take it back, as far as it is not paid. Cancelling again changes nothing.

        Raises:
            MoneyRequestNotFound, MoneyRequestClosed: As named.
        """
        row = await self._locked(db, user_id, request_id)
        if row.requester_id != user_id:
            raise MoneyRequestNotFound
        shares = (await queries.shares_of(db, [row.id]))[row.id]
        await self._close(db, row, shares, ShareState.CANCELLED, user_id)
        return await self._seen_by(db, row, user_id)

    async def remind(self, db: AsyncSession, user_id: UUID, request_id: UUID) -> MoneyRequest:
        """Remind everyone who has something left to pay, each at most twice a day.

        Raises:
            MoneyRequestNotFound, MoneyRequestClosed: As named.
            RemindTooSoon: All of them were reminded a short while ago.
        """
        row = await self._locked(db, user_id, request_id)
        if row.requester_id != user_id:
            raise MoneyRequestNotFound
        now = self.clock.now()
        shares = (await queries.shares_of(db, [row.id]))[row.id]
        owing = [share for share in shares if paying.free_units(share)]
        if not owing:
            raise MoneyRequestClosed
        waits = [(share, self._next_reminder(share, now) - now) for share in owing]
        ready = [share for share, wait in waits if wait.total_seconds() <= 0]
        if not ready:
            soonest = min(wait for _, wait in waits)
            raise RemindTooSoon(retry_after_s=int(soonest.total_seconds()) + 1)
        for share in ready:
            share.reminded_at = now
        await db.flush()
        announcements = Announcements()
        cards = await paying.tell(db, [row], announcements, now)
        (whole,) = await views.wholes(db, [row])
        for share in ready:
            announcements.add(
                share.debtor_id, "request.reminded", {"request": whole.seen_by(share.debtor_id)}
            )
        await self.rooms.turn_cards(db, cards)
        await announcements.flush(db)
        await audit.record(db, self.clock, "request.reminded", actor_id=user_id, subject_id=row.id)
        return whole.seen_by(user_id)

    async def expire_due(self, db: AsyncSession) -> int:
        """End requests whose time has come; what is on its way is still paid."""
        rows = await queries.due(db, self.clock.now(), DUE_BATCH)
        shares = await queries.shares_of(db, [row.id for row in rows])
        changed = []
        for row in rows:
            before = [share.closed_as for share in shares[row.id]]
            _mark(shares[row.id], ShareState.EXPIRED)
            if before != [share.closed_as for share in shares[row.id]]:
                changed.append(row)
        if changed:
            await self._settle(db, changed)
        return len(changed)

    async def settle_up(self, db: AsyncSession, user_id: UUID, room_id: UUID) -> SettleUp:
        """Who owes whom in a room, and the payments that would make it even.

        Raises:
            RoomMismatch: Not in this room.
        """
        if not await self.rooms.is_member(db, room_id, user_id):
            raise RoomMismatch
        placed = await queries.of_room(db, room_id)
        settled = await queries.settled_of(db, [share.id for _, share in placed])
        plans = paying.plans(placed)
        ids = {request.requester_id for request, _ in placed} | {share.debtor_id for _, share in placed}
        people = await identity.people(db, ids) if ids else {}
        shown = []
        for asset, plan in plans.items():
            sums = {person: [0, 0, 0, 0] for person in sorted(ids)}
            for request, share in placed:
                if request.asset == asset:
                    sums[share.debtor_id][0] += paying.free_units(share)
                    sums[request.requester_id][1] += paying.free_units(share)
            for _, sender_id, recipient_id, value, of_asset in settled:
                if of_asset == asset and recipient_id in sums and sender_id in sums:
                    units = rules.to_units(Amount(value=value, asset=asset))
                    sums[sender_id][2] += units
                    sums[recipient_id][3] += units
            shown.append(
                AssetSettleUp(
                    asset=asset,
                    balances=[
                        SettleBalance(
                            person=people[person],
                            owes=rules.from_units(owes, asset),
                            is_owed=rules.from_units(is_owed, asset),
                            paid=rules.from_units(paid, asset),
                            received=rules.from_units(received, asset),
                        )
                        for person, (owes, is_owed, paid, received) in sums.items()
                        if owes or is_owed or paid or received
                    ],
                    lines=[
                        SettleLine(
                            payer=people[line.payer],
                            payee=people[line.payee],
                            amount=rules.from_units(line.units, asset),
                        )
                        for line in plan.lines
                    ],
                    is_fewest=plan.is_fewest,
                    evens=bool(plan.evens),
                )
            )
        return SettleUp(room_id=room_id, assets=shown)

    async def _examine(self, db: AsyncSession, requester_id: UUID, ask: RequestAsk) -> list[Part]:
        """Split what is asked, and see that these people may be asked."""
        clean_note(ask.note)
        rules.end_of(ask.expires_at, self.clock.now())
        asset = parse_asset(ask.asset)
        if not isinstance(asset, Xrp):
            raise AssetUnsupported

        def units(value: str) -> int:
            return rules.to_units(parse_amount(value, asset))

        total = units(ask.total) if ask.total is not None else None
        values = [units(person.value) if person.value is not None else None for person in ask.people]
        parts = rules.split(ask.mode, ask.people, total, values)
        try:
            # The sum of many amounts is an amount as well.
            parse_amount(rules.from_units(sum(part.units for part in parts), ask.asset).value, asset)
        except AmountTooLarge as error:
            raise AmountTooLarge("together that is more than can exist") from error
        others = [part.user_id for part in parts if part.user_id != requester_id]
        if not others:
            raise SplitMalformed("name somebody to ask")
        if len(await identity.people(db, others)) < len(others):
            raise RecipientNotFound
        members = await self.rooms.members(db, ask.room_id) if ask.room_id is not None else None
        if members is not None and not {requester_id, *others} <= members:
            raise RoomMismatch
        # Anybody can open a room with anybody; only a group was joined by everyone in it.
        is_group = members is not None and len(members) > DIRECT_SIZE
        for user_id in others:
            if await social.blocked_between(db, requester_id, user_id):
                raise Blocked
            if not is_group and not await social.are_friends(db, requester_id, user_id):
                raise DebtorUnreachable
        return parts

    async def _post_cards(self, db: AsyncSession, row: RequestRow, announcements: Announcements) -> None:
        (whole,) = await views.wholes(db, [row])
        cards = whole.cards()
        asked = rules.from_units(row.total_units - (row.own_units or 0), row.asset)
        by_id = {share.id: share for share in whole.shares}
        wanted = [
            Card(
                room_id=row.room_id,
                other_id=by_id[ref].debtor_id if ref in by_id else None,
                sender_id=row.requester_id,
                client_id=f"request-{ref}",
                ref=ref,
                body=_words(rules.from_units(by_id[ref].units, row.asset) if ref in by_id else asked),
                card=card,
            )
            for ref, card in cards.items()
        ]
        rooms, news = await self.rooms.post_cards(db, wanted)
        for each, room_id in zip(wanted, rooms, strict=True):
            if room_id is None:
                raise Blocked  # a block, or somebody left, since we looked
            if each.ref in by_id:
                by_id[each.ref].room_id = room_id
        await db.flush()
        for user_id, kind, data in news:
            announcements.add(user_id, kind, data)

    async def _locked(self, db: AsyncSession, user_id: UUID, request_id: UUID) -> RequestRow:
        if await queries.one_seen_by(db, request_id, user_id) is None:
            raise MoneyRequestNotFound
        (row,) = await queries.locked(db, [request_id])
        return row

    async def _close(
        self, db: AsyncSession, row: RequestRow, shares: Sequence[ShareRow], reason: ShareState, by: UUID
    ) -> None:
        if not _mark(shares, reason):
            if all(share.closed_as == reason or share.state == ShareState.PAID for share in shares) and any(
                share.closed_as == reason for share in shares
            ):
                return
            raise MoneyRequestClosed
        await audit.record(db, self.clock, f"request.{reason}", actor_id=by, subject_id=row.id)
        await self._settle(db, [row])

    async def _settle(self, db: AsyncSession, rows: Sequence[RequestRow]) -> None:
        await db.flush()
        await paying.count(db, rows)
        announcements = Announcements()
        # How it was closed is news even where a payment on its way keeps its state.
        cards = await paying.tell(db, rows, announcements, self.clock.now())
        await self.rooms.turn_cards(db, cards)
        await announcements.flush(db)

    async def _seen_by(self, db: AsyncSession, row: RequestRow, user_id: UUID) -> MoneyRequest:
        (whole,) = await views.wholes(db, [row])
        return whole.seen_by(user_id)

    @staticmethod
    def _next_reminder(share: ShareRow, now: datetime) -> datetime:
        return now if share.reminded_at is None else share.reminded_at + rules.REMIND_EVERY


def _mark(shares: Sequence[ShareRow], reason: ShareState) -> list[ShareRow]:
    """Close what is not paid and not closed; which those were."""
    marked = [share for share in shares if share.closed_as is None and share.state != ShareState.PAID]
    for share in marked:
        share.closed_as = reason.value
    return marked


def _words(amount: Amount) -> str:
    return f"{amount.value} {amount.asset}"
