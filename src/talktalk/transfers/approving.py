"""The worker's side of an approval: judge it, sign, and write everything that follows, in one
transaction.

The ask's row is locked first, then the transfer's, then (only while signing) the account's. The
blob is stored in the same transaction as the state `signed`, the card, the activity and the events;
nothing is sent before that commits.
"""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.custody.deciding import Decision, Secrets
from talktalk.custody.ports import Custody
from talktalk.custody.schemas import Approval, Ask, AskPurpose
from talktalk.custody.verifiers import Verifiers
from talktalk.ledger import accounts, outgoing
from talktalk.platform import audit
from talktalk.platform.problems import Trouble, Unavailable
from talktalk.transfers import drafting, queries, rules, views
from talktalk.transfers.making import PURPOSE
from talktalk.transfers.ports import Card, News
from talktalk.transfers.rules import Cause
from talktalk.transfers.service import TransferDesk, purse_of
from talktalk.transfers.tables import TransferRow
from talktalk.wallet.announcements import Announcements
from talktalk.wallet.deciders import check_pin
from talktalk.wallet.schemas import ReadyWallet
from talktalk_wire.transfers import TransferState

UNREADABLE = frozenset({"sealed_unreadable", "worker_key_old"})
OUTDATED = frozenset({"draft_expired", "draft_changed"})


class ApprovalDecider:
    """`transfer.approve`."""

    def __init__(self, desk: TransferDesk, verifiers: Verifiers, custody: Custody) -> None:
        self._desk = desk
        self._verifiers = verifiers
        self._custody = custody

    async def decide(self, db: AsyncSession, ask: Ask, secrets: Secrets) -> Decision:
        """Open the PIN for this very hash, judge it, and see that the draft can still be signed."""
        pin = secrets.open("pin", AskPurpose.TRANSFER_APPROVE, ask.context)
        row = await _locked(db, ask)
        if row.state != TransferState.SIGNING or row.signing_hash != ask.context.hex().upper():
            return Decision(granted=False, reason="draft_changed")
        decision = await check_pin(db, self._desk.wallets, self._verifiers, ask, pin)
        if not decision.granted:
            return decision
        why = await self._why_not_now(db, row)
        return decision if why is None else Decision(granted=False, reason=why)

    async def granted(self, db: AsyncSession, ask: Ask) -> None:
        """Sign, store, and show it."""
        row = await _locked(db, ask)
        draft = drafting.draft_of(row)
        approval = Approval(ask_id=ask.id, user_id=row.sender_id, signing_hash=row.signing_hash)
        signed = await self._custody.sign(db, draft, approval)
        now = self._desk.clock.now()
        await outgoing.store(
            db,
            network=row.network,
            draft=draft,
            signed=signed,
            spend_drops=row.amount_drops + row.fee_drops,
            purpose=PURPOSE,
            ref=row.id,
            now=now,
        )
        self._desk.turn(row, Cause.SIGNED, now)
        row.tx_hash = signed.tx_hash
        await db.flush()
        await audit.record(
            db,
            self._desk.clock,
            "transfer.signed",
            actor_id=row.sender_id,
            subject_id=row.id,
            device_id=ask.device_id,
            tx_hash=row.tx_hash,
        )
        announcements = Announcements()
        announcements.add_all(await self._post_cards(db, [row]))
        await self._desk.wallets.put_activity(db, views.activities_of(row, row.address), announcements)
        await self._desk.announce_all(db, [row], announcements)

    async def refused(self, db: AsyncSession, ask: Ask) -> None:
        """Back to the draft, with the reason; an outdated draft comes back drawn up anew."""
        row = await _locked(db, ask)
        if row.state != TransferState.SIGNING:
            return
        now = self._desk.clock.now()
        reason = ask.reason or "approval_unreadable"
        self._desk.turn(row, Cause.OUTDATED if reason in OUTDATED else Cause.REFUSED, now)
        if reason in OUTDATED:
            wallet = await self._desk.wallets.ready_wallet(db, row.sender_id)
            await drafting.redraw(db, self._desk.ledger, row, wallet, now)
        row.approval_error = "approval_unreadable" if reason in UNREADABLE else reason
        row.tries_left, row.retry_at = ask.tries_left, ask.retry_at
        await db.flush()
        await self._desk.announce(db, row)

    async def _why_not_now(self, db: AsyncSession, row: TransferRow) -> str | None:
        """Why this draft cannot be signed at this moment. Takes the account's lock for what follows."""
        account = await accounts.read(db, row.network, row.account, lock=True)
        if account is None or not account.exists:
            return "wallet_not_ready"
        wallet = ReadyWallet(
            user_id=row.sender_id, address=row.account, public_key=account.public_key, account=account
        )
        head = await self._desk.ledger.head(db)
        taken = await outgoing.taken(db, row.network, row.account)
        if taken.is_full:
            return "too_many_pending"
        why = drafting.why_outdated(row, head, outgoing.next_number(account.sequence, taken))
        if why is not None:
            return why
        try:
            rules.check_purse(purse_of(wallet, head, taken), row.amount_drops, row.fee_drops)
        except Unavailable:
            raise
        except Trouble as trouble:
            return trouble.code
        return None

    async def _post_cards(self, db: AsyncSession, rows: Sequence[TransferRow]) -> News:
        """Where the room has closed meanwhile (a block, or they left it), the payment goes on without a card."""
        shown = [row for row in rows if row.wants_card]
        room_ids, news = await self._desk.rooms.post_cards(db, [_card(row) for row in shown])
        for row, room_id in zip(shown, room_ids, strict=True):
            row.room_id = row.room_id or room_id
        await db.flush()
        return news


def _card(row: TransferRow) -> Card:
    return Card(
        room_id=row.room_id,
        other_id=row.recipient_id,
        sender_id=row.sender_id,
        client_id=f"transfer-{row.id}",
        ref=row.id,
        body=f"{row.amount_value} {row.amount_asset}",
        card=views.card_of(row),
    )


async def _locked(db: AsyncSession, ask: Ask) -> TransferRow:
    assert ask.subject_id is not None
    row = await queries.one(db, ask.subject_id, sender_id=ask.user_id, lock=True)
    assert row is not None, "transfers are never removed"
    return row
