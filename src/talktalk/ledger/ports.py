"""What the ledger slice tells others, as Protocols they implement. All of it is said inside the
transaction that writes the fact, and may be said again after a crash: writing it must be
idempotent."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.ledger.comparing import Told
from talktalk.ledger.schemas import AccountChange, Closed, Moved, OutgoingTransaction


class LedgerListener(Protocol):
    """Who wants to know what validated ledgers did to watched accounts."""

    async def accounts_changed(self, db: AsyncSession, changes: Sequence[AccountChange]) -> None:
        """These watched accounts have a new state, already written."""
        ...

    async def holdings_changed(self, db: AsyncSession, owners: Sequence[str]) -> None:
        """Trust lines or MPTs of these owners' accounts have a new state, already written."""
        ...

    async def money_moved(self, db: AsyncSession, moved: Sequence[Moved]) -> None:
        """These movements stand in a validated ledger."""
        ...


class Books(Protocol):
    """Who writes down what moved, and can be compared with the ledger."""

    async def told(self, db: AsyncSession, owner: str, *, after: int, until: int) -> list[Told] | None:
        """The owner's movements in ledgers after `after` up to `until`; None if they keep no books."""
        ...


class Maker(Protocol):
    """Who made a signed transaction, and wants to know what becomes of it."""

    async def transactions_progressed(
        self, db: AsyncSession, transactions: Sequence[OutgoingTransaction]
    ) -> None:
        """Still open, but `state` or `uncertain` changed."""
        ...

    async def transactions_closed(self, db: AsyncSession, closed: Sequence[Closed]) -> None:
        """Ended, each exactly once."""
        ...


Makers = Mapping[str, Maker]
"""By `purpose`."""
