"""What transfers do for web, one use case a method. The edge opens and commits the transaction.

`TransferDesk` needs no key; what signs is in `approving`, what follows is in `making`, both in the
worker.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.custody import asks
from talktalk.custody import service as custody
from talktalk.custody.schemas import AskPurpose
from talktalk.identity import service as identity
from talktalk.identity.schemas import Caller
from talktalk.ledger import accounts, fees, holdings, outgoing
from talktalk.ledger.addresses import Destination, parse_destination
from talktalk.ledger.amounts import DROPS_PER_XRP, Asset, Xrp, parse_amount, parse_asset, parse_drops, xrp
from talktalk.ledger.exchanges import exchange_at
from talktalk.ledger.memos import clean_memo
from talktalk.ledger.payment_links import parse_payment_link, write_payment_link, x_address
from talktalk.ledger.rounding import plain
from talktalk.ledger.schemas import LedgerHead
from talktalk.ledger.service import Ledger
from talktalk.platform import audit
from talktalk.platform.clock import Clock
from talktalk.platform.idempotency import KEY_LENGTH_MAX, IdempotencyKeyInvalid, IdempotencyKeyReused
from talktalk.platform.ids import uuid7
from talktalk.social import service as social
from talktalk.transfers import drafting, linked, queries, quoting, rules, views
from talktalk.transfers.errors import (
    AssetUnsupported,
    Blocked,
    DestinationMissing,
    DestinationRefuses,
    DraftChanged,
    IdempotencyKeyMissing,
    NotDrafted,
    QuoteExpired,
    RecipientAmbiguous,
    RecipientNotFound,
    RecipientWithoutWallet,
    RoomMismatch,
    TooLateToCancel,
    TooManyPending,
    ToSelf,
    TransferNotFound,
    WarningsNotAccepted,
)
from talktalk.transfers.ports import Rooms
from talktalk.transfers.rules import Cause, Payee, Pays, Purse
from talktalk.transfers.tables import TransferRow
from talktalk.transfers.tokens import (
    Spend,
    TokenLook,
    check_receiver,
    check_rippling,
    check_sender,
    check_token_purse,
    direct_spend,
    exchange_spend,
)
from talktalk.wallet.announcements import Announcements
from talktalk.wallet.schemas import ReadyWallet
from talktalk.wallet.service import WalletDesk
from talktalk_wire.common import Amount, FieldError
from talktalk_wire.transfers import (
    ApproveAsk,
    PaymentTarget,
    Transfer,
    TransferAsk,
    TransferCheck,
    TransferState,
)
from talktalk_wire.transfers import Warning as TransferWarning

LAPSED_BATCH = 50
LAPSED = frozenset({"draft_expired", "quote_expired"})
"""How a transfer ended that nobody approved in time."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """An ask that parses: what, and to whom, before any row or node was asked."""

    amount: Amount
    asset: Asset
    """Of what arrives."""
    spend: Asset
    """Of what leaves; another one is an exchange."""
    memo: str
    user_id: UUID | None
    destination: Destination | None
    pays: tuple[Pays, UUID] | None
    """What it pays beside its recipient."""

    @property
    def is_known_here(self) -> bool:
        """Whether our own rows tell all there is to look at before the examination: XRP to a person."""
        return self.destination is None and isinstance(self.asset, Xrp) and isinstance(self.spend, Xrp)

    @property
    def amount_drops(self) -> int:
        """The amount of a payment in which only XRP moves.

        Raises:
            AssetUnsupported: Something else does.
        """
        if not isinstance(self.asset, Xrp) or not isinstance(self.spend, Xrp):
            raise AssetUnsupported
        return parse_drops(self.amount.value)


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What the network says of an address that was named; None for a person."""

    payee: Payee
    lets_in: bool
    """Whether the account accepts this sender, if it chooses."""
    credential_ids: tuple[str, ...] = ()
    """What the sender must show to be let in."""


