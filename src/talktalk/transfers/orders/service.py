"""What orders do for web, one use case a method. The edge opens and commits the transaction.

`OrderDesk` needs no key; what signs is in `approving`, what follows in `making`, both in the worker.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.custody import asks
from talktalk.custody import service as custody
from talktalk.custody.schemas import AskPurpose
from talktalk.identity.schemas import Caller
from talktalk.ledger import outgoing, tickets, transactions
from talktalk.ledger.amendments import NATIVE_BATCH
from talktalk.ledger.amounts import format_drops, xrp
from talktalk.ledger.schemas import LedgerHead
from talktalk.ledger.service import MARGIN_LEDGERS, window_ends_at
from talktalk.platform import audit
from talktalk.platform.idempotency import IdempotencyKeyReused
from talktalk.platform.ids import uuid7
from talktalk.platform.problems import Trouble
from talktalk.transfers import rules as transfer_rules
from talktalk.transfers.errors import (
    DraftChanged,
    NotDrafted,
    RoomMismatch,
    TooLateToCancel,
    TooManyPending,
    WarningsNotAccepted,
)
from talktalk.transfers.orders import queries, rules, trust, views
from talktalk.transfers.orders.errors import OrderMalformed, OrderNotFound
from talktalk.transfers.orders.plans import Plan, Terms, draw_up
from talktalk.transfers.orders.ports import Examined, Kind, Kinds
from talktalk.transfers.orders.rules import Cause
from talktalk.transfers.orders.tables import ItemRow, OrderRow, StepRow
from talktalk.transfers.ports import Rooms
from talktalk.transfers.service import TransferDesk, purse_of
from talktalk.wallet.announcements import Announcements
from talktalk.wallet.schemas import ReadyWallet
from talktalk_wire.common import FieldError
from talktalk_wire.orders import (
    ApproveOrderAsk,
    ItemState,
    Order,
    OrderAsk,
    OrderCheck,
    OrderKind,
    OrderState,
    OrderSummary,
    StepState,
)

LAPSED_BATCH = 50
WARNINGS = (*transfer_rules.WARNINGS, *trust.WARNINGS)


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """An order nothing stands against, with its dry run."""

    wallet: ReadyWallet
    terms: Terms
    examined: Examined
    plan: Plan


class OrderDesk:
    """What needs the transfers' desk and the kinds of orders there are."""

    def __init__(self, transfers: TransferDesk, rooms: Rooms, kinds: Kinds) -> None:
        self.transfers = transfers
        self.ledger = transfers.ledger
        self.wallets = transfers.wallets
        self.rooms = rooms
        self.clock = transfers.clock
        self.kinds = kinds

    def kind(self, name: str) -> Kind:
        """The kind of this name.

        Raises:
            OrderMalformed: There is none here.
        """
        found = self.kinds.get(name)
        if found is None:
            raise OrderMalformed(f"no orders of kind {name}")
        return found

    async def terms(self, db: AsyncSession, wallet: ReadyWallet) -> Terms:
        """What there is to plan with now. Who signs by it holds the account's lock.

        Raises:
            LedgerUnavailable: It was never known which amendments are on, and no node answers.
        """
        head = await self.ledger.head(db)
        taken = await outgoing.taken(db, self.ledger.network, wallet.address)
        unused = await tickets.unused(db, self.ledger.network, wallet.address, taken.tickets)
        made = len(unused) + len(taken.tickets) + sum(count - 1 for _, count in taken.spans)
        return Terms(
            head=head,
            address=wallet.address,
            public_key=wallet.public_key,
            sequence=wallet.account.sequence,
            taken=taken,
            tickets=tuple(unused),
            tickets_max=max(0, tickets.TICKETS_MAX - made),
            purse=purse_of(wallet, head, taken),
            has_batch=await self.ledger.enabled(*NATIVE_BATCH),
        )

    async def prepare(
        self, db: AsyncSession, sender_id: UUID, ask: OrderAsk, wanted: object, looked: object
    ) -> Prepared:
        """Examine an order and lay it out.

        Raises:
            Trouble: What stops it.
        """
        transfer_rules.clean_note(ask.note)
        wallet = await self.wallets.ready_wallet(db, sender_id)
        terms = await self.terms(db, wallet)
        if terms.taken.is_full:
            raise TooManyPending(retry_after_s=5)
        kind = self.kind(ask.kind)
        examined = await kind.examine(db, sender_id, wanted, looked, terms)
        return Prepared(wallet=wallet, terms=terms, examined=examined, plan=kind.plan(examined.params, terms))

    def check(self, kind: OrderKind, prepared: Prepared) -> OrderCheck:
        """The dry run."""
        plan, account = prepared.plan, prepared.wallet.account
        return OrderCheck(
            kind=kind,
            way=plan.way,
            total=xrp(plan.total_drops),
            fee=xrp(plan.fee_drops),
            reserve=xrp(plan.reserve_drops),
            ledgers=plan.stages,
            transactions=len(plan.steps),
            recipients=len(plan.items),
            creates_accounts=prepared.examined.creates_accounts,
            warnings=prepared.examined.warnings,
            balance_after=xrp(account.balance_drops - plan.total_drops - plan.fee_drops),
        )

    async def known(
        self, db: AsyncSession, sender_id: UUID, idempotency_key: str, ask: OrderAsk
    ) -> Order | None:
        """The order this key made before.

        Raises:
            IdempotencyKeyReused: It was made from another input.
        """
        row = await queries.by_key(db, sender_id, idempotency_key)
        if row is None:
            return None
        if row.input_hash != input_hash(ask):
            raise IdempotencyKeyReused
        return await self.whole(db, row)

    async def create(
        self, db: AsyncSession, caller: Caller, idempotency_key: str, ask: OrderAsk, prepared: Prepared
    ) -> Order | None:
        """Store the order and its drafts; None if the same key made one at this very moment.

        Raises:
            WarningsNotAccepted, RoomMismatch: As named.
            Trouble: As the kind's `bind`.
        """
        warnings = prepared.examined.warnings
        not_accepted = [warning for warning in warnings if warning.code not in ask.accepted_warnings]
        if not_accepted:
            raise WarningsNotAccepted(
                errors=tuple(FieldError(field=each.code, detail=each.detail) for each in not_accepted)
            )
        if ask.room_id is not None and not await self.rooms.is_member(db, ask.room_id, caller.user_id):
            raise RoomMismatch
        accepted = [code for code in WARNINGS if code in ask.accepted_warnings]
        now, order_id = self.clock.now(), uuid7()
        kind, terms = self.kind(ask.kind), prepared.terms
        params = await kind.bind(db, order_id, prepared.examined.params, terms)
        plan = kind.plan(params, terms)
        columns, steps, items = _drawn(order_id, plan, terms, now)
        row = await queries.insert_new(
            db,
            {
                "id": order_id,
                "sender_id": caller.user_id,
                "idempotency_key": idempotency_key,
                "input_hash": input_hash(ask),
                "kind": ask.kind,
                "mode": prepared.examined.mode,
                "params": params,
                "state": OrderState.DRAFTED,
                "phase": "",
                "uncertain": False,
                "version": 1,
                "network": self.ledger.network,
                "account": prepared.wallet.address,
                "room_id": ask.room_id,
                "note": transfer_rules.clean_note(ask.note),
                "warnings": msgspec.to_builtins(warnings),
                "accepted_warnings": accepted,
                "fee_charged_drops": 0,
                "created_at": now,
                "updated_at": now,
                **columns,
            },
        )
        if row is None:
            return None
        await queries.write_plan(db, steps, items)
        await audit.record(
            db,
            self.clock,
            "order.drafted",
            actor_id=caller.user_id,
            subject_id=row.id,
            order_kind=row.kind,
            amount=format_drops(row.total_drops),
            recipients=len(items),
            accepted=accepted,
        )
        return await views.order_of(db, row, steps, items)

    async def approve(self, db: AsyncSession, caller: Caller, order_id: UUID, ask: ApproveOrderAsk) -> Order:
        """Hand the person's approval of the whole set to the worker.

        Approving again what was approved already changes nothing. An order that can no longer be signed
        as it is comes back drawn up anew, with `approval_error`, to be looked at again.

        Raises:
            OrderNotFound, DraftChanged, NotDrafted, DeviceNotTrusted, PinNeeded, PinLocked,
            WorkerKeyOld: As named.
        """
        row = await queries.one(db, order_id, sender_id=caller.user_id, lock=True)
        if row is None:
            raise OrderNotFound
        is_same = row.approval_hash == ask.approval_hash.upper()
        if row.state != OrderState.DRAFTED:
            if not is_same or row.state == OrderState.CANCELLED or row.failure_code == "draft_expired":
                raise NotDrafted
            return await self.whole(db, row)
        if not is_same:
            raise DraftChanged
        await self.wallets.access_as_trusted(db, caller.user_id, caller.device_id)
        now = self.clock.now()
        await custody.check_pin_open(db, caller.user_id, now)
        wallet = await self.wallets.ready_wallet(db, caller.user_id)
        steps = (await queries.steps(db, [row.id]))[row.id]
        why = self.why_not(row, steps, await self.terms(db, wallet))
        if why is not None:
            self.turn(row, Cause.OUTDATED, now)
            await self.redraw(db, row, wallet, now)
            row.approval_error, row.tries_left, row.retry_at = why, None, None
        else:
            await asks.write(
                db,
                purpose=AskPurpose.ORDER_APPROVE,
                user_id=caller.user_id,
                device_id=caller.device_id,
                session_id=caller.session_id,
                subject_id=row.id,
                context=bytes.fromhex(row.approval_hash),
                worker_key_id=ask.worker_key_id,
                sealed={"pin": ask.sealed_pin},
                now=now,
            )
            self.turn(row, Cause.APPROVED, now)
            row.approval_error, row.tries_left, row.retry_at = None, None, None
        await db.flush()
        await self.show(db, [row], Announcements())
        return await self.whole(db, row)

    async def cancel(self, db: AsyncSession, caller: Caller, order_id: UUID) -> Order:
        """Take back what is not signed; cancelling again changes nothing.

        Raises:
            OrderNotFound, TooLateToCancel: As named.
        """
        # A worker holds the ask before the order; taking both in that order never waits in a ring.
        await asks.withdraw_about(db, order_id, caller.user_id)
        row = await queries.one(db, order_id, sender_id=caller.user_id, lock=True)
        if row is None:
            raise OrderNotFound
        if row.state == OrderState.CANCELLED:
            return await self.whole(db, row)
        if row.state not in (OrderState.DRAFTED, OrderState.SIGNING):
            raise TooLateToCancel
        now = self.clock.now()
        self.turn(row, Cause.CANCELLED, now)
        await db.flush()
        await audit.record(db, self.clock, "order.cancelled", actor_id=caller.user_id, subject_id=row.id)
        await self.show(db, [row], Announcements())
        return await self.whole(db, row)

    async def read(self, db: AsyncSession, user_id: UUID, order_id: UUID) -> Order:
        """One order, for its sender.

        Raises:
            OrderNotFound: None such, or not this person's.
        """
        row = await queries.one(db, order_id, sender_id=user_id)
        if row is None:
            raise OrderNotFound
        return await self.whole(db, row)

    async def page(
        self, db: AsyncSession, user_id: UUID, *, before: UUID | None, limit: int
    ) -> tuple[list[OrderSummary], UUID | None]:
        """A person's own orders, newest first, and where the next page begins."""
        rows = await queries.page(db, user_id, before=before, limit=limit + 1)
        shown = rows[:limit]
        items = await queries.items(db, [row.id for row in shown])
        following = shown[-1].id if len(rows) > limit else None
        return [views.summary_of(row, items[row.id]) for row in shown], following

    async def expire_lapsed(self, db: AsyncSession) -> int:
        """End drafts nobody approved in time; nothing of them was ever signed."""
        now = self.clock.now()
        rows = await queries.lapsed(db, now - transfer_rules.DRAFT_LIFE, LAPSED_BATCH)
        for row in rows:
            self.turn(row, Cause.LAPSED, now)
            row.failure_code, row.failure_detail = "draft_expired", views.DETAILS["draft_expired"]
        await db.flush()
        await self.show(db, rows, Announcements())
        return len(rows)

    def turn(self, row: OrderRow, cause: Cause, now: datetime) -> None:
        """Move a locked row along the state machine."""
        row.state = rules.turn(OrderState(row.state), cause)
        row.version += 1
        row.updated_at = now
        if row.state in rules.TERMINAL:
            row.ended_at = now

    def why_not(self, row: OrderRow, steps: Sequence[StepRow], terms: Terms) -> str | None:
        """Why these drafts cannot be signed with these terms; None if they can."""
        if row.sign_before_ledger - terms.head.ledger_index < MARGIN_LEDGERS:
            return "draft_expired"
        if terms.taken.is_full:
            return "too_many_pending"
        try:
            plan = self.kind(row.kind).plan(row.params, terms)
        except Trouble as trouble:
            return trouble.code
        drawn = [(step.role, step.sequence, step.ticket_sequence, step.numbers) for step in steps]
        return None if drawn == [step.shape for step in plan.steps] else "draft_changed"

    async def redraw(self, db: AsyncSession, row: OrderRow, wallet: ReadyWallet, now: datetime) -> None:
        """Give a drafted order fresh drafts, with a new hash to approve.

        Where it cannot be had now (the money has gone meanwhile) the old drafts stay, and approving them
        says why.
        """
        terms = await self.terms(db, wallet)
        try:
            plan = self.kind(row.kind).plan(row.params, terms)
            columns, steps, items = _drawn(row.id, plan, terms, now)
        except Trouble:
            return
        await queries.clear_plan(db, row.id)
        for name, value in columns.items():
            setattr(row, name, value)
        await queries.write_plan(db, steps, items)

    async def show(
        self,
        db: AsyncSession,
        rows: Sequence[OrderRow],
        told: Announcements,
        items: Mapping[UUID, Sequence[ItemRow]] | None = None,
    ) -> None:
        """Turn the cards of these orders, then tell the senders' devices, with what else is told."""
        by_order = items or await queries.items(db, [row.id for row in rows])
        cards = {row.id: views.card_of(row, by_order[row.id]) for row in rows if row.room_id is not None}
        if cards:
            await self.rooms.turn_cards(db, cards)
        for row in rows:
            told.add(row.sender_id, "order.turned", {"order": views.summary_of(row, by_order[row.id])})
        await told.flush(db)

    async def whole(self, db: AsyncSession, row: OrderRow) -> Order:
        """The order with its steps and items."""
        steps = await queries.steps(db, [row.id])
        items = await queries.items(db, [row.id])
        return await views.order_of(db, row, steps[row.id], items[row.id])


