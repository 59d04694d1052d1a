"""The sealed way of custody: Ed25519 keys under envelope encryption, opened in the worker alone.

A key is made in memory, sealed at once, and opened for the moment of one signature. What it signs
is decoded here from the very bytes: the account must be the key's own, type and fields such as are
allowed (`signable`), and the approval must name those bytes and be unused. One approval may name a
set of transactions; then the whole set is signed, in its order.

Signatures are libsodium's (constant time). Python cannot promise that a key's bytes are wiped;
they live as short as they can.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from nacl.signing import SigningKey
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.custody import asks, signable
from talktalk.custody.envelope import Envelope, KeyEncryptionKey
from talktalk.custody.errors import CustodyError, KeyUnreadable, SignatureRefused
from talktalk.custody.schemas import Approval, OperatorOrder, PublicKey, owner_of_user
from talktalk.custody.tables import SealedKeyRow
from talktalk.ledger import transactions
from talktalk.ledger.addresses import address_of
from talktalk.ledger.schemas import Draft, Signed
from talktalk.platform.clock import Clock
from talktalk.platform.ids import uuid7

KEY_VERSION = 1
ED25519_PREFIX = "ED"


class SealedCustody:
    """`ports.Custody` over the `sealed_keys` table."""

    def __init__(self, kek: KeyEncryptionKey, clock: Clock) -> None:
        self._kek = kek
        self._clock = clock

    async def create(self, db: AsyncSession, owner: str) -> PublicKey:
        """Make a key for this owner, or answer the one there is."""
        known = await self.public_key(db, owner)
        if known is not None:
            return known
        key = SigningKey.generate()
        public_key = ED25519_PREFIX + bytes(key.verify_key).hex().upper()
        key_id = uuid7()
        envelope = self._kek.seal(bytes(key), _associated(owner, str(key_id), KEY_VERSION))
        await db.execute(
            insert(SealedKeyRow)
            .values(
                id=key_id,
                owner=owner,
                version=KEY_VERSION,
                public_key=public_key,
                address=address_of(bytes.fromhex(public_key)),
                kek_id=envelope.kek_id,
                wrap_nonce=envelope.wrap_nonce,
                wrapped_key=envelope.wrapped_key,
                nonce=envelope.nonce,
                ciphertext=envelope.ciphertext,
                created_at=self._clock.now(),
            )
            .on_conflict_do_nothing(index_elements=[SealedKeyRow.owner])
        )
        made = await self.public_key(db, owner)
        assert made is not None
        return made

    async def public_key(self, db: AsyncSession, owner: str) -> PublicKey | None:
        """The owner's public key and address; None before `create`."""
        row = await self._row(db, owner)
        if row is None:
            return None
        return PublicKey(key_id=row.id, public_key=row.public_key, address=row.address)

    async def sign(self, db: AsyncSession, transaction: Draft, approval: Approval | OperatorOrder) -> Signed:
        """Sign what was approved, and nothing else.

        Raises:
            SignatureRefused: The bytes are not the approved ones, not of this owner's account, not
                of a type this custody signs, or the approval was used before.
            KeyUnreadable: The key cannot be opened here.
        """
        (signed,) = await self.sign_all(db, [transaction], approval)
        return signed

    async def sign_all(
        self, db: AsyncSession, drafts: Sequence[Draft], approval: Approval | OperatorOrder
    ) -> list[Signed]:
        """Sign a set that was approved as one, in its order: all of it, or nothing.

        Raises:
            SignatureRefused, KeyUnreadable: As `sign`.
        """
        (signed,) = await self.sign_each(db, [(drafts, approval)])
        if isinstance(signed, CustodyError):
            raise signed
        return signed

    async def sign_each(
        self, db: AsyncSession, orders: Sequence[tuple[Sequence[Draft], Approval | OperatorOrder]]
    ) -> list[list[Signed] | CustodyError]:
        """Sign several sets, each under its own approval; one that is refused does not touch the rest."""
        found = await db.execute(
            select(SealedKeyRow).where(SealedKeyRow.owner.in_({_owner(approval) for _, approval in orders}))
        )
        keys = {row.owner: row for row in found.scalars()}
        checked = [await _checked(drafts, approval, keys) for drafts, approval in orders]
        approvals = [
            approval
            for (_, approval), row in zip(orders, checked, strict=True)
            if isinstance(approval, Approval) and isinstance(row, SealedKeyRow)
        ]
        used = await asks.use_all(db, approvals, self._clock.now()) if approvals else set()
        signed: list[list[Signed] | CustodyError] = []
        for (drafts, approval), row in zip(orders, checked, strict=True):
            if isinstance(row, CustodyError):
                signed.append(row)
            elif isinstance(approval, Approval) and approval.ask_id not in used:
                signed.append(SignatureRefused("nobody approved this, or the approval was used"))
            else:
                signed.append(await self._sign(drafts, row))
        return signed

    async def _sign(self, drafts: Sequence[Draft], row: SealedKeyRow) -> list[Signed] | CustodyError:
        try:
            key = SigningKey(self._open(row))
        except KeyUnreadable as error:
            return error
        if bytes(key.verify_key).hex().upper() != row.public_key[len(ED25519_PREFIX) :]:
            return KeyUnreadable("the private key is not the public key's")
        signed = []
        for draft in drafts:
            signature = key.sign(transactions.SIGNING_PREFIX + draft.blob).signature
            signed.append(transactions.attach_signature(draft.blob, signature))
            await asyncio.sleep(0)  # a set may be long
        return signed

    def _open(self, row: SealedKeyRow) -> bytes:
        envelope = Envelope(
            kek_id=row.kek_id,
            wrap_nonce=row.wrap_nonce,
            wrapped_key=row.wrapped_key,
            nonce=row.nonce,
            ciphertext=row.ciphertext,
        )
        return self._kek.open(envelope, _associated(row.owner, str(row.id), row.version))

    @staticmethod
    async def _row(db: AsyncSession, owner: str) -> SealedKeyRow | None:
        found = await db.execute(select(SealedKeyRow).where(SealedKeyRow.owner == owner))
        return found.scalar_one_or_none()


def _owner(approval: Approval | OperatorOrder) -> str:
    if isinstance(approval, Approval):
        return owner_of_user(approval.user_id)
    return f"operator:{approval.role}"


async def _checked(
    drafts: Sequence[Draft], approval: Approval | OperatorOrder, keys: Mapping[str, SealedKeyRow]
) -> SealedKeyRow | CustodyError:
    """The key that may sign these bytes."""
    row = keys.get(_owner(approval))
    if row is None:
        return SignatureRefused("there is no such key")
    if transactions.approval_hash([_hash(draft) for draft in drafts]) != approval.signing_hash:
        return SignatureRefused("the approval names other bytes")
    try:
        for draft in drafts:
            _check(transactions.decode_blob(draft.blob), row, approval)
            await asyncio.sleep(0)  # a set may be long
    except CustodyError as error:
        return error
    return row


def _hash(draft: Draft) -> str:
    return transactions.signing_hash(draft.blob)


def _check(fields: dict[str, Any], row: SealedKeyRow, approval: Approval | OperatorOrder) -> None:
    if isinstance(approval, Approval):
        signable.check_person(fields, address=row.address, public_key=row.public_key)
        return
    spend_drops = signable.check_operator(fields, address=row.address, public_key=row.public_key)
    if spend_drops > approval.spend_drops_max:
        raise SignatureRefused("above what the operator's order allows")


def _associated(owner: str, key_id: str, version: int) -> bytes:
    return f"talktalk/key/{version}/{owner}/{key_id}".encode()
