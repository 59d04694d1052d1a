"""Paying many at once, taking up tokens and letting them go: `TalkTalk.orders`.

An order is one intent of several transactions under one approval. Its drafts are decoded here and
compared with what was asked (`order_draft`) before anything is approved; the approval binds the PIN
to the whole set. `wait` tells how it ends.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from decimal import Decimal
from typing import Final
from uuid import UUID

import msgspec

from talktalk_client import draft as drafts
from talktalk_client import order_draft, pages
from talktalk_client.draft import FEE_DROPS_MAX
from talktalk_client.errors import (
    Difference,
    DraftRefused,
    OrderRefused,
    ProtocolError,
    WalletNotReady,
)
from talktalk_client.events import OrderTurned
from talktalk_client.link import Link
from talktalk_client.order_draft import BulkAsked, PaidAsked, TrustAsked
from talktalk_client.people import SomePerson, person_id
from talktalk_client.policy import Backoff, Policy
from talktalk_client.rest import Http
from talktalk_client.rooms import SomeRoom, room_id_of
from talktalk_client.sealing import Sealer
from talktalk_client.stream import EventStream
from talktalk_client.transfers import DRAFTS_MAX, OUTDATED, classic, new_idempotency_key
from talktalk_client.wallet import Sealers
from talktalk_wire.common import Page
from talktalk_wire.orders import (
    ApproveOrderAsk,
    BulkAsk,
    BulkMode,
    BulkRecipient,
    Order,
    OrderAsk,
    OrderCheck,
    OrderKind,
    OrderState,
    OrderSummary,
    TrustAction,
    TrustLineAsk,
)
from talktalk_wire.transfers import AmountAsk
from talktalk_wire.wallet import Wallet

TERMINAL: Final = frozenset(
    {
        OrderState.DONE,
        OrderState.PARTLY,
        OrderState.FAILED,
        OrderState.EXPIRED,
        OrderState.CANCELLED,
    }
)
LIMIT_DEFAULT: Final = "1000000000"
"""How much of a currency somebody takes who does not say: more than anyone here will be paid. It is
always said, so that it can be compared."""
_PATH: Final = "/api/v1/orders"


class Pay(msgspec.Struct, frozen=True):
    """One of many to be paid."""

    to: SomePerson | str
    """A person, or an address."""
    amount: str | int | Decimal
    destination_tag: int | None = None


class Orders:
    """Orders this person makes."""

    def __init__(self, http: Http, link: Link, sealers: Sealers, policy: Policy) -> None:
        self._http = http
        self._link = link
        self._sealers = sealers
        self._policy = policy
        self._known_addresses: dict[UUID, str] = {}

    async def check(self, mode: BulkMode, payments: Sequence[Pay]) -> OrderCheck:
        """A dry run: total, fees, reserve, number of ledgers; nothing is made.

        Raises:
            ApiError: What would stop it.
        """
        return await self._http.post(f"{_PATH}/checks", _ask(mode, payments), OrderCheck, repeatable=True)

    async def pay_many(
        self,
        mode: BulkMode,
        payments: Sequence[Pay],
        *,
        pin: str,
        note: str = "",
        room: SomeRoom | None = None,
        accept_warnings: Collection[str] = (),
        fee_drops_max: int = FEE_DROPS_MAX,
        idempotency_key: str | None = None,
    ) -> Order:
        """Make a bulk payment, approve it, and return once the worker has decided on the approval.

        Args:
            mode: What a payment that fails means for the others.
            payments: 2 to 200 of them, nobody twice.
            pin: This person's payment PIN. It leaves this process sealed.
            note: Shown to everybody.
            room: Where its card stands; None for none.
            accept_warnings: Codes of `OrderCheck.warnings` the person has accepted.
            fee_drops_max: Of one payment; dearer drafts are refused here.
            idempotency_key: The key of an earlier try whose outcome is not known. None makes a new one.

        Raises:
            DraftRefused: The drafts are not what was asked. Nothing was approved.
            OrderRefused: The worker did not accept the PIN or the device.
            ApiError, Unreachable, WalletNotReady: As `Transfers.pay`.
        """
        ask = _ask(mode, payments, note=note, room=room, accept_warnings=accept_warnings)

        def compare(wallet: Wallet, order: Order) -> None:
            self._compare(ask, wallet, order, fee_drops_max)

        return await self._carry_out(ask, pin, idempotency_key, compare)

    async def check_token(
        self, action: TrustAction, asset: str, *, limit: str | int | Decimal | None = None
    ) -> OrderCheck:
        """A dry run of `change_token`: the reserve a line would lock, the fee, warnings.

        Raises:
            ApiError: What would stop it.
        """
        ask = _trust_ask(action, asset, limit, ())
        return await self._http.post(f"{_PATH}/checks", ask, OrderCheck, repeatable=True)

    async def change_token(
        self,
        action: TrustAction,
        asset: str,
        *,
        pin: str,
        limit: str | int | Decimal | None = None,
        accept_warnings: Collection[str] = (),
        fee_drops_max: int = FEE_DROPS_MAX,
        idempotency_key: str | None = None,
    ) -> Order:
        """Take up a token, change its limit or let it go; returns once the worker has decided on the approval.

        Args:
            action: Only an empty line can be removed.
            asset: `<code>.<issuer>`, or `mpt.<issuance id>`.
            pin: This person's payment PIN. It leaves this process sealed.
            limit: How much of a currency to take at most; None adds with `LIMIT_DEFAULT`. A change
                needs it, MPTs have none.
            accept_warnings: Codes of `OrderCheck.warnings` the person has accepted.
            fee_drops_max: A dearer draft is refused here.
            idempotency_key: The key of an earlier try whose outcome is not known. None makes a new one.

        Raises:
            ValueError: A limit that cannot be.
            DraftRefused: The draft is not what was asked. Nothing was approved.
            OrderRefused: The worker did not accept the PIN or the device.
            ApiError: Refused: `line_unchanged`, `line_not_empty`, `no_new_lines`, `below_reserve`, …
            Unreachable, WalletNotReady: As `Transfers.pay`.
        """
        ask = _trust_ask(action, asset, limit, accept_warnings)
        assert ask.trust_line is not None
        wanted = ask.trust_line

        def compare(wallet: Wallet, order: Order) -> None:
            if order.draft is None:
                raise ProtocolError(f"order {order.id} is drafted and brings no draft")
            asked = TrustAsked(
                account=wallet.address or "",
                public_key=wallet.public_key or "",
                asset=wanted.asset,
                action=wanted.action,
                limit=wanted.limit,
                fee_drops_max=fee_drops_max,
            )
            order_draft.check_trust_line(order.draft, asked)

        return await self._carry_out(ask, pin, idempotency_key, compare)

    async def _carry_out(
        self,
        ask: OrderAsk,
        pin: str,
        idempotency_key: str | None,
        compare: Callable[[Wallet, Order], None],
    ) -> Order:
        """Make an order, and approve each of its drafts that `compare` lets pass."""
        key = idempotency_key or new_idempotency_key()
        wallet = await self._http.get("/api/v1/wallet", Wallet)
        if wallet.address is None or wallet.public_key is None:
            raise WalletNotReady("the wallet has no address yet")
        order = await self._http.post(_PATH, ask, Order, idempotency_key=key)
        for _ in range(DRAFTS_MAX):
            if order.state is not OrderState.DRAFTED:
                return order
            compare(wallet, order)
            order = await self._decided(await self._approve(order, pin))
            if order.state is not OrderState.DRAFTED:
                return order
            if order.approval_error not in OUTDATED:
                break
        raise OrderRefused(order)

    async def get(self, order: Order | OrderSummary | UUID) -> Order:
        """One order as it is now."""
        return await self._http.get(f"{_PATH}/{_id_of(order)}", Order)

    def list(self) -> AsyncIterator[OrderSummary]:
        """Every order this person made, the newest first."""
        return pages.items(self._http, _PATH, Page[OrderSummary])

    async def cancel(self, order: Order | OrderSummary | UUID) -> Order:
        """Take back one that was not signed."""
        return await self._http.post(f"{_PATH}/{_id_of(order)}/cancel", None, Order)

    async def wait(self, order: Order | OrderSummary | UUID, *, timeout_s: float = 300.0) -> Order:
        """The order once it has ended.

        Raises:
            TimeoutError: Not within `timeout_s`; it goes on all the same.
        """
        async with asyncio.timeout(timeout_s):
            return await self._until(await self.get(order), lambda now: now.state in TERMINAL)

    async def _decided(self, order: Order) -> Order:
        """The order once nobody is looking at an approval, or as it is when that takes too long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._policy.decision_timeout_s):
                return await self._until(order, lambda now: now.state is not OrderState.SIGNING)
        return await self.get(order)

    async def _until(self, order: Order, is_so: Callable[[Order], bool]) -> Order:
        """Follow an order, by events while the socket is kept, else by looking."""
        async with contextlib.AsyncExitStack() as stack:
            news = None
            if self._link.is_running:
                news = await stack.enter_async_context(EventStream(self._link, self._policy))
            backoff = Backoff(self._policy.poll_first_s, self._policy.poll_last_s)
            while not is_so(order):
                await self._heard(news, order.id, backoff.pause_s())
                order = await self.get(order)
        return order

    async def _heard(self, news: EventStream | None, order_id: UUID, pause_s: float) -> None:
        """Return when an event tells of the order, or after a pause."""
        if news is None:
            await asyncio.sleep(pause_s)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                async for event in news:
                    if isinstance(event, OrderTurned) and event.order.id == order_id:
                        return

    async def _approve(self, order: Order, pin: str) -> Order:
        assert order.draft is not None
        named = order.draft.approval_hash

        async def ask(sealer: Sealer) -> Order:
            sealed = sealer.seal(pin, purpose="order.approve", context=bytes.fromhex(named))
            body = ApproveOrderAsk(approval_hash=named, worker_key_id=sealer.key_id, sealed_pin=sealed)
            return await self._http.post(f"{_PATH}/{order.id}/approve", body, Order)

        return await self._sealers.use(ask)

    def _compare(self, ask: OrderAsk, wallet: Wallet, order: Order, fee_drops_max: int) -> None:
        """Refuse drafts that do not pay exactly whom was asked."""
        assert ask.bulk is not None
        if order.draft is None or len(order.items) != len(ask.bulk.recipients):
            raise ProtocolError(f"order {order.id} is drafted and does not say what was asked")
        payments = []
        for wanted, item in zip(ask.bulk.recipients, order.items, strict=True):
            if wanted.address is not None:
                address, tag = classic(wanted.address, wanted.destination_tag)
            else:
                # A person's address is the server's word; but it never changes.
                assert wanted.user_id is not None
                if item.recipient is None or item.recipient.id != wanted.user_id:
                    raise DraftRefused((Difference("recipient", str(wanted.user_id), item.address),))
                address, tag = self._known_addresses.setdefault(wanted.user_id, item.address), None
            payments.append(PaidAsked(address, tag, drafts.drops(wanted.amount.value)))
        asked = BulkAsked(
            sender=wallet.address or "",
            public_key=wallet.public_key or "",
            mode=ask.bulk.mode,
            payments=tuple(payments),
            fee_drops_max=fee_drops_max,
        )
        order_draft.check_bulk(order.draft, asked)


