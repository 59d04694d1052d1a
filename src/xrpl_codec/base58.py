"""Base58check in the ledger's own alphabet: addresses, public keys and seeds.

A text is the type's prefix and the data, followed by the first four bytes of their double SHA-256.
Addresses are cached in both directions: a node prints the same few again and again.
"""

import hashlib
from functools import lru_cache
from typing import Final

ALPHABET: Final = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
_VALUES: Final = {char: value for value, char in enumerate(ALPHABET)}
_PAIRS: Final = [first + second for first in ALPHABET for second in ALPHABET]

ACCOUNT_PREFIX: Final = b"\x00"
ACCOUNT_PUBLIC_PREFIX: Final = b"\x23"
NODE_PUBLIC_PREFIX: Final = b"\x1c"
SEED_PREFIX: Final = b"\x21"
ED25519_SEED_PREFIX: Final = b"\x01\xe1\x4b"


class Base58Error(ValueError):
    """The text is no base58check of the expected type."""


def _checksum(payload: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]


def encode(prefix: bytes, data: bytes) -> str:
    """The base58check text of `data`."""
    payload = prefix + data
    payload += _checksum(payload)
    number = int.from_bytes(payload, "big")
    zeros = len(payload) - len(payload.lstrip(b"\x00"))
    parts: list[str] = []
    while number >= 3364:
        number, rest = divmod(number, 3364)
        parts.append(_PAIRS[rest])
    while number:
        number, rest = divmod(number, 58)
        parts.append(ALPHABET[rest])
    return ALPHABET[0] * zeros + "".join(reversed(parts))


def decode(prefix: bytes, text: str, size: int) -> bytes:
    """The `size` bytes that `text` stands for.

    Raises:
        Base58Error: Wrong characters, prefix, size or checksum.
    """
    if not 0 < len(text) <= 128:
        raise Base58Error("length")
    number = 0
    for char in text:
        value = _VALUES.get(char)
        if value is None:
            raise Base58Error("character")
        number = number * 58 + value
    zeros = len(text) - len(text.lstrip(ALPHABET[0]))
    payload = b"\x00" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")
    if len(payload) != len(prefix) + size + 4 or not payload.startswith(prefix):
        raise Base58Error("type")
    if _checksum(payload[:-4]) != payload[-4:]:
        raise Base58Error("checksum")
    return payload[len(prefix) : -4]


@lru_cache(maxsize=200_000)
def encode_account(account: bytes) -> str:
    """The classic address of a 20-byte account id; empty for an empty one."""
    return encode(ACCOUNT_PREFIX, account) if account else ""


@lru_cache(maxsize=50_000)
def decode_account(address: str) -> bytes:
    """The 20-byte account id of a classic address.

    Raises:
        Base58Error: No classic address.
    """
    return decode(ACCOUNT_PREFIX, address, 20)


def account_or_none(text: object) -> bytes | None:
    """The account id of anything a client sent, or None."""
    if not isinstance(text, str):
        return None
    try:
        return decode_account(text)
    except Base58Error:
        return None


def decode_seed(text: str) -> tuple[bytes, str | None]:
    """Sixteen bytes of entropy and, for `sEd…`, the key type that the prefix names.

    Raises:
        Base58Error: No seed.
    """
    if text.startswith("sEd"):
        try:
            return decode(ED25519_SEED_PREFIX, text, 16), "ed25519"
        except Base58Error:
            pass
    return decode(SEED_PREFIX, text, 16), None


def encode_seed(entropy: bytes, key_type: str) -> str:
    """The text of a seed; an ed25519 seed has a prefix of its own."""
    prefix = ED25519_SEED_PREFIX if key_type == "ed25519" else SEED_PREFIX
    return encode(prefix, entropy)
