"""Building, encoding and hashing transactions. Pure functions; nothing here signs.

An Ed25519 signature on the XRP Ledger covers the whole prefixed serialisation, not a digest of
it; `signing_hash` is only the name by which a person's approval refers to those bytes.

Source: xrpl.org, Binary Format; Cryptographic Keys.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from talktalk.ledger.errors import MalformedTransaction
from talktalk.ledger.memos import memo_fields
from talktalk.ledger.schemas import Draft, Signed
from xrpl_codec import binary
from xrpl_codec.json_form import from_json, to_json

SIGNING_PREFIX = bytes.fromhex("53545800")
HASH_PREFIX = bytes.fromhex("54584E00")
APPROVAL_PREFIX = bytes.fromhex("54544100")
"""`TTA`: before the signing hashes of a set that is approved as one."""
INNER_BATCH = 0x4000_0000
NETWORK_ID_NEEDED_ABOVE = 1024
"""Networks up to this id refuse the field, others require it."""
BLOB_BYTES_MAX = 64 * 1024
NEEDED_FIELDS = frozenset({"TransactionType", "Account", "Fee", "Sequence", "SigningPubKey"})


def half_sha512(data: bytes) -> str:
    """The first 32 bytes of SHA-512, upper-case hex."""
    return hashlib.sha512(data).digest()[:32].hex().upper()


def payment(
    *,
    account: str,
    public_key: str,
    destination: str,
    destination_tag: int | None,
    amount: str | dict[str, str],
    sequence: int,
    fee_drops: int,
    first_ledger: int,
    last_ledger: int,
    network_id: int | None,
    send_max: str | dict[str, str] | None = None,
    paths: list[Any] | None = None,
    memo: str = "",
    credential_ids: Sequence[str] = (),
) -> Draft:
    """A payment that delivers exactly its amount or nothing, unsigned.

    Args:
        account: The sender's classic address.
        public_key: The sender's signing key, 66 hex digits.
        destination: The receiver's classic address.
        destination_tag: For receivers that tell their customers apart by it.
        amount: In the ledger's JSON form; drops for XRP.
        sequence: The sender's next number.
        fee_drops: Burnt whatever the result.
        first_ledger: The newest validated ledger now.
        last_ledger: `LastLedgerSequence`, inclusive.
        network_id: The network's id, where it has one.
        send_max: What may leave the sender, in the ledger's JSON form; None: exactly the amount.
        paths: Ways of an exchange, as the ledger writes them; None: the default ones.
        memo: For everybody to read, as `memos.clean_memo` gives it.
        credential_ids: What the receiver wants to see before it is paid, 64 hex digits each.
    """
    fields: dict[str, Any] = {
        "TransactionType": "Payment",
        "Account": account,
        "Destination": destination,
        "Amount": amount,
        "Flags": 0,
    }
    if destination_tag is not None:
        fields["DestinationTag"] = destination_tag
    if credential_ids:
        fields["CredentialIDs"] = list(credential_ids)
    if send_max is not None:
        fields["SendMax"] = send_max
    if paths is not None:
        fields["Paths"] = paths
    fields |= memo_fields(memo)
    return draft(
        fields,
        public_key=public_key,
        sequence=sequence,
        fee_drops=fee_drops,
        first_ledger=first_ledger,
        last_ledger=last_ledger,
        network_id=network_id,
    )


def draft(
    fields: dict[str, Any],
    *,
    public_key: str,
    sequence: int,
    fee_drops: int,
    first_ledger: int,
    last_ledger: int,
    network_id: int | None,
    ticket_sequence: int | None = None,
    numbers: int = 1,
) -> Draft:
    """Complete a transaction's own `fields` with the common ones and serialise it.

    With `ticket_sequence` it uses that ticket, and `sequence` is 0. `numbers` tells how many numbers
    it may use up: 1, and as many more as it makes tickets or carries inner transactions.
    """
    assert (sequence == 0) == (ticket_sequence is not None), "a number or a ticket"
    complete = {
        **fields,
        "Fee": str(fee_drops),
        "Sequence": sequence,
        "LastLedgerSequence": last_ledger,
        "SigningPubKey": public_key,
    }
    if ticket_sequence is not None:
        complete["TicketSequence"] = ticket_sequence
    if network_id is not None and network_id > NETWORK_ID_NEEDED_ABOVE:
        complete["NetworkID"] = network_id
    blob = _encode(complete)
    return Draft(
        blob=blob,
        signing_hash=signing_hash(blob),
        account=fields["Account"],
        sequence=sequence,
        ticket_sequence=ticket_sequence,
        numbers=numbers,
        first_ledger=first_ledger,
        last_ledger=last_ledger,
        fee_drops=fee_drops,
    )


def inner(fields: dict[str, Any], *, sequence: int, network_id: int | None) -> tuple[dict[str, Any], str]:
    """A transaction as a Batch carries it, and the hash under which the ledger will know it.

    It is neither signed nor paid for, and can be sent in no other way.

    Source: XLS-56.
    """
    complete = {
        **fields,
        "Flags": int(fields.get("Flags", 0)) | INNER_BATCH,
        "Fee": "0",
        "Sequence": sequence,
        "SigningPubKey": "",
    }
    if network_id is not None and network_id > NETWORK_ID_NEEDED_ABOVE:
        complete["NetworkID"] = network_id
    return complete, half_sha512(HASH_PREFIX + _encode(complete))


def signing_hash(blob: bytes) -> str:
    """How an approval names an unsigned transaction."""
    return half_sha512(SIGNING_PREFIX + blob)


def approval_hash(signing_hashes: Sequence[str]) -> str:
    """How one approval names a set of unsigned transactions, in their order.

    Of one transaction it is its signing hash; of more, SHA-512Half of `54544100` ‖ their signing
    hashes. The prefix is no prefix of the ledger's, so that no set can pass for a transaction.
    """
    if len(signing_hashes) == 1:
        return signing_hashes[0]
    return half_sha512(APPROVAL_PREFIX + b"".join(bytes.fromhex(each) for each in signing_hashes))


def transaction_hash(signed_blob: bytes) -> str:
    """The id under which the ledger will know a signed transaction."""
    return half_sha512(HASH_PREFIX + signed_blob)


def decode_blob(blob: bytes) -> dict[str, Any]:
    """Read a serialised transaction back.

    Raises:
        MalformedTransaction: It is none, or another serialisation of the same fields exists, so
            that the bytes could mean one thing to us and another to somebody else.
    """
    if not blob or len(blob) > BLOB_BYTES_MAX:
        raise MalformedTransaction("empty or too long")
    try:
        fields = to_json(binary.decode(blob))
        again = _encode(fields)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise MalformedTransaction("not a transaction") from error
    if again != blob:
        raise MalformedTransaction("not in canonical form")
    if not fields.keys() >= NEEDED_FIELDS:
        raise MalformedTransaction("a common field is missing")
    return fields


def attach_signature(blob: bytes, signature: bytes) -> Signed:
    """The signed transaction of an unsigned one and its signature."""
    fields = decode_blob(blob)
    fields["TxnSignature"] = signature.hex().upper()
    signed = _encode(fields)
    return Signed(blob=signed, tx_hash=transaction_hash(signed))


def _encode(fields: dict[str, Any]) -> bytes:
    return binary.encode(from_json(fields))
