"""Paying: `TalkTalk.transfers`.

`pay` makes its idempotency key before the first attempt and keeps it through all of them, so that a
lost answer never pays twice. The server answers with a drafted transaction; it is decoded here and
compared with what was asked (`draft`) before anything is approved. The approval binds the PIN to
that transaction's signing hash. What follows is between the server and the ledger; `Payment.wait`
tells how it ends.

Payments that are made at the same moment contend for the account's next number. Whichever comes
later is drawn up anew by the server, and compared and approved anew here.
"""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from decimal import Decimal
from typing import Final
from uuid import UUID

import msgspec
from xrpl.core.addresscodec import (
    XRPLAddressCodecException,
    is_valid_classic_address,
    xaddress_to_classic_address,
)

from talktalk_client import draft as drafts
from talktalk_client import pages
from talktalk_client.draft import FEE_DROPS_MAX, XRP, PaymentAsked
from talktalk_client.errors import (
    ApprovalRefused,
    Conflict,
    Difference,
    DraftRefused,
    PaymentNotSettled,
    ProtocolError,
    ServerTrouble,
    Unreachable,
    WalletNotReady,
)
from talktalk_client.events import TransferTurned
from talktalk_client.link import Link
from talktalk_client.people import SomePerson, person_id
from talktalk_client.policy import Backoff, Policy
from talktalk_client.rest import Http
from talktalk_client.rooms import SomeRoom, room_id_of
from talktalk_client.sealing import Sealer
from talktalk_client.stream import EventStream
from talktalk_client.wallet import Sealers
from talktalk_wire.common import Amount, Page
from talktalk_wire.invitations import Invitation, InvitationPayAsk
from talktalk_wire.requests import MoneyRequest
from talktalk_wire.schedules import Run
from talktalk_wire.transfers import (
    AmountAsk,
    ApproveAsk,
    Draft,
    PaymentTarget,
    PaymentTextAsk,
    Transfer,
    TransferAsk,
    TransferCheck,
    TransferState,
)
from talktalk_wire.wallet import Wallet

TERMINAL: Final = frozenset(
    {TransferState.SETTLED, TransferState.FAILED, TransferState.EXPIRED, TransferState.CANCELLED}
)

OUTDATED: Final = frozenset({"draft_changed", "draft_expired"})
"""Refusals after which the same payment has been drawn up anew."""

DRAFTS_MAX: Final = 20
"""Drafts of one payment that are compared and approved before its turn has not come."""

Payee = SomePerson | str
"""Someone on TalkTalk, or an address: `r…`, or an X-address that carries its tag."""

SomeRequest = UUID | MoneyRequest
"""Whatever tells which request is meant."""


def request_id_of(request: SomeRequest) -> UUID:
    """The id of the request that is meant."""
    return request if isinstance(request, UUID) else request.id


def new_idempotency_key() -> str:
    """A key for one payment, 128 random bits."""
    return secrets.token_urlsafe(16)


class _Asked(msgspec.Struct, frozen=True):
    """What was asked for, kept for comparison with what comes back."""

    body: TransferAsk
    amount: Amount
    spend_max: Amount | None
    address: str | None
    """Classic; None where the payee is told by person."""
    destination_tag: int | None
    fee_drops_max: int


