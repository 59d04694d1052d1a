"""Bulk transfers: pay 2 to 200, each an amount of their own. `ports.Kind`.

What a payment that fails means for the others is the mode's; how it goes over the ledger is
`bulk_layout`'s. What came of a Batch is read from each inner transaction, never from the Batch.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.ledger.schemas import Closed, Settled
from talktalk.ledger.service import Ledger
from talktalk.transfers import rules as transfer_rules
from talktalk.transfers.orders import payees
from talktalk.transfers.orders.bulk_layout import BulkParams, Paid, goes_as_batch, lay_out
from talktalk.transfers.orders.errors import (
    AtomicUnavailable,
    DuplicateRecipient,
    OrderMalformed,
)
from talktalk.transfers.orders.payees import naming
from talktalk.transfers.orders.plans import Plan, Terms
from talktalk.transfers.orders.ports import Examined, Want
from talktalk.transfers.orders.tables import ItemRow, OrderRow, StepRow
from talktalk.transfers.service import Looked, Wanted
from talktalk.wallet.service import WalletDesk
from talktalk_wire.orders import BulkMode, ItemState, OrderAsk, OrderKind
from talktalk_wire.transfers import TransferAsk


class BulkWanted(msgspec.Struct, frozen=True, kw_only=True):
    """An ask that parses."""

    mode: BulkMode
    recipients: tuple[Wanted, ...]


class Bulk:
    """See the module."""

    name = OrderKind.BULK

    def __init__(self, *, ledger: Ledger, wallets: WalletDesk, want: Want) -> None:
        self._ledger = ledger
        self._wallets = wallets
        self._want = want

    def want(self, ask: OrderAsk) -> BulkWanted:
        """Read each recipient as a transfer to them would be read.

        Raises:
            OrderMalformed, DuplicateRecipient: As named.
            BadAmount, BadAsset, BadAddress, AssetUnsupported, RecipientAmbiguous: Of one recipient.
        """
        if ask.bulk is None:
            raise OrderMalformed("name the recipients in `bulk`")
        wanted: list[Wanted] = []
        seen: set[object] = set()
        for index, each in enumerate(ask.bulk.recipients):
            with naming(index):
                one = self._want(
                    TransferAsk(
                        amount=each.amount,
                        user_id=each.user_id,
                        address=each.address,
                        destination_tag=each.destination_tag,
                    )
                )
                who = one.user_id or (one.destination.address if one.destination is not None else None)
                if who in seen:
                    raise DuplicateRecipient
            seen.add(who)
            wanted.append(one)
        return BulkWanted(mode=ask.bulk.mode, recipients=tuple(wanted))

    async def look_at(self, wanted: object, sender_address: str) -> dict[str, Looked]:
        """Ask the network about addresses."""
        assert isinstance(wanted, BulkWanted)
        named = [each.destination for each in wanted.recipients if each.destination is not None]
        return await payees.look_at_all(self._ledger, named, sender_address)

    async def examine(
        self, db: AsyncSession, sender_id: UUID, wanted: object, looked: object, terms: Terms
    ) -> Examined:
        """Everything that would stop one of the payments, or warn of it."""
        assert isinstance(wanted, BulkWanted)
        assert isinstance(looked, dict)
        receivers = await payees.resolve(
            db, self._wallets, sender_id, terms.address, wanted.recipients, looked, terms.head.reserves
        )
        params = BulkParams(
            mode=wanted.mode,
            recipients=tuple(
                Paid(
                    user_id=each.user_id,
                    address=each.address,
                    destination_tag=each.destination_tag,
                    amount_drops=each.amount_drops,
                )
                for each in receivers
            ),
        )
        if params.mode is BulkMode.ALL_OR_NOTHING and not goes_as_batch(params, has_batch=terms.has_batch):
            raise AtomicUnavailable("only 2 to 8 recipients, where the network has Batch")
        return Examined(
            params=msgspec.to_builtins(params),
            mode=wanted.mode,
            warnings=transfer_rules.warnings_of(
                terms.purse.free_drops,
                sum(each.amount_drops for each in receivers),
                is_new_payee=any(each.is_new for each in receivers),
                is_stranger=any(each.is_stranger for each in receivers),
            ),
            creates_accounts=sum(not each.payee.exists for each in receivers),
        )

    def plan(self, params: Mapping[str, Any], terms: Terms) -> Plan:
        """Lay it out."""
        return lay_out(_params(params), terms)

    async def bind(
        self, db: AsyncSession, order_id: UUID, params: dict[str, Any], terms: Terms
    ) -> dict[str, Any]:
        """Nothing beside the recipients is needed."""
        return params

    async def followed(
        self,
        db: AsyncSession,
        order: OrderRow,
        steps: Sequence[StepRow],
        items: Sequence[ItemRow],
        closed: Mapping[UUID, Closed],
        now: datetime,
    ) -> Collection[int]:
        """What came of a Batch stands in its inner transactions."""
        for step in steps:
            end = closed.get(step.id)
            if step.role != "batch" or end is None or not isinstance(end.outcome, Settled):
                continue
            _read_inner(order, items, end.outcome)
        return ()


def _read_inner(order: OrderRow, items: Sequence[ItemRow], outcome: Settled) -> None:
    """Each item from its inner transaction; one that does not stand in the ledger did not happen."""
    stopped = False
    for item in items:
        assert item.inner_hash is not None
        result = outcome.inner.get(item.inner_hash)
        item.ledger_index = outcome.ledger_index if result is not None else None
        item.tx_hash = item.inner_hash if result is not None else None
        if result == "tesSUCCESS":
            item.state, item.failure_code = ItemState.PAID, None
        elif result is None and stopped:
            item.state, item.failure_code = ItemState.SKIPPED, None
        else:
            item.state, item.failure_code = ItemState.FAILED, result or "not_applied"
            stopped = order.mode == BulkMode.UNTIL_FAILURE


def _params(params: Mapping[str, Any]) -> BulkParams:
    return msgspec.convert(params, BulkParams)
