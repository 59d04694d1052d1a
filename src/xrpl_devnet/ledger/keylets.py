"""Where each ledger entry lives: 32-byte indexes, computed as rippled's `Indexes.cpp` does.

An index is SHA-512Half of a two-byte name space and what identifies the entry. Functions take native values
(account ids, hashes and currencies as bytes) and return the index.
"""

import hashlib
from functools import lru_cache
from typing import Final

_sha512 = hashlib.sha512


def _index(space: str, *parts: bytes) -> bytes:
    return _sha512(b"\x00" + space.encode("ascii") + b"".join(parts)).digest()[:32]


def _u32(number: int) -> bytes:
    return number.to_bytes(4, "big")


@lru_cache(maxsize=200_000)
def account(account_id: bytes) -> bytes:
    """AccountRoot."""
    return _index("a", account_id)


@lru_cache(maxsize=50_000)
def owner_dir(account_id: bytes) -> bytes:
    """First page of an account's owner directory."""
    return _index("O", account_id)


def page(directory: bytes, number: int) -> bytes:
    """A page of a directory; page 0 is the directory itself."""
    return directory if number == 0 else _index("d", directory, number.to_bytes(8, "big"))


def ticket(account_id: bytes, number: int) -> bytes:
    """Ticket."""
    return _index("T", account_id, _u32(number))


def signer_list(account_id: bytes) -> bytes:
    """SignerList (an account has one, number 0)."""
    return _index("S", account_id, _u32(0))


def trust_line(one: bytes, other: bytes, currency: bytes) -> bytes:
    """RippleState between two accounts."""
    low, high = (one, other) if one < other else (other, one)
    return _index("r", low, high, currency)


def offer(account_id: bytes, sequence: int) -> bytes:
    """Offer, by the Sequence or ticket number of its OfferCreate."""
    return _index("o", account_id, _u32(sequence))


def escrow(account_id: bytes, sequence: int) -> bytes:
    """Escrow, by the Sequence or ticket number of its EscrowCreate."""
    return _index("u", account_id, _u32(sequence))


def check(account_id: bytes, sequence: int) -> bytes:
    """Check."""
    return _index("C", account_id, _u32(sequence))


def pay_channel(source: bytes, destination: bytes, sequence: int) -> bytes:
    """PayChannel."""
    return _index("x", source, destination, _u32(sequence))


def deposit_preauth(owner: bytes, authorized: bytes) -> bytes:
    """DepositPreauth of an account."""
    return _index("p", owner, authorized)


def deposit_preauth_credentials(owner: bytes, credentials: list[tuple[bytes, bytes]]) -> bytes:
    """DepositPreauth of a set of (issuer, credential type), in the set's sorted order."""
    hashes = b"".join(_sha512(issuer + kind).digest()[:32] for issuer, kind in sorted(credentials))
    return _index("P", owner, hashes)


def credential(subject: bytes, issuer: bytes, credential_type: bytes) -> bytes:
    """Credential."""
    return _index("D", subject, issuer, credential_type)


def did(account_id: bytes) -> bytes:
    """DID."""
    return _index("I", account_id)


def mpt_issuance(issuance_id: bytes) -> bytes:
    """MPTokenIssuance, by its 24-byte id (sequence and issuer)."""
    return _index("~", issuance_id)


def mptoken(issuance_id: bytes, holder: bytes) -> bytes:
    """MPToken of a holder."""
    return _index("t", mpt_issuance(issuance_id), holder)


def book(
    pays_currency: bytes,
    pays_issuer: bytes,
    gets_currency: bytes,
    gets_issuer: bytes,
    domain: bytes | None = None,
) -> bytes:
    """First index of an order book: its last eight bytes, the quality, are zero."""
    base = _index("B", pays_currency, gets_currency, pays_issuer, gets_issuer, domain or b"")
    return base[:24] + bytes(8)


def quality(directory: bytes, rate: int) -> bytes:
    """The directory of a book's offers at one quality."""
    return directory[:24] + rate.to_bytes(8, "big")


def skip_list(ledger_index: int | None = None) -> bytes:
    """LedgerHashes: of the last 256 ledgers, or of every 256th within 65,536."""
    return _index("s") if ledger_index is None else _index("s", _u32(ledger_index >> 16))


AMENDMENTS: Final = _index("f")
FEES: Final = _index("e")
NEGATIVE_UNL: Final = _index("N")