class Transfers:
    """Payments this person sends."""

    def __init__(self, http: Http, link: Link, sealers: Sealers, policy: Policy) -> None:
        self.http = http
        self.link = link
        self.policy = policy
        self._sealers = sealers
        self._wallet: Wallet | None = None
        self._known_addresses: dict[UUID, str] = {}

    async def check(
        self,
        *,
        to: Payee,
        amount: str | int | Decimal,
        note: str = "",
        room: SomeRoom | None = None,
        destination_tag: int | None = None,
        memo: str = "",
        asset: str = XRP,
        pay_with: str | None = None,
    ) -> TransferCheck:
        """What a payment would cost and warn of; nothing is made.

        `TransferCheck.spend` tells what would leave at most: with an issuer's fee, or the price of an
        exchange now.

        Raises:
            ApiError: What would stop it.
        """
        asked = _asked(to, amount, note, room, destination_tag, (), FEE_DROPS_MAX, memo, asset, pay_with)
        path = "/api/v1/transfers/checks"
        return await self.http.post(path, asked.body, TransferCheck, repeatable=True)

    async def pay(
        self,
        *,
        to: Payee,
        amount: str | int | Decimal,
        pin: str,
        note: str = "",
        room: SomeRoom | None = None,
        destination_tag: int | None = None,
        memo: str = "",
        asset: str = XRP,
        pay_with: str | None = None,
        spend_max: str | int | Decimal | None = None,
        accept_warnings: Collection[str] = (),
        request: SomeRequest | None = None,
        settles_room: SomeRoom | None = None,
        run: UUID | Run | None = None,
        fee_drops_max: int = FEE_DROPS_MAX,
        idempotency_key: str | None = None,
    ) -> "Payment":
        """Make a payment and approve it.

        Args:
            to: A person, or an address.
            amount: Of `asset`, above zero; never a float. It arrives exactly, or nothing leaves.
            pin: This person's payment PIN. It leaves this process sealed.
            note: Shown to both sides; at most `NOTE_LENGTH_MAX` characters.
            room: Where its card stands; None with a person: the direct room.
            destination_tag: With an address that asks for one.
            memo: Written into the transaction, where everybody can read it for ever.
            asset: `XRP`, `<code>.<issuer>` or `mpt.<issuance id>`.
            pay_with: Another asset that is exchanged on the way, at a price that expires.
            spend_max: What may leave at most, of `pay_with`; a dearer draft is refused here. An exchange
                needs it, and so does a token whose issuer takes a fee (`TransferCheck.spend` tells).
            accept_warnings: Codes of `TransferCheck.warnings` the person has accepted.
            request: The request this pays, in part or whole; `to` is who made it.
            settles_room: The room whose settle-up plan has this payment.
            run: The scheduled payment this is.
            fee_drops_max: A dearer transaction is refused here.
            idempotency_key: The key of an earlier try whose outcome is not known; the payment is made
                once for a key. None makes a new one.

        Returns:
            The payment on its way; `wait` or `settled` tells how it ends.

        Raises:
            DraftRefused: The drafted transaction is not what was asked. Nothing was approved.
            ApprovalRefused: The worker did not accept the PIN or the device. Calling again with the same
                `idempotency_key` and another PIN goes on with the same payment.
            ValueError: An amount that cannot be, or an exchange without `spend_max`.
            ApiError: Refused: `insufficient_balance`, `below_reserve`, `warnings_not_accepted`, …
            WalletNotReady: This person has no wallet yet.
            Unreachable: No answer; call again with the same `idempotency_key`.
        """
        key = idempotency_key or new_idempotency_key()
        asked = _asked(
            to,
            amount,
            note,
            room,
            destination_tag,
            accept_warnings,
            fee_drops_max,
            memo,
            asset,
            pay_with,
            spend_max,
        )
        if pay_with not in (None, asset) and spend_max is None:
            raise ValueError("an exchange needs `spend_max`: its price is not yours to know beforehand")
        if request is not None or settles_room is not None or run is not None:
            pays = msgspec.structs.replace(
                asked.body,
                request_id=None if request is None else request_id_of(request),
                settles_room_id=None if settles_room is None else room_id_of(settles_room),
                run_id=run.id if isinstance(run, Run) else run,
            )
            asked = msgspec.structs.replace(asked, body=pays)
        wallet = await self._own_wallet()
        transfer = await self.http.post("/api/v1/transfers", asked.body, Transfer, idempotency_key=key)
        payment = Payment(self, transfer, key)
        await payment.approve(pin, lambda drafted: self._compare(asked, wallet, drafted))
        return payment

    async def pay_invitation(
        self,
        invitation: Invitation,
        *,
        pin: str,
        accept_warnings: Collection[str] = (),
        fee_drops_max: int = FEE_DROPS_MAX,
        idempotency_key: str | None = None,
    ) -> "Payment":
        """Pay whoever has come by an invitation that is `ready`, and approve it.

        Raises:
            ValueError: The invitation tells nobody to be paid.
            ApiError, DraftRefused, ApprovalRefused, Unreachable: As `pay`; `invitation_closed` while
                another payment of it is on its way, or after one settled.
        """
        if invitation.person is None:
            raise ValueError("nobody has come by this invitation yet")
        key = idempotency_key or new_idempotency_key()
        asked = _asked(
            invitation.person,
            invitation.amount.value,
            invitation.note,
            None,
            None,
            accept_warnings,
            fee_drops_max,
            "",
            invitation.amount.asset,
        )
        wallet = await self._own_wallet()
        body = InvitationPayAsk(accepted_warnings=tuple(accept_warnings))
        path = f"/api/v1/invitations/{invitation.id}/pay"
        transfer = await self.http.post(path, body, Transfer, idempotency_key=key)
        payment = Payment(self, transfer, key)
        await payment.approve(pin, lambda drafted: self._compare(asked, wallet, drafted))
        return payment

    async def target(self, text: str) -> PaymentTarget:
        """What a payment link, an X-address or an address proposes, as the server reads it.

        Raises:
            ApiError: `payment_link_malformed`, `address_malformed`, `address_other_network`, …
        """
        path = "/api/v1/transfers/targets"
        return await self.http.post(path, PaymentTextAsk(text=text), PaymentTarget, repeatable=True)

    async def get(self, transfer: Transfer | UUID) -> Transfer:
        """One transfer as it is now."""
        transfer_id = transfer if isinstance(transfer, UUID) else transfer.id
        return await self.http.get(f"/api/v1/transfers/{transfer_id}", Transfer)

    def list(self) -> AsyncIterator[Transfer]:
        """Every transfer this person made, the newest first."""
        return pages.items(self.http, "/api/v1/transfers", Page[Transfer])

    async def cancel(self, transfer: Transfer | UUID) -> Transfer:
        """Take back one that was not approved."""
        transfer_id = transfer if isinstance(transfer, UUID) else transfer.id
        return await self.http.post(f"/api/v1/transfers/{transfer_id}/cancel", None, Transfer)

    async def wait(self, transfer: Transfer | UUID, *, timeout_s: float = 120.0) -> Transfer:
        """`Payment.wait` for a transfer known by its id."""
        return await Payment(self, await self.get(transfer), "").wait(timeout_s=timeout_s)

    async def approve(self, transfer_id: UUID, draft: Draft, pin: str) -> Transfer:
        """Approve a draft that has been compared with what was asked; `pay` does both."""

        async def ask(sealer: Sealer) -> Transfer:
            sealed = sealer.seal(pin, purpose="transfer.approve", context=bytes.fromhex(draft.signing_hash))
            body = ApproveAsk(signing_hash=draft.signing_hash, worker_key_id=sealer.key_id, sealed_pin=sealed)
            return await self.http.post(f"/api/v1/transfers/{transfer_id}/approve", body, Transfer)

        return await self._sealers.use(ask)

    async def _own_wallet(self) -> Wallet:
        """Address and key never change once they are there."""
        if self._wallet is None:
            wallet = await self.http.get("/api/v1/wallet", Wallet)
            if wallet.address is None or wallet.public_key is None:
                raise WalletNotReady("the wallet has no address yet")
            self._wallet = wallet
        return self._wallet

    def _compare(self, asked: _Asked, wallet: Wallet, transfer: Transfer) -> None:
        """Refuse a transfer whose record or transaction is not what was asked."""
        found = list(_record_differences(asked, transfer))
        address = asked.address
        if address is None and transfer.recipient is not None:
            # A person's address is the server's word; but it never changes.
            address = self._known_addresses.setdefault(transfer.recipient.id, transfer.address)
        if transfer.address != address:
            found.append(Difference("address", str(address), transfer.address))
        if found:
            raise DraftRefused(tuple(found))
        if transfer.draft is None:
            raise ProtocolError(f"transfer {transfer.id} is drafted and brings no draft")
        payment = PaymentAsked(
            sender=wallet.address or "",
            public_key=wallet.public_key or "",
            destination=transfer.address,
            destination_tag=asked.destination_tag,
            memo=asked.body.memo,
            amount=asked.amount,
            spend_max=asked.spend_max,
            fee_drops_max=asked.fee_drops_max,
        )
        drafts.check_payment(transfer.draft, payment)


