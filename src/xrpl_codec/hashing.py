"""SHA-512Half and the prefixes that keep the ledger's kinds of hashes apart."""

import hashlib
from typing import Final

_sha512 = hashlib.sha512

TRANSACTION_ID: Final = b"TXN\x00"
TRANSACTION_NODE: Final = b"SND\x00"
LEAF_NODE: Final = b"MLN\x00"
INNER_NODE: Final = b"MIN\x00"
LEDGER_HEADER: Final = b"LWR\x00"
SINGLE_SIGN: Final = b"STX\x00"
MULTI_SIGN: Final = b"SMT\x00"
CHANNEL_CLAIM: Final = b"CLM\x00"
BATCH_SIGN: Final = b"BCH\x00"


def half(data: bytes) -> bytes:
    """The first 32 bytes of SHA-512."""
    return _sha512(data).digest()[:32]


def account_id(public_key: bytes) -> bytes:
    """RIPEMD-160 of SHA-256 of the 33-byte public key."""
    return _ripemd160(hashlib.sha256(public_key).digest())


def _ripemd160(data: bytes) -> bytes:
    # OpenSSL 3 keeps RIPEMD-160 in its legacy provider, which not every build loads.
    try:
        return hashlib.new("ripemd160", data, usedforsecurity=False).digest()
    except ValueError:
        from Crypto.Hash import RIPEMD160  # noqa: PLC0415 (only where OpenSSL lacks it)

        return bytes(RIPEMD160.new(data).digest())
