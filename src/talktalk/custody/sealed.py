"""The sealed way of custody: Ed25519 keys under envelope encryption, opened in the worker alone.

A key is made in memory, sealed at once, and opened for the moment of one signature. What it signs
is decoded here from the very bytes: the account must be the key's own, the type one that is
allowed, and the approval must name those bytes and be unused.

Signatures are libsodium's (constant time). Python cannot promise that a key's bytes are wiped;
they live as short as they can.
"""

from datetime import datetime
from typing import Any

from nacl.signing import SigningKey
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.custody import asks
from talktalk.custody.envelope import Envelope, KeyEncryptionKey
from talktalk.custody.errors import KeyUnreadable, SignatureRefused
from talktalk.custody.schemas import Approval, OperatorOrder, PublicKey, owner_of_user
from talktalk.custody.tables import SealedKeyRow
from talktalk.ledger import transactions
from talktalk.ledger.addresses import address_of
from talktalk.ledger.schemas import Draft, Signed
from talktalk.platform.clock import Clock
from talktalk.platform.ids import uuid7

KEY_VERSION = 1
ED25519_PREFIX = "ED"
PERSON_TYPES = frozenset({"Payment"})
"""What a person's key may sign."""
OPERATOR_TYPES = frozenset({"Payment"})
"""What the operator's own keys may sign."""
FORBIDDEN_FIELDS = frozenset({"TxnSignature", "Signers", "Delegate", "SendMax", "Paths", "DeliverMin"})
"""Nothing that is already signed, acts for another, or spends another amount than is shown."""
PARTIAL_PAYMENT = 0x00020000


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
        is_person = isinstance(approval, Approval)
        owner = (
            owner_of_user(approval.user_id) if isinstance(approval, Approval) else f"operator:{approval.role}"
        )
        row = await self._row(db, owner)
        if row is None:
            raise SignatureRefused("there is no such key")
        if transactions.signing_hash(transaction.blob) != approval.signing_hash:
            raise SignatureRefused("the approval names other bytes")
        fields = transactions.decode_blob(transaction.blob)
        _check(fields, row, PERSON_TYPES if is_person else OPERATOR_TYPES)
        if isinstance(approval, Approval):
            await self._use(db, approval, self._clock.now())
        elif int(fields["Amount"]) + int(fields["Fee"]) > approval.spend_drops_max:
            raise SignatureRefused("above what the operator's order allows")
        key = SigningKey(self._open(row))
        if bytes(key.verify_key).hex().upper() != row.public_key[len(ED25519_PREFIX) :]:
            raise KeyUnreadable("the private key is not the public key's")
        signature = key.sign(transactions.SIGNING_PREFIX + transaction.blob).signature
        return transactions.attach_signature(transaction.blob, signature)

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
    async def _use(db: AsyncSession, approval: Approval, now: datetime) -> None:
        used = await asks.use(
            db,
            ask_id=approval.ask_id,
            user_id=approval.user_id,
            context=bytes.fromhex(approval.signing_hash),
            now=now,
        )
        if not used:
            raise SignatureRefused("nobody approved this, or the approval was used")

    @staticmethod
    async def _row(db: AsyncSession, owner: str) -> SealedKeyRow | None:
        found = await db.execute(select(SealedKeyRow).where(SealedKeyRow.owner == owner))
        return found.scalar_one_or_none()


def _check(fields: dict[str, Any], row: SealedKeyRow, types: frozenset[str]) -> None:
    if fields.get("TransactionType") not in types:
        raise SignatureRefused(f"this key does not sign {fields.get('TransactionType')}")
    if fields.get("Account") != row.address or fields.get("SigningPubKey") != row.public_key:
        raise SignatureRefused("the transaction is of another account or key")
    forbidden = FORBIDDEN_FIELDS & fields.keys()
    if forbidden:
        raise SignatureRefused(f"must not carry {', '.join(sorted(forbidden))}")
    if int(fields.get("Flags", 0)) & PARTIAL_PAYMENT or "LastLedgerSequence" not in fields:
        raise SignatureRefused("must deliver in full, and must expire")


def _associated(owner: str, key_id: str, version: int) -> bytes:
    return f"talktalk/key/{version}/{owner}/{key_id}".encode()