class Payment:
    """One payment on its way."""

    def __init__(self, transfers: Transfers, transfer: Transfer, idempotency_key: str) -> None:
        self.transfer = transfer
        """Its newest known state."""
        self.idempotency_key = idempotency_key
        self._transfers = transfers
        self._approved_version = -1  # of the draft that was last approved

    async def approve(self, pin: str, compare: Callable[[Transfer], None]) -> None:
        """Approve the draft and wait for the worker's decision; `Transfers.pay` calls this.

        A draft that aged or lost its number to another payment comes back drawn up anew. It is
        compared and approved like the first.

        Raises:
            DraftRefused: By `compare`.
            ApprovalRefused, ApiError: Refused.
            Unreachable: No answer after `Policy.tries_max` tries.
        """
        with contextlib.suppress(TimeoutError):  # undecided: `wait` goes on from here
            for _ in range(DRAFTS_MAX):
                await self._until(self._is_decided, self._transfers.policy.decision_timeout_s)
                if self.transfer.state is not TransferState.DRAFTED:
                    return
                compare(self.transfer)
                await self._send_approval(pin)
                await self._until(self._is_decided, self._transfers.policy.decision_timeout_s)
                if self.transfer.approval_error not in OUTDATED:
                    break
            self._raise_refusal()

    async def wait(self, *, timeout_s: float = 120.0) -> Transfer:
        """Return once the outcome is certain: settled, failed, expired or cancelled.

        Raises:
            ApprovalRefused: The worker, late, did not accept the approval; nothing was signed.
            TimeoutError: Not certain after `timeout_s`. It goes on; wait again.
        """
        await self._until(self._has_ended, timeout_s)
        self._raise_refusal()
        return self.transfer

    async def settled(self, *, timeout_s: float = 120.0) -> Transfer:
        """Return once the money has moved.

        Raises:
            PaymentNotSettled: It ended otherwise.
            ApprovalRefused, TimeoutError: As `wait`.
        """
        transfer = await self.wait(timeout_s=timeout_s)
        if transfer.state is not TransferState.SETTLED:
            raise PaymentNotSettled(transfer)
        return transfer

    async def _send_approval(self, pin: str) -> None:
        transfers = self._transfers
        draft = self.transfer.draft
        if draft is None:
            raise ProtocolError(f"transfer {self.transfer.id} is drafted and brings no draft")
        self._approved_version = self.transfer.version
        backoff = Backoff(transfers.policy.retry_first_s, transfers.policy.retry_last_s)
        for tries_left in reversed(range(transfers.policy.tries_max)):
            try:
                self._take(await transfers.approve(self.transfer.id, draft, pin))
            except (Unreachable, ServerTrouble, Conflict):
                # The approval may have been heard, or the draft be another: the transfer itself tells.
                self._take(await transfers.get(self.transfer))
                if self.transfer.version == self._approved_version:
                    if not tries_left:
                        raise
                    await asyncio.sleep(backoff.pause_s())
                    continue
            return

    def _is_decided(self) -> bool:
        """Whether nobody is looking at an approval now."""
        return self.transfer.state is not TransferState.SIGNING

    def _has_ended(self) -> bool:
        return self.transfer.state in TERMINAL or self._is_refused()

    def _is_refused(self) -> bool:
        transfer = self.transfer
        return (
            transfer.state is TransferState.DRAFTED
            and transfer.approval_error is not None
            and transfer.version > self._approved_version
        )

    def _raise_refusal(self) -> None:
        if self._is_refused():
            raise ApprovalRefused(self.transfer)

    async def _until(self, is_so: Callable[[], bool], timeout_s: float) -> None:
        """Follow the transfer, by events while the socket is kept, else by looking."""
        if is_so():
            return
        transfers = self._transfers
        async with asyncio.timeout(timeout_s), contextlib.AsyncExitStack() as stack:
            news = None
            if transfers.link.is_running:
                news = await stack.enter_async_context(EventStream(transfers.link, transfers.policy))
            backoff = Backoff(transfers.policy.poll_first_s, transfers.policy.poll_last_s)
            self._take(await transfers.get(self.transfer))
            while not is_so():
                self._take(await self._next(news, backoff.pause_s()))

    async def _next(self, news: EventStream | None, pause_s: float) -> Transfer:
        """What an event tells, or what a look tells when none has come for a while."""
        if news is None:
            await asyncio.sleep(pause_s)
            return await self._transfers.get(self.transfer)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                async for event in news:
                    if isinstance(event, TransferTurned) and event.transfer.id == self.transfer.id:
                        return event.transfer
        return await self._transfers.get(self.transfer)

    def _take(self, transfer: Transfer) -> None:
        if transfer.version >= self.transfer.version:
            self.transfer = transfer


