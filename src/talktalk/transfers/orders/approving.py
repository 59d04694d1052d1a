"""The worker's side of an order's approval: judge it, sign the whole set, store all of it.

The ask's row is locked first, then the order's, then (only while signing) the account's. Every blob
is stored in the same transaction as the state `working`: what goes first as `signed`, what must wait
as `held`. Nothing is sent before that commits.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.custody.deciding import Decision, Secrets
from talktalk.custody.ports import Custody
from talktalk.custody.schemas import Approval, Ask, AskPurpose
from talktalk.custody.verifiers import Verifiers
from talktalk.ledger import accounts, outgoing
from talktalk.ledger.amounts import format_drops
from talktalk.ledger.outgoing import ToStore
from talktalk.ledger.schemas import Draft
from talktalk.platform import audit
from talktalk.transfers.approving import OUTDATED, UNREADABLE
from talktalk.transfers.orders import queries, views
from talktalk.transfers.orders.making import PURPOSE
from talktalk.transfers.orders.rules import ITEM_OF_STEP, Cause
from talktalk.transfers.orders.service import OrderDesk
from talktalk.transfers.orders.tables import ItemRow, OrderRow, StepRow
from talktalk.transfers.ports import Card
from talktalk.wallet.announcements import Announcements
from talktalk.wallet.deciders import check_pin
from talktalk.wallet.schemas import ReadyWallet
from talktalk_wire.orders import OrderState, StepState


class OrderDecider:
    """`order.approve`."""

    def __init__(self, desk: OrderDesk, verifiers: Verifiers, custody: Custody) -> None:
        self._desk = desk
        self._verifiers = verifiers
        self._custody = custody

    async def decide(self, db: AsyncSession, ask: Ask, secrets: Secrets) -> Decision:
        """Open the PIN for this very set, judge it, and see that it can still be signed."""
        pin = secrets.open("pin", AskPurpose.ORDER_APPROVE, ask.context)
        row = await _locked(db, ask)
        if row.state != OrderState.SIGNING or row.approval_hash != ask.context.hex().upper():
            return Decision(granted=False, reason="draft_changed")
        decision = await check_pin(db, self._desk.wallets, self._verifiers, ask, pin)
        if not decision.granted:
            return decision
        why = await self._why_not_now(db, row)
        return decision if why is None else Decision(granted=False, reason=why)

    async def granted(self, db: AsyncSession, ask: Ask) -> None:
        """Sign all, store all, and show it."""
        row = await _locked(db, ask)
        steps = (await queries.steps(db, [row.id]))[row.id]
        items = (await queries.items(db, [row.id]))[row.id]
        approval = Approval(
            ask_id=ask.id,
            user_id=row.sender_id,
            signing_hash=row.approval_hash,
            purpose=AskPurpose.ORDER_APPROVE,
        )
        drafts = [draft_of(row, step) for step in steps]
        signed = await self._custody.sign_all(db, drafts, approval)
        now = self._desk.clock.now()
        made = []
        for step, draft, one in zip(steps, drafts, signed, strict=True):
            held = bool(step.needs or step.waits or step.by_decision or step.not_before is not None)
            made.append(
                ToStore(
                    draft=draft,
                    signed=one,
                    spend_drops=step.spend_drops,
                    purpose=PURPOSE,
                    ref=step.id,
                    held=held,
                )
            )
            step.state = StepState.HELD if held else StepState.SIGNED
            step.tx_hash = one.tx_hash
        await outgoing.store_all(db, row.network, made, now)
        _mark_sent(steps, items)
        self._desk.turn(row, Cause.SIGNED, now)
        await db.flush()
        await audit.record(
            db,
            self._desk.clock,
            "order.signed",
            actor_id=row.sender_id,
            subject_id=row.id,
            device_id=ask.device_id,
            tx_hashes=[step.tx_hash for step in steps],
        )
        announcements = Announcements()
        await self._post_card(db, row, items, announcements)
        await self._desk.show(db, [row], announcements, {row.id: items})

    async def refused(self, db: AsyncSession, ask: Ask) -> None:
        """Back to the draft, with the reason; an outdated one comes back drawn up anew."""
        row = await _locked(db, ask)
        if row.state != OrderState.SIGNING:
            return
        now = self._desk.clock.now()
        reason = ask.reason or "approval_unreadable"
        self._desk.turn(row, Cause.OUTDATED if reason in OUTDATED else Cause.REFUSED, now)
        if reason in OUTDATED:
            wallet = await self._desk.wallets.ready_wallet(db, row.sender_id)
            await self._desk.redraw(db, row, wallet, now)
        row.approval_error = "approval_unreadable" if reason in UNREADABLE else reason
        row.tries_left, row.retry_at = ask.tries_left, ask.retry_at
        await db.flush()
        await self._desk.show(db, [row], Announcements())

    async def _why_not_now(self, db: AsyncSession, row: OrderRow) -> str | None:
        """Why this set cannot be signed at this moment. Takes the account's lock for what follows."""
        account = await accounts.read(db, row.network, row.account, lock=True)
        if account is None or not account.exists:
            return "wallet_not_ready"
        wallet = ReadyWallet(
            user_id=row.sender_id, address=row.account, public_key=account.public_key, account=account
        )
        steps = (await queries.steps(db, [row.id]))[row.id]
        return self._desk.why_not(row, steps, await self._desk.terms(db, wallet))

    async def _post_card(
        self, db: AsyncSession, row: OrderRow, items: list[ItemRow], announcements: Announcements
    ) -> None:
        """Where the sender has left the room meanwhile, the order goes on without a card."""
        if row.room_id is None:
            return
        card = Card(
            room_id=row.room_id,
            other_id=None,
            sender_id=row.sender_id,
            client_id=f"order-{row.id}",
            ref=row.id,
            body=f"{format_drops(row.total_drops)} XRP · {len(items)}",
            card=views.card_of(row, items),
        )
        _, news = await self._desk.rooms.post_cards(db, [card])
        announcements.add_all(news)


def draft_of(row: OrderRow, step: StepRow) -> Draft:
    """A step's draft."""
    return Draft(
        blob=step.draft_blob,
        signing_hash=step.signing_hash,
        account=row.account,
        sequence=step.sequence,
        ticket_sequence=step.ticket_sequence,
        numbers=step.numbers,
        first_ledger=step.first_ledger,
        last_ledger=step.last_ledger,
        fee_drops=step.fee_drops,
    )


def _mark_sent(steps: list[StepRow], items: list[ItemRow]) -> None:
    for item in items:
        step = steps[item.step_index]
        item.tx_hash = item.inner_hash or step.tx_hash
        item.state = ITEM_OF_STEP[StepState(step.state)]


async def _locked(db: AsyncSession, ask: Ask) -> OrderRow:
    assert ask.subject_id is not None
    row = await queries.one(db, ask.subject_id, sender_id=ask.user_id, lock=True)
    assert row is not None, "orders are never removed"
    return row