def input_hash(ask: OrderAsk) -> bytes:
    """What tells two requests apart under one idempotency key."""
    return hashlib.sha256(msgspec.json.encode(ask, order="deterministic")).digest()


def _drawn(
    order_id: UUID, plan: Plan, terms: Terms, now: datetime
) -> tuple[dict[str, Any], list[StepRow], list[ItemRow]]:
    """A plan as the rows hold it: the order's columns, its steps, its items."""
    drafts = draw_up(plan, terms)
    sign_before = min(draft.last_ledger for draft in drafts)
    steps = [
        StepRow(
            id=uuid7(),
            order_id=order_id,
            index=index,
            role=planned.role,
            draft_blob=draft.blob,
            signing_hash=draft.signing_hash,
            sequence=draft.sequence,
            ticket_sequence=draft.ticket_sequence,
            numbers=draft.numbers,
            first_ledger=draft.first_ledger,
            last_ledger=draft.last_ledger,
            fee_drops=draft.fee_drops,
            spend_drops=planned.spend_drops,
            needs=list(planned.needs),
            waits=list(planned.waits),
            not_before=planned.not_before,
            by_decision=planned.by_decision,
            state=StepState.PLANNED,
            uncertain=False,
        )
        for index, (planned, draft) in enumerate(zip(plan.steps, drafts, strict=True))
    ]
    items = [
        ItemRow(
            id=uuid7(),
            order_id=order_id,
            index=index,
            recipient_id=planned.recipient_id,
            address=planned.address,
            destination_tag=planned.destination_tag,
            amount_value=format_drops(planned.amount_drops),
            amount_asset="XRP",
            amount_drops=planned.amount_drops,
            step_index=planned.step,
            inner_hash=planned.inner_hash,
            state=ItemState.WAITING,
        )
        for index, planned in enumerate(plan.items)
    ]
    columns = {
        "way": plan.way,
        "total_drops": plan.total_drops,
        "fee_drops": plan.fee_drops,
        "reserve_drops": plan.reserve_drops,
        "approval_hash": transactions.approval_hash([draft.signing_hash for draft in drafts]),
        "last_ledger": max(draft.last_ledger for draft in drafts),
        "sign_before_ledger": sign_before,
        # People get the margin's worth less, so that who approves in time is signed in time.
        "draft_expires_at": _expires_at(terms.head, sign_before, now),
    }
    return columns, steps, items


def _expires_at(head: LedgerHead, sign_before: int, now: datetime) -> datetime:
    return window_ends_at(head, sign_before - MARGIN_LEDGERS, now)