def _asked(
    to: Payee,
    amount: str | int | Decimal,
    note: str,
    room: SomeRoom | None,
    destination_tag: int | None,
    accept_warnings: Collection[str],
    fee_drops_max: int,
    memo: str = "",
    asset: str = XRP,
    pay_with: str | None = None,
    spend_max: str | int | Decimal | None = None,
) -> _Asked:
    value = drafts.amount_text(amount, asset)
    spent = pay_with or asset
    bound = None if spend_max is None else Amount(value=drafts.amount_text(spend_max, spent), asset=spent)
    address, tag = classic(to, destination_tag) if isinstance(to, str) else (None, destination_tag)
    body = TransferAsk(
        amount=AmountAsk(value=value, asset=asset),
        spend_asset=None if spent == asset else spent,
        user_id=None if isinstance(to, str) else person_id(to),
        address=to if isinstance(to, str) else None,
        destination_tag=destination_tag,
        room_id=None if room is None else room_id_of(room),
        note=note,
        memo=memo.strip(),
        accepted_warnings=tuple(accept_warnings),
    )
    return _Asked(body, Amount(value=value, asset=asset), bound, address, tag, fee_drops_max)


def classic(address: str, destination_tag: int | None) -> tuple[str, int | None]:
    """The ledger knows only classic addresses and tags.

    Raises:
        ValueError: Not an address, or its own tag and the one given differ.
    """
    if is_valid_classic_address(address):
        return address, destination_tag
    try:
        classic, tag, _ = xaddress_to_classic_address(address)
    except (XRPLAddressCodecException, ValueError) as error:
        raise ValueError(f"not an XRPL address: {address!r}") from error
    if tag is not None and destination_tag is not None and tag != destination_tag:
        raise ValueError(f"the address carries tag {tag}, the payment {destination_tag}")
    return classic, destination_tag if tag is None else tag


def _record_differences(asked: _Asked, transfer: Transfer) -> Sequence[Difference]:
    """Where the transfer's own record is not what was asked."""
    recipient = None if transfer.recipient is None else transfer.recipient.id
    pairs: dict[str, tuple[object, object]] = {
        "spend asset": (asked.body.spend_asset or asked.amount.asset, transfer.spend.asset),
        "destination_tag": (asked.destination_tag, transfer.destination_tag),
        "note": (asked.body.note, transfer.note),
        "memo": (asked.body.memo, transfer.memo),
    }
    if asked.body.user_id is not None:
        pairs["recipient"] = (asked.body.user_id, recipient)
    found = [Difference(name, str(want), str(got)) for name, (want, got) in pairs.items() if want != got]
    if not drafts.same_amount(asked.amount, transfer.amount):
        found.append(Difference("amount", str(asked.amount), str(transfer.amount)))
    if (asked.body.spend_asset is None) != (transfer.quote_expires_at is None):
        found.append(Difference("quote_expires_at", "of an exchange alone", str(transfer.quote_expires_at)))
    return found
