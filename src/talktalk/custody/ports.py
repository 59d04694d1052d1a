"""The one port through which anything is signed."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.custody.errors import CustodyError
from talktalk.custody.schemas import Approval, OperatorOrder, PublicKey
from talktalk.ledger.schemas import Draft, Signed


class Custody(Protocol):
    """Who can sign. `sealed` is the way today; threshold signing stands behind the same methods."""

    async def create(self, db: AsyncSession, owner: str) -> PublicKey:
        """Make a key for this owner, or answer the one there is."""
        ...

    async def public_key(self, db: AsyncSession, owner: str) -> PublicKey | None:
        """The owner's public key and address; None before `create`."""
        ...

    async def sign(self, db: AsyncSession, transaction: Draft, approval: Approval | OperatorOrder) -> Signed:
        """Sign what was approved, and nothing else.

        Raises:
            SignatureRefused: The bytes are not the approved ones, not of this owner's account, not
                of a type this custody signs, or the approval was used before.
            KeyUnreadable: The key cannot be opened here.
        """
        ...

    async def sign_all(
        self, db: AsyncSession, drafts: Sequence[Draft], approval: Approval | OperatorOrder
    ) -> list[Signed]:
        """Sign a set that was approved as one, in its order: all of it, or nothing.

        `approval.signing_hash` is the set's `ledger.transactions.approval_hash`.

        Raises:
            SignatureRefused, KeyUnreadable: As `sign`.
        """
        ...

    async def sign_each(
        self, db: AsyncSession, orders: Sequence[tuple[Sequence[Draft], Approval | OperatorOrder]]
    ) -> list[list[Signed] | CustodyError]:
        """Sign several sets, each under its own approval; one that is refused does not touch the rest."""
        ...
