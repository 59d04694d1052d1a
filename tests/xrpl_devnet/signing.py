"""Signing for tests: native fields in, a hex blob out."""

from typing import Any

from xrpl_codec.binary import encode
from xrpl_codec.hashing import SINGLE_SIGN
from xrpl_codec.keys import KeyPair, derive


def key(number: int) -> KeyPair:
    """One of a row of key pairs, Ed25519 and secp256k1 by turns."""
    return derive(number.to_bytes(16, "big"), "ed25519" if number % 2 else "secp256k1")


def signed(signer: KeyPair, **fields: Any) -> str:
    """A signed blob in hex; `Account` and `Fee` are filled in."""
    full = {"Account": signer.account, "Fee": 10, **fields, "SigningPubKey": signer.public}
    full["TxnSignature"] = signer.sign(SINGLE_SIGN + encode(full, signing=True))
    return encode(full).hex().upper()


def payment(signer: KeyPair, to: KeyPair, drops: int, sequence: int, **fields: Any) -> str:
    """A signed XRP payment in hex."""
    return signed(
        signer,
        TransactionType="Payment",
        Destination=to.account,
        Amount=drops,
        Sequence=sequence,
        **fields,
    )
