"""Crypto-conditions: the PREIMAGE-SHA-256 kind, which is all that the ledger knows.

A condition is the SHA-256 of a preimage with its length as cost; its fulfillment is the preimage. Both are DER, and
only the forms that rippled's parser takes are taken here.

Source: rippled `conditions/`; draft-thomas-crypto-conditions-02.
"""

import hashlib
from typing import Final, NamedTuple

MAX_PREIMAGE_BYTES: Final = 128
MAX_CONDITION_BYTES: Final = 128
MAX_FULFILLMENT_BYTES: Final = 256

_PREIMAGE_SHA256: Final = 0xA0
_FIRST: Final = 0x80
_SECOND: Final = 0x81
_LENGTH_BYTES: Final = 8


class ConditionError(ValueError):
    """Bytes that are no condition or fulfillment of the known kind."""


class Condition(NamedTuple):
    """What must be fulfilled."""

    fingerprint: bytes
    cost: int


def _take(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """The contents of one DER element of a given tag, and what follows it."""
    if len(data) < 2 or data[0] != tag:
        raise ConditionError("unexpected tag")
    size, at = data[1], 2
    if size & 0x80:
        count = size & 0x7F
        if not 1 <= count <= _LENGTH_BYTES or at + count > len(data):
            raise ConditionError("bad length")
        size = int.from_bytes(data[at : at + count], "big")
        at += count
        if size == 0:
            raise ConditionError("bad length")
    if at + size > len(data):
        raise ConditionError("too short")
    return data[at : at + size], data[at + size :]


def _outer(data: bytes, most: int) -> bytes:
    body, rest = _take(data, _PREIMAGE_SHA256)
    if rest or len(body) > most:
        raise ConditionError("trailing bytes or too large")
    return body


def parse_condition(data: bytes) -> Condition:
    """The condition in some bytes.

    Raises:
        ConditionError: Malformed, of another kind, or of too long a preimage.
    """
    fingerprint, rest = _take(_outer(data, MAX_CONDITION_BYTES), _FIRST)
    number, rest = _take(rest, _SECOND)
    if len(fingerprint) != 32 or rest:
        raise ConditionError("malformed")
    if not 1 <= len(number) <= 5 or number[0] & 0x80 or (len(number) == 5 and number[0]):
        raise ConditionError("bad cost")
    cost = int.from_bytes(number, "big")
    if cost > MAX_PREIMAGE_BYTES:
        raise ConditionError("preimage too long")
    return Condition(fingerprint, cost)


def parse_fulfillment(data: bytes) -> bytes:
    """The preimage in a fulfillment.

    Raises:
        ConditionError: Malformed, of another kind, or too long.
    """
    preimage, rest = _take(_outer(data, MAX_FULFILLMENT_BYTES), _FIRST)
    if rest or len(preimage) > MAX_PREIMAGE_BYTES:
        raise ConditionError("malformed")
    return preimage


def fulfills(fulfillment: bytes, condition: bytes) -> bool:
    """Whether a fulfillment matches a condition; anything malformed does not."""
    try:
        wanted = parse_condition(condition)
        preimage = parse_fulfillment(fulfillment)
    except ConditionError:
        return False
    return wanted == Condition(hashlib.sha256(preimage).digest(), len(preimage))
