"""What a kind of order is, to the package that draws up, signs and follows it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.ledger.schemas import Closed
from talktalk.transfers.orders.plans import Plan, Terms
from talktalk.transfers.orders.tables import ItemRow, OrderRow, StepRow
from talktalk.transfers.service import Wanted
from talktalk_wire.orders import OrderAsk, OrderKind
from talktalk_wire.transfers import TransferAsk
from talktalk_wire.transfers import Warning as TransferWarning


class Examined(msgspec.Struct, frozen=True, kw_only=True):
    """An order nothing stands against."""

    params: dict[str, Any]
    """What was asked, resolved, as JSON: enough to plan from."""
    mode: str | None
    warnings: list[TransferWarning]
    creates_accounts: int = 0


class Kind(Protocol):
    """One kind of order. Stateless: everything is in the rows."""

    name: OrderKind

    def want(self, ask: OrderAsk) -> object:
        """Read what was asked, before any row or node is looked at.

        Raises:
            Trouble: What cannot be asked.
        """
        ...

    async def look_at(self, wanted: object, sender_address: str) -> object:
        """Ask the network what only it knows. Holds no transaction.

        Raises:
            LedgerUnavailable: No node answers.
        """
        ...

    async def examine(
        self, db: AsyncSession, sender_id: UUID, wanted: object, looked: object, terms: Terms
    ) -> Examined:
        """Everything that would stop the order, or warn of it.

        Raises:
            Trouble: What stops it.
        """
        ...

    def plan(self, params: Mapping[str, Any], terms: Terms) -> Plan:
        """Lay the order out. Pure: the same params and terms give the same plan.

        Raises:
            Trouble: It cannot be had with these terms.
        """
        ...

    async def bind(
        self, db: AsyncSession, order_id: UUID, params: dict[str, Any], terms: Terms
    ) -> dict[str, Any]:
        """Take what the new order needs of its own; the params with it.

        Raises:
            Trouble: There is none.
        """
        ...

    async def followed(
        self,
        db: AsyncSession,
        order: OrderRow,
        steps: Sequence[StepRow],
        items: Sequence[ItemRow],
        closed: Mapping[UUID, Closed],
        now: datetime,
    ) -> Collection[int]:
        """Steps of a locked order have ended (`closed`, by step id) and are written; write what that
        means for its items and its phase.

        Returns:
            Indexes of `by_decision` steps that may go now.
        """
        ...


Want = Callable[[TransferAsk], Wanted]
"""Reads one recipient and amount as a transfer does."""

Kinds = Mapping[str, Kind]
"""By name."""
