"""Sealed keys: what opens, what signs, and above all what does not."""

import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import VerifyKey
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.custody.envelope import Envelope, KeyEncryptionKey
from talktalk.custody.errors import KeyFileUnsafe, KeyUnreadable, SignatureRefused, Unreadable
from talktalk.custody.key_files import read_key, read_or_make_key
from talktalk.custody.schemas import Approval, AskPurpose, AskState, OperatorOrder, owner_of_user
from talktalk.custody.sealed import SealedCustody
from talktalk.custody.sealed_secrets import WorkerKey, seal
from talktalk.custody.tables import AskRow, SealedKeyRow
from talktalk.ledger import transactions
from talktalk.ledger.schemas import Draft
from talktalk.platform.clock import SystemClock
from talktalk.platform.database import Database
from talktalk.platform.ids import uuid7

GENESIS = "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"
CLOCK = SystemClock()


@asynccontextmanager
async def _database(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        await database.close()


def _payment(address: str, public_key: str, **changes: object) -> Draft:
    fields = {"TransactionType": "Payment", "Account": address, "Destination": GENESIS, "Amount": "5"}
    fields |= {name: value for name, value in changes.items() if value is not None}  # type: ignore[misc]  # any field
    return transactions.draft(
        fields,
        public_key=public_key,
        sequence=1,
        fee_drops=10,
        first_ledger=1,
        last_ledger=20,
        network_id=None,
    )


async def _granted(
    db: AsyncSession, user_id: UUID, draft: Draft, state: AskState = AskState.GRANTED
) -> Approval:
    row = AskRow(
        id=uuid7(),
        purpose=AskPurpose.TRANSFER_APPROVE,
        user_id=user_id,
        device_id=uuid7(),
        session_id=uuid7(),
        context=bytes.fromhex(draft.signing_hash),
        worker_key_id="key",
        sealed={},
        state=state,
        created_at=CLOCK.now(),
    )
    db.add(row)
    await db.flush()
    return Approval(ask_id=row.id, user_id=user_id, signing_hash=draft.signing_hash)


@pytest.mark.integration
async def test_approved_payment_is_signed_once(database_url: str) -> None:
    custody, user = SealedCustody(KeyEncryptionKey(os.urandom(32)), CLOCK), uuid7()
    async with _database(database_url) as database, database.transaction() as db:
        key = await custody.create(db, owner_of_user(user))
        assert await custody.create(db, owner_of_user(user)) == key
        draft = _payment(key.address, key.public_key)
        approval = await _granted(db, user, draft)
        signed = await custody.sign(db, draft, approval)
        fields = transactions.decode_blob(signed.blob)
        VerifyKey(bytes.fromhex(key.public_key[2:])).verify(
            transactions.SIGNING_PREFIX + draft.blob, bytes.fromhex(fields["TxnSignature"])
        )
        assert signed.tx_hash == transactions.transaction_hash(signed.blob)
        with pytest.raises(SignatureRefused):
            await custody.sign(db, draft, approval)


@pytest.mark.integration
async def test_set_is_signed_whole_in_its_order_and_once(database_url: str) -> None:
    custody, user = SealedCustody(KeyEncryptionKey(os.urandom(32)), CLOCK), uuid7()
    async with _database(database_url) as database, database.transaction() as db:
        key = await custody.create(db, owner_of_user(user))
        one, two, three = (_payment(key.address, key.public_key, Amount=str(each)) for each in (1, 2, 3))
        named = transactions.approval_hash([each.signing_hash for each in (one, two, three)])
        row = AskRow(
            id=uuid7(),
            purpose=AskPurpose.ORDER_APPROVE,
            user_id=user,
            device_id=uuid7(),
            session_id=uuid7(),
            context=bytes.fromhex(named),
            worker_key_id="key",
            sealed={},
            state=AskState.GRANTED,
            created_at=CLOCK.now(),
        )
        db.add(row)
        await db.flush()
        approval = Approval(ask_id=row.id, user_id=user, signing_hash=named, purpose=AskPurpose.ORDER_APPROVE)
        misread = Approval(ask_id=row.id, user_id=user, signing_hash=named)
        for drafts, leave in (
            ([one, two], approval),
            ([one, three, two], approval),
            ([one, two, three, three], approval),
            ([one], approval),
            ([one, two, three], misread),
        ):
            with pytest.raises(SignatureRefused):
                await custody.sign_all(db, drafts, leave)
        signed = await custody.sign_all(db, [one, two, three], approval)
        assert [transactions.decode_blob(each.blob)["Amount"] for each in signed] == ["1", "2", "3"]
        with pytest.raises(SignatureRefused):
            await custody.sign_all(db, [one, two, three], approval)


@pytest.mark.integration
async def test_nothing_else_is_signed(database_url: str) -> None:
    custody, user, other = SealedCustody(KeyEncryptionKey(os.urandom(32)), CLOCK), uuid7(), uuid7()
    async with _database(database_url) as database, database.transaction() as db:
        key = await custody.create(db, owner_of_user(user))
        foreign = await custody.create(db, owner_of_user(other))
        good = _payment(key.address, key.public_key)

        async def refused(draft: Draft, approval: Approval | OperatorOrder) -> None:
            with pytest.raises(SignatureRefused):
                await custody.sign(db, draft, approval)

        for bad in (
            _payment(foreign.address, foreign.public_key),
            _payment(key.address, foreign.public_key),
            _payment(foreign.address, key.public_key),
            _payment(key.address, key.public_key, TransactionType="SetRegularKey", RegularKey=GENESIS),
            _payment(key.address, key.public_key, TransactionType="AccountDelete"),
            _payment(key.address, key.public_key, Flags=0x00020000),
            _payment(key.address, key.public_key, SendMax="99"),
            _payment(key.address, key.public_key, Delegate=foreign.address),
        ):
            await refused(bad, await _granted(db, user, bad))
        # Approvals that are none: pending, refused, of another hash, of another person, made up.
        for state in (AskState.PENDING, AskState.REFUSED, AskState.WITHDRAWN):
            await refused(good, await _granted(db, user, good, state))
        dearer = _payment(key.address, key.public_key, Amount="6")
        await refused(good, await _granted(db, user, dearer))
        stolen = await _granted(db, other, good)
        await refused(good, Approval(ask_id=stolen.ask_id, user_id=user, signing_hash=good.signing_hash))
        await refused(good, Approval(ask_id=uuid7(), user_id=user, signing_hash=good.signing_hash))
        # The operator's order opens the operator's keys alone, up to its limit.
        await refused(good, OperatorOrder(role="sponsor", signing_hash=good.signing_hash, spend_drops_max=99))
        sponsor = await custody.create(db, "operator:sponsor")
        own = _payment(sponsor.address, sponsor.public_key)
        await refused(own, OperatorOrder(role="sponsor", signing_hash=own.signing_hash, spend_drops_max=14))
        await custody.sign(
            db, own, OperatorOrder(role="sponsor", signing_hash=own.signing_hash, spend_drops_max=15)
        )
        used = await db.execute(text("SELECT count(*) FROM worker_asks WHERE used_at IS NOT NULL"))
        assert used.scalar_one() == 0


@pytest.mark.integration
async def test_row_of_one_person_never_passes_for_another(database_url: str) -> None:
    """Whoever can write to the database still cannot make one person's key sign for another."""
    custody, user, thief = SealedCustody(KeyEncryptionKey(os.urandom(32)), CLOCK), uuid7(), uuid7()
    async with _database(database_url) as database:
        async with database.transaction() as db:
            key = await custody.create(db, owner_of_user(user))
            await custody.create(db, owner_of_user(thief))
        async with database.transaction() as db:
            row = (
                await db.execute(select(SealedKeyRow).where(SealedKeyRow.owner == owner_of_user(user)))
            ).scalar_one()
            taken = {
                name: getattr(row, name)
                for name in ("kek_id", "wrap_nonce", "wrapped_key", "nonce", "ciphertext", "public_key")
            }
            await db.delete(row)
            await db.flush()
            await db.execute(
                update(SealedKeyRow)
                .where(SealedKeyRow.owner == owner_of_user(thief))
                .values(**taken, address=key.address)
            )
        async with database.transaction() as db:
            draft = _payment(key.address, key.public_key)
            with pytest.raises(KeyUnreadable):
                await custody.sign(db, draft, await _granted(db, thief, draft))
        async with database.transaction() as db:
            draft = _payment(key.address, key.public_key)
            stranger = SealedCustody(KeyEncryptionKey(os.urandom(32)), CLOCK)
            with pytest.raises(KeyUnreadable):
                await stranger.sign(db, draft, await _granted(db, thief, draft))


@given(st.binary(max_size=64), st.binary(max_size=40), st.integers(min_value=0), st.integers(1, 255))
def test_a_changed_byte_anywhere_opens_nothing(secret: bytes, bound: bytes, place: int, change: int) -> None:
    kek = KeyEncryptionKey(b"k" * 32)
    envelope = kek.seal(secret, bound)
    assert kek.open(envelope, bound) == secret
    fields = ["wrap_nonce", "wrapped_key", "nonce", "ciphertext"]
    name = fields[place % len(fields)]
    data = bytearray(getattr(envelope, name))
    data[place % len(data)] ^= change
    values = {field: getattr(envelope, field) for field in fields} | {name: bytes(data)}
    changed = Envelope(kek_id=kek.id, **values)
    with pytest.raises(KeyUnreadable):
        kek.open(changed, bound)
    with pytest.raises(KeyUnreadable):
        kek.open(envelope, bound + b"x")


def test_same_secret_is_sealed_differently_each_time() -> None:
    kek = KeyEncryptionKey(b"k" * 32)
    envelopes = [kek.seal(b"secret", b"") for _ in range(100)]
    for name in ("wrap_nonce", "wrapped_key", "nonce", "ciphertext"):
        assert len({getattr(envelope, name) for envelope in envelopes}) == 100


def test_keys_print_as_their_ids() -> None:
    kek, worker = KeyEncryptionKey(b"k" * 32), WorkerKey(b"w" * 32)
    assert repr(kek) == f"<KeyEncryptionKey {kek.id}>"
    assert repr(worker) == f"<WorkerKey {worker.id}>"


@given(st.binary(max_size=100), st.text(max_size=20), st.binary(max_size=40))
def test_secret_opens_for_its_purpose_and_context_alone(secret: bytes, purpose: str, context: bytes) -> None:
    key = WorkerKey(b"w" * 32)
    sealed = seal(secret, key.public_key, purpose, context)
    assert key.open(sealed, key.id, purpose, context) == secret
    for other_purpose, other_context in ((purpose + "x", context), (purpose, context + b"x")):
        with pytest.raises(Unreadable):
            key.open(sealed, key.id, other_purpose, other_context)
    with pytest.raises(Unreadable) as old:
        key.open(sealed, "0" * 16, purpose, context)
    assert old.value.key_is_old


@given(st.text(max_size=200))
def test_nothing_typed_opens(text_: str) -> None:
    with pytest.raises(Unreadable):
        WorkerKey(b"w" * 32).open(text_, WorkerKey(b"w" * 32).id, "pin.set", b"")


def test_key_file_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "kek"
    key = read_or_make_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_or_make_key(path) == key
    for mode in (0o640, 0o604, 0o660):
        path.chmod(mode)
        with pytest.raises(KeyFileUnsafe):
            read_key(path)
    path.chmod(0o600)
    assert read_key(path) == key
    link = tmp_path / "link"
    link.symlink_to(path)
    with pytest.raises(KeyFileUnsafe):
        read_key(link)
    for content in ("", "00" * 31, "zz" * 32):
        path.write_text(content)
        with pytest.raises(KeyFileUnsafe):
            read_key(path)
    with pytest.raises(KeyFileUnsafe):
        read_key(tmp_path / "missing")
