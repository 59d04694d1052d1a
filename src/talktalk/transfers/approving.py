"""The worker's side of approvals: judge them, sign, and write everything that follows, many in one
transaction.

The asks' rows are locked first, then the transfers', then (only while signing) the accounts', each
in one order. The blob is stored in the same transaction as the state `signed`, the card, the activity and the events;
nothing is sent before that commits.
"""

import contextlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.custody.deciding import Decision, Secrets, refusal_of
from talktalk.custody.errors import CustodyError, Unreadable
from talktalk.custody.ports import Custody
from talktalk.custody.schemas import Approval, Ask, AskPurpose, AskState
from talktalk.custody.verifiers import Verifiers
from talktalk.ledger import accounts, holdings, outgoing
from talktalk.ledger.accounts import WatchedAccount
from talktalk.ledger.amounts import Xrp, parse_asset
from talktalk.ledger.issuers import issuer_of
from talktalk.ledger.lines import HoldingFlag
from talktalk.ledger.schemas import LedgerHead
from talktalk.platform import audit
from talktalk.platform.problems import Trouble
from talktalk.transfers import drafting, queries, rules, views
from talktalk.transfers.errors import AssetFrozen, AssetNotHeld
from talktalk.transfers.making import PURPOSE
from talktalk.transfers.ports import Card, News
from talktalk.transfers.rules import Cause
from talktalk.transfers.service import TransferDesk, promised_tokens, purse_of
from talktalk.transfers.tables import TransferRow
from talktalk.transfers.tokens import check_token_purse
from talktalk.wallet.announcements import Announcements
from talktalk.wallet.deciders import check_pins
from talktalk.wallet.schemas import ReadyWallet
from talktalk_wire.transfers import TransferState

UNREADABLE = frozenset({"sealed_unreadable", "worker_key_old"})
OUTDATED = frozenset({"draft_expired", "draft_changed"})


