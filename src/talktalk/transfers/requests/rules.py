"""The thinking about requests: exact splits, and what a share's history makes of it. Pure.

A share:

    open ──a payment settled──▶ part_paid ──the rest settled──▶ paid
      └────────┬──────────────────┘
        declined, cancelled, expired: at once, or when a payment on its way has ended otherwise
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import msgspec

from talktalk.ledger.amounts import ISSUED_DIGITS_MAX, XRP_FRACTION_DIGITS, Asset, Mpt, Xrp, parse_asset
from talktalk.ledger.errors import AmountTooPrecise
from talktalk.transfers.requests.errors import ExpiryRefused, SplitMalformed, SplitTooSmall
from talktalk_wire.common import Amount
from talktalk_wire.requests import MoneyRequestState, RequestAsk, ShareAsk, ShareState, SplitMode

LIFE = timedelta(days=30)
"""Of a request that does not say when it ends."""
LIFE_MAX = timedelta(days=366)
REMIND_EVERY = timedelta(hours=12)
OPEN_MAX = 200
"""Requests of one person that are open at a time."""
ISSUED_UNIT_DIGITS = 6
"""Issued currencies have no smallest unit; parts are cut at a millionth."""

TERMINAL = frozenset({ShareState.PAID, ShareState.DECLINED, ShareState.CANCELLED, ShareState.EXPIRED})


def unit_digits(asset: Asset) -> int:
    """Decimal places of an asset's smallest unit."""
    if isinstance(asset, Xrp):
        return XRP_FRACTION_DIGITS
    return 0 if isinstance(asset, Mpt) else ISSUED_UNIT_DIGITS


def to_units(amount: Amount) -> int:
    """An amount in smallest units.

    Raises:
        AmountTooPrecise: It has a fraction of one, or more digits than the ledger keeps.
    """
    asset = parse_asset(amount.asset)
    units = Decimal(amount.value).scaleb(unit_digits(asset))
    if units != units.to_integral_value():
        raise AmountTooPrecise
    if not isinstance(asset, Xrp | Mpt) and len(str(int(units))) > ISSUED_DIGITS_MAX:
        raise AmountTooPrecise
    return int(units)


def from_units(units: int, asset: str) -> Amount:
    """Smallest units as an amount: no trailing zeros, no exponent."""
    digits = unit_digits(parse_asset(asset))
    if digits == 0:
        return Amount(value=str(units), asset=asset)
    whole, fraction = divmod(units, 10**digits)
    shown = f"{fraction:0{digits}d}".rstrip("0")
    return Amount(value=f"{whole}.{shown}" if shown else str(whole), asset=asset)


def apportion(total: int, weights: Sequence[int]) -> tuple[list[int], list[int]]:
    """Cut `total` units by weight, exactly.

    Every part is rounded down; the units left over go one each to the largest remainders, equal ones
    in the order given (Hamilton's method).

    Returns:
        The parts, whose sum is `total`; and the leftover unit in each, 0 or 1.
    """
    whole = sum(weights)
    parts = [total * weight // whole for weight in weights]
    remainders = [total * weight % whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda index: (-remainders[index], index))
    extras = [0] * len(weights)
    for index in order[: total - sum(parts)]:
        extras[index] = 1
    return [part + extra for part, extra in zip(parts, extras, strict=True)], extras


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One person's part of a split."""

    user_id: UUID
    units: int
    extra: int
    """The unit of remainder in it, 0 or 1."""


def split(
    mode: SplitMode, people: Sequence[ShareAsk], total: int | None, values: Sequence[int | None]
) -> list[Part]:
    """Everyone's part, in the order in which they were named.

    Args:
        mode: How.
        people: Among whom; nobody twice.
        total: Smallest units, with `equal` and `shares`; with `own` it may be given and must be the sum.
        values: Each person's own amount in smallest units, with `own`.

    Raises:
        SplitMalformed: What was given does not go with the mode.
        SplitTooSmall: Somebody's part would be nothing.
    """
    if len({person.user_id for person in people}) < len(people):
        raise SplitMalformed("somebody is named twice")
    has_weights = [person.weight is not None for person in people]
    has_values = [value is not None for value in values]
    extras = [0] * len(people)
    if mode is SplitMode.OWN:
        if any(has_weights) or not all(has_values):
            raise SplitMalformed("name an amount for each person, and no weights")
        parts = [value for value in values if value is not None]
        if total is not None and total != sum(parts):
            raise SplitMalformed("the amounts do not add up to the total")
    else:
        if total is None or any(has_values):
            raise SplitMalformed("name a total, and no amounts")
        if mode is SplitMode.SHARES and not all(has_weights):
            raise SplitMalformed("name a weight for each person")
        if mode is SplitMode.EQUAL and any(has_weights):
            raise SplitMalformed("equal parts have no weights")
        parts, extras = apportion(total, [person.weight or 1 for person in people])
    if min(parts) <= 0:
        raise SplitTooSmall
    return [
        Part(user_id=person.user_id, units=units, extra=extra)
        for person, units, extra in zip(people, parts, extras, strict=True)
    ]


def state_of(*, units: int, paid: int, live: int, closed_as: ShareState | None) -> ShareState:
    """What a share is, of its whole history.

    Args:
        units: Asked for.
        paid: Settled.
        live: Approved, and not yet decided by the ledger.
        closed_as: Declined, cancelled or expired, if it was; a payment on its way keeps it open.
    """
    assert paid + live <= units, "more than was asked for can be neither paid nor on its way"
    if paid == units:
        return ShareState.PAID
    if closed_as is not None and live == 0:
        return closed_as
    return ShareState.PART_PAID if paid else ShareState.OPEN


def open_units(*, units: int, paid: int, live: int, closed_as: ShareState | None) -> int:
    """What may still be paid."""
    return 0 if closed_as is not None else units - paid - live


def request_state(shares: Sequence[ShareState]) -> MoneyRequestState:
    """What a request is, of its shares."""
    if any(state not in TERMINAL for state in shares):
        return MoneyRequestState.OPEN
    return MoneyRequestState.PAID if set(shares) == {ShareState.PAID} else MoneyRequestState.CLOSED


def end_of(asked: datetime | None, now: datetime) -> datetime:
    """When a request ends.

    Raises:
        ExpiryRefused: Not within a year, or without a zone.
    """
    if asked is None:
        return now + LIFE
    if asked.tzinfo is None or not now < asked <= now + LIFE_MAX:
        raise ExpiryRefused
    return asked


def input_hash(ask: RequestAsk) -> bytes:
    """What tells two requests apart under one idempotency key."""
    return hashlib.sha256(msgspec.json.encode(ask, order="deterministic")).digest()
