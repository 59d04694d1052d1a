"""What a Batch is made of: its inner transactions, who must sign for them, and the bytes that they sign.

Batch signers sign the outer account, its sequence, the flags and the ids of the inner transactions, and each of them
its own account besides: a signature is worth nothing in another Batch or under another name. The form without
accounts belongs to the withdrawn first amendment and is no valid signature here.

Source: XLS-56; rippled `Batch.h`, `STTx.cpp`.
"""

from typing import Any, Final

from xrpl_codec.hashing import BATCH_SIGN
from xrpl_codec.keys import verify
from xrpl_devnet.tx.transaction import Transaction

ALL_OR_NOTHING: Final = 0x00010000
ONLY_ONE: Final = 0x00020000
UNTIL_FAILURE: Final = 0x00040000
INDEPENDENT: Final = 0x00080000
MODES: Final = ALL_OR_NOTHING | ONLY_ONE | UNTIL_FAILURE | INDEPENDENT
MAX_INNER: Final = 8
MAX_SIGNERS: Final = 24


def inner_transactions(batch: Transaction) -> list[Transaction]:
    """The inner transactions, in order.

    Raises:
        CodecError: One does not fit its type.
    """
    if batch.inner is None:
        wrapped: list[dict[str, Any]] = batch["RawTransactions"]
        batch.inner = [Transaction.from_fields(next(iter(item.values()))) for item in wrapped]
    return batch.inner


def required_signers(batch: Transaction) -> set[bytes]:
    """The accounts for which somebody must sign besides the outer one."""
    required: set[bytes] = set()
    for inner in inner_transactions(batch):
        required.add(inner.get("Delegate", inner.account))
        if "Counterparty" in inner:
            required.add(inner["Counterparty"])
    required.discard(batch.account)
    return required


def batch_message(batch: Transaction) -> bytes:
    """What batch signers sign, up to their own accounts."""
    ids = [inner.id for inner in inner_transactions(batch)]
    numbers = (batch.seq_proxy.value, batch.flags, len(ids))
    return BATCH_SIGN + batch.account + b"".join(n.to_bytes(4, "big") for n in numbers) + b"".join(ids)


def signatures_hold(batch: Transaction) -> bool:
    """Whether every batch signer's signatures are right, whoever the signers are."""
    message = batch_message(batch)
    for item in batch.get("BatchSigners", ()):
        signer: dict[str, Any] = item.get("BatchSigner", {})
        account: bytes = signer.get("Account", b"")
        key: bytes = signer.get("SigningPubKey", b"")
        signature: bytes | None = signer.get("TxnSignature")
        nested: list[dict[str, Any]] = signer.get("Signers", [])
        if key:
            if nested or signature is None or not verify(key, message + account, signature):
                return False
        elif signature is not None or not _nested_hold(message + account, account, nested):
            return False
    return True


def _nested_hold(message: bytes, account: bytes, signers: list[dict[str, Any]]) -> bool:
    """Whether the signers of a batch signer's own list are sorted, others than itself, and signed right."""
    last = bytes(20)
    for item in signers:
        signer: dict[str, Any] = item.get("Signer", {})
        who: bytes = signer.get("Account", b"")
        if who == account or who <= last:
            return False
        last = who
        key: bytes = signer.get("SigningPubKey", b"")
        if not verify(key, message + who, signer.get("TxnSignature", b"")):
            return False
    return bool(signers)