class ApprovalDecider:
    """`transfer.approve`, in sets."""

    def __init__(self, desk: TransferDesk, verifiers: Verifiers, custody: Custody) -> None:
        self._desk = desk
        self._verifiers = verifiers
        self._custody = custody

    async def decide_all(self, db: AsyncSession, asked: Sequence[tuple[Ask, Secrets]]) -> list[Decision]:
        """Open each PIN for its very hash, judge them, and see which drafts can still be signed."""
        rows = await _locked(db, [ask for ask, _ in asked])
        decisions: dict[UUID, Decision] = {}
        opened: list[tuple[Ask, bytes]] = []
        for ask, secrets in asked:
            row = rows[ask.id]
            try:
                pin = secrets.open("pin", AskPurpose.TRANSFER_APPROVE, ask.context)
            except Unreadable as error:
                decisions[ask.id] = refusal_of(error)
                continue
            if row.state != TransferState.SIGNING or row.signing_hash != ask.context.hex().upper():
                decisions[ask.id] = Decision(granted=False, reason="draft_changed")
            else:
                opened.append((ask, pin))
        decisions |= await check_pins(db, self._desk.wallets, self._verifiers, opened)
        right = {ask.id: rows[ask.id] for ask, _ in asked if decisions[ask.id].granted}
        for ask_id, why in (await self._why_not_now(db, right)).items():
            decisions[ask_id] = Decision(granted=False, reason=why)
        return [decisions[ask.id] for ask, _ in asked]

    async def follow(self, db: AsyncSession, decided: Sequence[Ask]) -> Mapping[UUID, CustodyError]:
        """Sign, store and show what was granted; send the rest back to the draft."""
        rows = await _locked(db, decided)
        granted = [(ask, rows[ask.id]) for ask in decided if ask.state is AskState.GRANTED]
        signed, undone = await self._sign(db, granted)
        refused = [(ask, rows[ask.id]) for ask in decided if ask.state is AskState.REFUSED]
        refused = [(ask, row) for ask, row in refused if row.state == TransferState.SIGNING]
        for ask, row in refused:
            await self._send_back(db, ask, row)
        await db.flush()
        announcements = Announcements()
        # What a refused approval held is free again.
        await self._desk.turn_cards(db, [row for _, row in refused], announcements)
        announcements.add_all(await self._post_cards(db, signed))
        lines = [line for row in signed for line in views.activities_of(row, row.address)]
        await self._desk.wallets.put_activity(db, lines, announcements)
        await self._desk.announce_all(db, [*signed, *(row for _, row in refused)], announcements)
        return undone

    async def _sign(
        self, db: AsyncSession, granted: Sequence[tuple[Ask, TransferRow]]
    ) -> tuple[list[TransferRow], dict[UUID, CustodyError]]:
        """Sign and store; those that were signed, and what cannot be."""
        if not granted:
            return [], {}
        orders = [
            (
                [drafting.draft_of(row)],
                Approval(ask_id=ask.id, user_id=row.sender_id, signing_hash=row.signing_hash),
            )
            for ask, row in granted
        ]
        now = self._desk.clock.now()
        made: list[outgoing.ToStore] = []
        rows: list[TransferRow] = []
        happened: list[audit.Happening] = []
        undone: dict[UUID, CustodyError] = {}
        answers = await self._custody.sign_each(db, orders)
        for (ask, row), ([draft], _), signed in zip(granted, orders, answers, strict=True):
            if isinstance(signed, CustodyError):
                undone[ask.id] = signed
                continue
            spend_drops = row.amount_drops + row.fee_drops
            made.append(
                outgoing.ToStore(
                    draft=draft, signed=signed[0], spend_drops=spend_drops, purpose=PURPOSE, ref=row.id
                )
            )
            self._desk.turn(row, Cause.SIGNED, now)
            row.tx_hash = signed[0].tx_hash
            rows.append(row)
            happened.append(
                audit.Happening(
                    kind="transfer.signed",
                    actor_id=row.sender_id,
                    subject_id=row.id,
                    data={"device_id": ask.device_id, "tx_hash": row.tx_hash},
                )
            )
        await outgoing.store_all(db, self._desk.ledger.network, made, now)
        await audit.record_all(db, self._desk.clock, happened)
        return rows, undone

    async def _send_back(self, db: AsyncSession, ask: Ask, row: TransferRow) -> None:
        """Back to the draft, with the reason; an outdated draft comes back drawn up anew."""
        now = self._desk.clock.now()
        reason = ask.reason or "approval_unreadable"
        self._desk.turn(row, Cause.OUTDATED if reason in OUTDATED else Cause.REFUSED, now)
        if reason in OUTDATED:
            # Where none can be drawn up now, the old one stays; who approves it is told why.
            with contextlib.suppress(Trouble):
                wallet = await self._desk.wallets.ready_wallet(db, row.sender_id)
                await drafting.redraw(db, self._desk.ledger, row, wallet, now)
        row.approval_error = "approval_unreadable" if reason in UNREADABLE else reason
        row.tries_left, row.retry_at = ask.tries_left, ask.retry_at

    async def _why_not_now(self, db: AsyncSession, rows: Mapping[UUID, TransferRow]) -> dict[UUID, str]:
        """Which drafts cannot be signed at this moment, and why; by ask. Takes the accounts' locks for
        what follows."""
        if not rows:
            return {}
        network = self._desk.ledger.network
        addresses = {row.account for row in rows.values()}
        known = {
            account.address: account
            for account in await accounts.read_many(db, network, addresses, lock=True)
        }
        taken = await outgoing.taken_of(db, network, addresses)
        head = await self._desk.ledger.head(db)
        now = self._desk.clock.now()
        found = {}
        for ask_id, row in rows.items():
            why = _why_not(row, known.get(row.account), taken[row.account], head, now)
            why = why or await self._why_not_of_token(db, row)
            if why is not None:
                found[ask_id] = why
        return found

    async def _why_not_of_token(self, db: AsyncSession, row: TransferRow) -> str | None:
        """Why a token cannot be spent any more, as far as its holder's own line tells."""
        spend = drafting.spend_of(row).most
        asset = parse_asset(spend.asset)
        if isinstance(asset, Xrp):
            return None
        held = await holdings.one(db, row.network, row.account, spend.asset)
        if held is None:
            return AssetNotHeld.code
        is_frozen = held.has(HoldingFlag.DEEP_FROZEN) or held.has(HoldingFlag.FROZEN)
        if is_frozen and row.address != issuer_of(asset):
            return AssetFrozen.code
        promised = await promised_tokens(db, row.network, row.account, spend.asset)
        try:
            check_token_purse(Decimal(held.balance), promised, Decimal(spend.value))
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


def _why_not(
    row: TransferRow,
    account: WatchedAccount | None,
    taken: outgoing.Taken,
    head: LedgerHead,
    now: datetime,
) -> str | None:
    if account is None or not account.exists:
        return "wallet_not_ready"
    if taken.is_full:
        return "too_many_pending"
    if drafting.is_quote_old(row, now):
        return "quote_expired"
    why = drafting.why_outdated(row, head, outgoing.next_number(account.sequence, taken))
    if why is not None:
        return why
    wallet = ReadyWallet(
        user_id=row.sender_id, address=row.account, public_key=account.public_key, account=account
    )
    try:
        rules.check_purse(purse_of(wallet, head, taken), row.amount_drops, row.fee_drops)
    except Trouble as trouble:
        return trouble.code
    return None


async def _locked(db: AsyncSession, asked: Sequence[Ask]) -> dict[UUID, TransferRow]:
    """The transfers under their locks, by the ask about them."""
    ids = {ask.subject_id for ask in asked if ask.subject_id is not None}
    rows = {row.id: row for row in await queries.locked(db, ids)}
    found = {}
    for ask in asked:
        assert ask.subject_id is not None, "an approval is of a transfer"
        found[ask.id] = rows[ask.subject_id]
        assert found[ask.id].sender_id == ask.user_id, "web lets nobody else approve"
    return found