class Examined(msgspec.Struct, frozen=True, kw_only=True):
    """A payment nothing stands against."""

    wallet: ReadyWallet
    head: LedgerHead
    taken: outgoing.Taken
    amount: Amount
    spend: Spend
    spent_before: Decimal
    """What the sender has of what leaves, in its own units."""
    fee_drops: int
    memo: str
    credential_ids: tuple[str, ...]
    address: str
    destination_tag: int | None
    recipient_id: UUID | None
    creates_account: bool
    warnings: list[TransferWarning]
    pays: tuple[Pays, UUID] | None
    credits: dict[UUID, int]
    """What it pays of that."""


class TransferDesk:
    """What needs the ledger to read from, the wallet's desk, rooms, and the time."""

    def __init__(self, *, ledger: Ledger, wallets: WalletDesk, rooms: Rooms, clock: Clock) -> None:
        self.ledger = ledger
        self.wallets = wallets
        self.rooms = rooms
        self.clock = clock

    def want(self, ask: TransferAsk) -> Wanted:
        """Read an ask.

        Raises:
            BadAmount, BadAsset, BadAddress, BadMemo, AssetUnsupported, RecipientAmbiguous, PaysAmbiguous,
                NoteRefused: As named.
        """
        rules.clean_note(ask.note)
        memo = clean_memo(ask.memo)
        asset = parse_asset(ask.amount.asset)
        amount = parse_amount(ask.amount.value, asset)
        spend = asset if ask.spend_asset is None else parse_asset(ask.spend_asset)
        if (ask.user_id is None) == (ask.address is None):
            raise RecipientAmbiguous
        if ask.user_id is not None and ask.destination_tag is not None:
            raise RecipientAmbiguous("a destination tag goes with an address")
        destination = None
        if ask.address is not None:
            destination = parse_destination(
                ask.address, ask.destination_tag, main_network=self.ledger.is_main
            )
        return Wanted(
            amount=amount,
            asset=asset,
            spend=spend,
            memo=memo,
            user_id=ask.user_id,
            destination=destination,
            pays=linked.what(ask),
        )

    async def payee_address(self, db: AsyncSession, wanted: Wanted) -> str | None:
        """Where it goes, as far as it is known before everything is examined."""
        if wanted.destination is not None:
            return wanted.destination.address
        assert wanted.user_id is not None
        return await self.wallets.address_of(db, wanted.user_id)

    async def look_at_tokens(
        self, wanted: Wanted, sender_address: str, payee_address: str | None
    ) -> TokenLook | None:
        """Ask the network what stands between both ends and a token; None where only XRP moves, or nobody
        is at the other end. Holds no transaction.

        Raises:
            AssetUnknown, AssetUnsupported, LedgerUnavailable: As named.
        """
        if payee_address is None or payee_address == sender_address:
            return None
        if isinstance(wanted.asset, Xrp) and isinstance(wanted.spend, Xrp):
            return None
        return await quoting.look(
            self.ledger,
            sender=sender_address,
            receiver=payee_address,
            amount=wanted.amount,
            spend=wanted.spend,
        )

    async def look_at(self, wanted: Wanted, sender_address: str) -> Looked | None:
        """Ask the network about an address that was named. Holds no transaction.

        Raises:
            LedgerUnavailable: No node answers.
        """
        if wanted.destination is None:
            return None
        state = await self.ledger.account(wanted.destination.address)
        payee = Payee(
            exists=state is not None,
            balance_drops=state.balance_drops if state is not None else 0,
            flags=state.flags if state is not None else 0,
        )
        lets_in = True
        credential_ids: tuple[str, ...] = ()
        if state is not None and rules.chooses_senders(payee):
            receiver = wanted.destination.address
            lets_in = await self.ledger.deposit_authorized(sender_address, receiver)
            if not lets_in:
                credential_ids = await self.ledger.deposit_credentials(sender_address, receiver)
                lets_in = bool(credential_ids)
        return Looked(payee=payee, lets_in=lets_in, credential_ids=credential_ids)

    async def examine(
        self,
        db: AsyncSession,
        sender_id: UUID,
        wanted: Wanted,
        looked: Looked | None,
        tokens: TokenLook | None = None,
    ) -> Examined:
        """Everything that would stop this payment, or warn of it, as of the last processed ledger.

        Raises:
            Trouble: What stops it.
        """
        wallet = await self.wallets.ready_wallet(db, sender_id)
        head = await self.ledger.head(db)
        address, tag, recipient_id, looked = await self._payee(db, sender_id, wanted, looked)
        if address == wallet.address:
            raise ToSelf
        is_stranger = False
        if recipient_id is not None:
            are_friends, is_blocked = await social.standing(db, sender_id, recipient_id)
            if is_blocked:
                raise Blocked
            is_stranger = not are_friends
        credited = await linked.credits_for(
            db,
            wanted.pays,
            sender_id=sender_id,
            recipient_id=recipient_id,
            destination=wanted.destination,
            amount=wanted.amount,
        )
        taken = await outgoing.taken(db, self.ledger.network, wallet.address)
        if taken.is_full:
            raise TooManyPending(retry_after_s=5)
        purse = purse_of(wallet, head, taken)
        fee_drops = fees.capped(head.fee_drops)
        delivers_drops = parse_drops(wanted.amount.value) if isinstance(wanted.asset, Xrp) else 0
        if tokens is not None and not looked.payee.exists:
            raise DestinationMissing
        spend = Spend(most=wanted.amount)
        held = promised = Decimal(0)
        if tokens is not None:
            spend, held, promised = await self._spend(db, wallet.address, address, wanted, tokens)
        rules.check_purse(purse, spend.drops, fee_drops)
        must_be_let_in = rules.check_payee(looked.payee, delivers_drops, tag, head.reserves)
        if isinstance(wanted.spend, Xrp):
            held, promised = xrp_value(purse.balance_drops), xrp_value(purse.balance_drops - purse.free_drops)
        if must_be_let_in and not looked.lets_in:
            raise DestinationRefuses
        is_new_payee = not await self.wallets.has_paid(db, sender_id, address)
        return Examined(
            wallet=wallet,
            head=head,
            taken=taken,
            amount=wanted.amount,
            spend=spend,
            spent_before=held,
            fee_drops=fee_drops,
            memo=wanted.memo,
            credential_ids=looked.credential_ids if must_be_let_in else (),
            address=address,
            destination_tag=tag,
            recipient_id=recipient_id,
            creates_account=not looked.payee.exists,
            warnings=rules.warnings_of(
                held - promised,
                Decimal(spend.most.value),
                is_new_payee=is_new_payee,
                is_stranger=is_stranger,
                looks_like=await self._looks_like(db, sender_id, address) if is_new_payee else None,
                exchange=exchange_at(address) if tag is None else None,
            ),
            pays=wanted.pays,
            credits=credited,
        )

    async def preflight(self, examined: Examined) -> None:
        """Ask the ledger what it would do with this payment now, where it can tell. Holds no transaction.

        Raises:
            WouldFail: It would refuse it.
        """
        await self.ledger.preflight(self._draw_up(examined, self.clock.now()).draft.blob)

    async def check(self, db: AsyncSession, examined: Examined) -> TransferCheck:
        """What a payment would cost and warn of."""
        people = {}
        if examined.recipient_id is not None:
            people = await identity.people(db, [examined.recipient_id])
        most = examined.spend.most
        left = examined.spent_before - Decimal(most.value)
        if most.asset == "XRP":
            left -= xrp_value(examined.fee_drops)
        return TransferCheck(
            amount=examined.amount,
            spend=most,
            quote_expires_at=examined.spend.quote_expires_at,
            fee=xrp(examined.fee_drops),
            recipient=people.get(examined.recipient_id) if examined.recipient_id is not None else None,
            address=examined.address,
            creates_account=examined.creates_account,
            exchange=exchange_at(examined.address),
            warnings=examined.warnings,
            balance_after=Amount(value=plain(left), asset=most.asset),
        )

    async def known(
        self, db: AsyncSession, sender_id: UUID, idempotency_key: str, ask: TransferAsk
    ) -> Transfer | None:
        """The intent this key made before.

        Raises:
            IdempotencyKeyReused: It was made from another input.
        """
        row = await queries.by_key(db, sender_id, idempotency_key)
        if row is None:
            return None
        if row.input_hash != rules.input_hash(ask):
            raise IdempotencyKeyReused
        return await self._one(db, row)

    async def create(
        self, db: AsyncSession, caller: Caller, idempotency_key: str, ask: TransferAsk, examined: Examined
    ) -> Transfer | None:
        """Store the intent and its draft; None if the same key made one at this very moment.

        Raises:
            WarningsNotAccepted, RoomMismatch: As named.
        """
        not_accepted = [warning for warning in examined.warnings if warning.code not in ask.accepted_warnings]
        if not_accepted:
            raise WarningsNotAccepted(
                errors=tuple(FieldError(field=each.code, detail=each.detail) for each in not_accepted)
            )
        accepted = [code for code in rules.WARNINGS if code in ask.accepted_warnings]
        await self._check_room(db, caller.user_id, ask.room_id, examined.recipient_id)
        now = self.clock.now()
        terms = self._draw_up(examined, now)
        row = await queries.insert_new(
            db,
            {
                "id": uuid7(),
                "sender_id": caller.user_id,
                "idempotency_key": idempotency_key,
                "input_hash": rules.input_hash(ask),
                "kind": "single",
                "state": TransferState.DRAFTED,
                "uncertain": False,
                "version": 1,
                "network": self.ledger.network,
                "account": examined.wallet.address,
                "recipient_id": examined.recipient_id,
                "address": examined.address,
                "destination_tag": examined.destination_tag,
                "amount_value": examined.amount.value,
                "amount_asset": examined.amount.asset,
                "amount_drops": examined.spend.drops,
                **drafting.spend_columns(examined.amount, examined.spend),
                "room_id": ask.room_id,
                # What pays something is shown by that thing's card.
                "wants_card": linked.shows_itself(examined.pays)
                and (ask.room_id is not None or ask.user_id is not None),
                "pays_kind": examined.pays[0] if examined.pays is not None else None,
                "pays_id": examined.pays[1] if examined.pays is not None else None,
                "note": rules.clean_note(ask.note),
                "memo": examined.memo,
                "credential_ids": list(examined.credential_ids),
                "warnings": msgspec.to_builtins(examined.warnings),
                "accepted_warnings": accepted,
                "created_at": now,
                "updated_at": now,
                **drafting.columns(terms),
            },
        )
        if row is None:
            return None
        await linked.made(db, row, examined.credits)
        await audit.record(
            db,
            self.clock,
            "transfer.drafted",
            actor_id=caller.user_id,
            subject_id=row.id,
            amount=row.amount_value,
            asset=row.amount_asset,
            address=row.address,
            accepted=accepted,
        )
        return await self._one(db, row)

    async def approve(self, db: AsyncSession, caller: Caller, transfer_id: UUID, ask: ApproveAsk) -> Transfer:
        """Hand the person's approval of the draft to the worker.

        Approving again what was approved already changes nothing. A draft that can no longer be signed
        comes back drawn up anew, with `approval_error`, to be looked at again.

        Raises:
            TransferNotFound, DraftChanged, NotDrafted, DeviceNotTrusted, PinNeeded, PinLocked,
            WorkerKeyOld: As named.
            MoneyRequestClosed, MoneyRequestOverpaid, MoneyRequestBeingPaid, SettleUpChanged, RunNotDue:
                What it pays is not free any more.
        """
        row = await queries.one(db, transfer_id, sender_id=caller.user_id, lock=True)
        if row is None:
            raise TransferNotFound
        state = TransferState(row.state)
        is_same = row.signing_hash == ask.signing_hash.upper()
        if state is not TransferState.DRAFTED:
            if not is_same or state is TransferState.CANCELLED or row.failure_code in LAPSED:
                raise NotDrafted
            return await self._one(db, row)
        if not is_same:
            raise DraftChanged
        await self.wallets.access_as_trusted(db, caller.user_id, caller.device_id)
        await linked.hold(db, row)
        now = self.clock.now()
        if drafting.is_quote_old(row, now):
            raise QuoteExpired
        await custody.check_pin_open(db, caller.user_id, now)
        wallet = await self.wallets.ready_wallet(db, caller.user_id)
        head = await self.ledger.head(db)
        taken = await outgoing.taken(db, self.ledger.network, wallet.address)
        why = drafting.why_outdated(row, head, outgoing.next_number(wallet.account.sequence, taken))
        if why is not None:
            await drafting.redraw(db, self.ledger, row, wallet, now)
            self.turn(row, Cause.OUTDATED, now)
            row.approval_error, row.tries_left, row.retry_at = why, None, None
        else:
            await asks.write(
                db,
                purpose=AskPurpose.TRANSFER_APPROVE,
                user_id=caller.user_id,
                device_id=caller.device_id,
                session_id=caller.session_id,
                subject_id=row.id,
                context=bytes.fromhex(row.signing_hash),
                worker_key_id=ask.worker_key_id,
                sealed={"pin": ask.sealed_pin},
                now=now,
            )
            self.turn(row, Cause.APPROVED, now)
            row.approval_error, row.tries_left, row.retry_at = None, None, None
        await db.flush()
        return await self.announce(db, row)

    async def cancel(self, db: AsyncSession, caller: Caller, transfer_id: UUID) -> Transfer:
        """Take back what is not signed; cancelling again changes nothing.

        Raises:
            TransferNotFound, TooLateToCancel: As named.
        """
        # A worker holds the ask before the transfer; taking both in that order never waits in a ring.
        await asks.withdraw_about(db, transfer_id, caller.user_id)
        row = await queries.one(db, transfer_id, sender_id=caller.user_id, lock=True)
        if row is None:
            raise TransferNotFound
        if row.state == TransferState.CANCELLED:
            return await self._one(db, row)
        if row.state not in (TransferState.DRAFTED, TransferState.SIGNING):
            raise TooLateToCancel
        now = self.clock.now()
        self.turn(row, Cause.CANCELLED, now)
        await db.flush()
        await audit.record(db, self.clock, "transfer.cancelled", actor_id=caller.user_id, subject_id=row.id)
        return await self.announce(db, row)

    async def read(self, db: AsyncSession, user_id: UUID, transfer_id: UUID) -> Transfer:
        """One transfer, for its sender, or for its recipient once it was approved.

        Raises:
            TransferNotFound: None such, or not for this person.
        """
        row = await queries.seen_by(db, transfer_id, user_id)
        if row is None:
            raise TransferNotFound
        (transfer,) = await views.transfers_of(db, [row], viewer_id=user_id)
        return transfer

    async def page(
        self, db: AsyncSession, user_id: UUID, *, before: UUID | None, limit: int
    ) -> tuple[list[Transfer], UUID | None]:
        """A person's own transfers, newest first, and where the next page begins."""
        rows = await queries.page(db, user_id, before=before, limit=limit + 1)
        shown = rows[:limit]
        return await views.transfers_of(db, shown), shown[-1].id if len(rows) > limit else None

    async def expire_lapsed(self, db: AsyncSession) -> int:
        """End drafts nobody approved in time; nothing of them was ever signed."""
        now = self.clock.now()
        rows = await queries.lapsed(db, now - rules.DRAFT_LIFE, LAPSED_BATCH)
        for row in rows:
            self._lapse(row, "draft_expired", now)
        quoted = await queries.quotes_lapsed(db, now, LAPSED_BATCH)
        for row in quoted:
            if row.state == TransferState.DRAFTED:
                self._lapse(row, "quote_expired", now)
                rows.append(row)
        await db.flush()
        await self.announce_all(db, rows)
        return len(rows)

    def _lapse(self, row: TransferRow, code: str, now: datetime) -> None:
        self.turn(row, Cause.LAPSED, now)
        row.failure_code, row.fee_charged_drops = code, 0
        row.failure_detail = views.DETAILS[code]

    def turn(self, row: TransferRow, cause: Cause, now: datetime) -> None:
        """Move a locked row along the state machine."""
        row.state = rules.turn(TransferState(row.state), cause)
        row.version += 1
        row.updated_at = now

    async def announce(self, db: AsyncSession, row: TransferRow) -> Transfer:
        """Turn the cards of what it pays, and tell the sender's devices how the transfer stands."""
        announcements = Announcements()
        await self.turn_cards(db, [row], announcements)
        return (await self.announce_all(db, [row], announcements))[0]

    async def turn_cards(
        self,
        db: AsyncSession,
        rows: Sequence[TransferRow],
        announcements: Announcements,
        own: Mapping[UUID, Mapping[str, Any]] | None = None,
    ) -> None:
        """Count anew what these transfers pay, and turn the cards of that together with `own`."""
        paid = await linked.turned(db, rows, announcements, self.clock.now())
        await self.rooms.turn_cards(db, {**(own or {}), **paid})

    async def announce_all(
        self, db: AsyncSession, rows: Sequence[TransferRow], announcements: Announcements | None = None
    ) -> list[Transfer]:
        """Tell the senders; with `announcements`, together with what else is told there."""
        shown = await views.transfers_of(db, rows)
        told = announcements or Announcements()
        for row, transfer in zip(rows, shown, strict=True):
            told.add(row.sender_id, "transfer.turned", {"transfer": transfer})
        await told.flush(db)
        return shown

    async def _one(self, db: AsyncSession, row: TransferRow) -> Transfer:
        (transfer,) = await views.transfers_of(db, [row])
        return transfer

    def _draw_up(self, examined: Examined, now: datetime) -> drafting.Terms:
        return drafting.draw_up(
            wallet=examined.wallet,
            head=examined.head,
            taken=examined.taken,
            address=examined.address,
            destination_tag=examined.destination_tag,
            amount=examined.amount,
            spend=examined.spend,
            memo=examined.memo,
            credential_ids=examined.credential_ids,
            now=now,
        )

    async def _payee(
        self, db: AsyncSession, sender_id: UUID, wanted: Wanted, looked: Looked | None
    ) -> tuple[str, int | None, UUID | None, Looked]:
        """Address, tag, person here if any, and the account's state."""
        if wanted.destination is not None:
            assert looked is not None, "an address was looked at"
            owner_id = await self.wallets.owner_of(db, wanted.destination.address)
            return wanted.destination.address, wanted.destination.tag, owner_id, looked
        assert wanted.user_id is not None
        if wanted.user_id == sender_id:
            raise ToSelf
        if wanted.user_id not in await identity.people(db, [wanted.user_id]):
            raise RecipientNotFound
        address = await self.wallets.address_of(db, wanted.user_id)
        if address is None:
            raise RecipientWithoutWallet
        account = await accounts.read(db, self.ledger.network, address)
        payee = Payee(
            exists=account is not None and account.exists,
            balance_drops=account.balance_drops if account is not None else 0,
            flags=account.flags if account is not None else 0,
        )
        return address, None, wanted.user_id, Looked(payee=payee, lets_in=False)

    async def target(self, db: AsyncSession, text: str) -> PaymentTarget:
        """What a scanned, pasted or followed text proposes to pay.

        Raises:
            PaymentLinkMalformed, BadAddress: As named.
        """
        link = parse_payment_link(text, main_network=self.ledger.is_main)
        owner_id = await self.wallets.owner_of(db, link.address)
        people = await identity.people(db, [owner_id]) if owner_id is not None else {}
        whole = Destination(link.address, link.destination_tag)
        return PaymentTarget(
            address=link.address,
            destination_tag=link.destination_tag,
            x_address=x_address(whole, main_network=self.ledger.is_main),
            amount=link.amount,
            memo=link.memo,
            person=people.get(owner_id) if owner_id is not None else None,
            exchange=exchange_at(link.address),
            uri=write_payment_link(link),
        )

    async def _looks_like(self, db: AsyncSession, sender_id: UUID, address: str) -> str | None:
        """The address of a payee or friend that this one could be taken for."""
        known = await self.wallets.paid_addresses_like(db, sender_id, address)
        if not known:
            known = await self.wallets.addresses_of(db, await social.friend_ids(db, sender_id))
        return next((each for each in known if rules.looks_like(address, each)), None)

    async def _spend(
        self, db: AsyncSession, sender: str, receiver: str, wanted: Wanted, tokens: TokenLook
    ) -> tuple[Spend, Decimal, Decimal]:
        """What leaves at most, and of a token: what there is and what of it is promised.

        Raises:
            Trouble: What stands between the two and the token.
        """
        is_exchange = wanted.asset != wanted.spend
        sent = received = None
        held = promised = Decimal(0)
        if not isinstance(wanted.spend, Xrp):
            assert tokens.spend_terms is not None, "it was looked at"
            to_issuer = not is_exchange and receiver == tokens.spend_terms.issuer
            found = await holdings.one(db, self.ledger.network, sender, str(wanted.spend))
            sent = check_sender(wanted.spend, tokens.spend_terms, found, to_issuer=to_issuer)
            held = Decimal(sent.balance)
            promised = await promised_tokens(db, self.ledger.network, sender, str(wanted.spend))
        if not isinstance(wanted.asset, Xrp):
            assert tokens.terms is not None, "it was looked at"
            if receiver != tokens.terms.issuer:
                received = check_receiver(
                    wanted.asset, tokens.terms, tokens.received, Decimal(wanted.amount.value)
                )
        if is_exchange:
            spend = exchange_spend(wanted.spend, tokens.quote, self.clock.now())
        else:
            assert not isinstance(wanted.asset, Xrp), "XRP alone is not looked at"
            assert tokens.terms is not None, "it was looked at"
            if sent is not None and received is not None and not tokens.terms.lets_holders_pay:
                check_rippling(sent, received)
            spend = direct_spend(wanted.asset, tokens.terms, wanted.amount, to_issuer=received is None)
        if sent is not None:
            check_token_purse(held, promised, Decimal(spend.most.value))
        return spend, held, promised

    async def _check_room(
        self, db: AsyncSession, sender_id: UUID, room_id: UUID | None, recipient_id: UUID | None
    ) -> None:
        if room_id is None:
            return
        for user_id in (sender_id, recipient_id):
            if user_id is not None and not await self.rooms.is_member(db, room_id, user_id):
                raise RoomMismatch


async def promised_tokens(db: AsyncSession, network: str, account: str, asset: str) -> Decimal:
    """What signed transfers of the account may still take of a token."""
    return sum(map(Decimal, await queries.live_spends(db, network, account, asset)), Decimal(0))


def xrp_value(drops: int) -> Decimal:
    """Drops as a number of XRP."""
    return Decimal(drops) / DROPS_PER_XRP


def purse_of(wallet: ReadyWallet, head: LedgerHead, taken: outgoing.Taken) -> Purse:
    """What a person has, and has promised."""
    return Purse(
        balance_drops=wallet.account.balance_drops,
        spendable_drops=wallet.account.spendable_drops(head.reserves),
        promised_drops=taken.spend_drops,
    )


def checked_key(idempotency_key: str | None) -> str:
    """The key of a request that makes a transfer.

    Raises:
        IdempotencyKeyMissing: There is none.
        IdempotencyKeyInvalid: Empty or too long.
    """
    if idempotency_key is None:
        raise IdempotencyKeyMissing
    if not idempotency_key or len(idempotency_key) > KEY_LENGTH_MAX:
        raise IdempotencyKeyInvalid
    return idempotency_key