def _ask(
    mode: BulkMode,
    payments: Sequence[Pay],
    *,
    note: str = "",
    room: SomeRoom | None = None,
    accept_warnings: Collection[str] = (),
) -> OrderAsk:
    recipients = tuple(
        BulkRecipient(
            amount=AmountAsk(value=drafts.xrp_text(each.amount)),
            user_id=None if isinstance(each.to, str) else person_id(each.to),
            address=each.to if isinstance(each.to, str) else None,
            destination_tag=each.destination_tag,
        )
        for each in payments
    )
    return OrderAsk(
        kind=OrderKind.BULK,
        bulk=BulkAsk(mode=mode, recipients=recipients),
        room_id=None if room is None else room_id_of(room),
        note=note,
        accepted_warnings=tuple(accept_warnings),
    )


def _trust_ask(
    action: TrustAction,
    asset: str,
    limit: str | int | Decimal | None,
    accept_warnings: Collection[str],
) -> OrderAsk:
    text = None if limit is None else drafts.amount_text(limit, asset)
    if text is None and action is TrustAction.ADD and not drafts.is_mpt(asset):
        text = LIMIT_DEFAULT
    return OrderAsk(
        kind=OrderKind.TRUST_LINE,
        trust_line=TrustLineAsk(asset=asset, action=action, limit=text),
        accepted_warnings=tuple(accept_warnings),
    )


def _id_of(order: Order | OrderSummary | UUID) -> UUID:
    return order if isinstance(order, UUID) else order.id
