"""The thinking about payments of tokens: what stands in their way, and what they cost at most. Pure.

A token passes from holder to holder through its issuer: the sender's line shrinks, the receiver's
grows, and the issuer's word counts on both. What the ledger would refuse is refused here by name,
before anything is signed. What an exchange costs is a quote: the person pays at most `send_max`,
exactly the amount arrives or nothing happens, and a quote that has aged is not signed.

Source: xrpl.org, Payment; Freezing Tokens; Authorized Trust Lines; Transfer Fees; Rippling; rippled
`DirectStep.cpp` (what a freeze stops).
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from talktalk.ledger.amounts import DROPS_PER_XRP, Asset, Issued, Mpt, Xrp, xrp
from talktalk.ledger.issuers import AssetTerms
from talktalk.ledger.lines import Holding, HoldingFlag
from talktalk.ledger.rounding import plain, ratio_up, scaled_up, whole_ratio_up
from talktalk.transfers.errors import (
    AssetFrozen,
    AssetNotHeld,
    AssetNotTransferable,
    AssetUnauthorized,
    DestinationFrozen,
    DestinationLineFull,
    DestinationUnauthorized,
    DestinationWithoutLine,
    InsufficientBalance,
    NoPath,
)
from talktalk_wire.common import Amount

QUOTE_LIFE = timedelta(seconds=60)
"""How long a person may look at the price of an exchange before it must be asked anew."""
QUOTE_SLACK = Decimal("1.005")
"""How much more than quoted an exchange may cost: half a percent; whatever is not needed stays."""


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """What a node says an exchange would cost now."""

    cost: Decimal
    """In the asset that is spent; XRP as a decimal number of XRP."""
    paths: list[Any]
    """As the transaction carries them."""


class TokenLook(msgspec.Struct, frozen=True, kw_only=True):
    """What the network says of both ends of a payment of tokens."""

    terms: AssetTerms | None
    """Of what is delivered; None for XRP."""
    spend_terms: AssetTerms | None
    """Of what is spent; None for XRP."""
    received: Holding | None
    """What the receiver holds of what is delivered."""
    quote: Quote | None
    """Of an exchange; None for a payment in one asset, or where nobody exchanges."""


class Spend(msgspec.Struct, frozen=True, kw_only=True):
    """What leaves the sender at most, and how."""

    most: Amount
    send_max: Amount | None = None
    """What the transaction says; None where it may not cost more than it delivers."""
    paths: list[Any] | None = None
    quote_expires_at: datetime | None = None

    @property
    def drops(self) -> int:
        """The part of it that is XRP, in drops."""
        return int(Decimal(self.most.value) * DROPS_PER_XRP) if self.most.asset == "XRP" else 0


def check_sender(asset: Issued | Mpt, terms: AssetTerms, held: Holding | None, *, to_issuer: bool) -> Holding:
    """Refuse what the sender's side of a token forbids.

    Args:
        asset: What is spent.
        terms: Its issuer's.
        held: What the sender has of it.
        to_issuer: Whether it goes back to its issuer, which no freeze stops.

    Raises:
        AssetNotHeld, AssetFrozen, AssetUnauthorized, AssetNotTransferable: As named.
    """
    if held is None or Decimal(held.balance) <= 0:
        raise AssetNotHeld
    if to_issuer:
        return held
    stopped = HoldingFlag.FROZEN, HoldingFlag.DEEP_FROZEN, HoldingFlag.DEEP_FREEZES
    if terms.frozen or any(held.has(flag) for flag in stopped):
        raise AssetFrozen
    if isinstance(asset, Mpt):
        if not terms.lets_holders_pay:
            raise AssetNotTransferable
        if terms.requires_authorization and not held.has(HoldingFlag.AUTHORIZED):
            raise AssetUnauthorized
    return held


def check_receiver(asset: Issued | Mpt, terms: AssetTerms, held: Holding | None, value: Decimal) -> Holding:
    """Refuse what the receiver's side of a token forbids. The issuer itself receives without a line.

    Raises:
        DestinationWithoutLine, DestinationUnauthorized, DestinationFrozen, DestinationLineFull: As named.
    """
    if held is None:
        raise DestinationWithoutLine
    if terms.requires_authorization and not held.has(HoldingFlag.AUTHORIZED):
        raise DestinationUnauthorized
    stopped = HoldingFlag.FREEZES, HoldingFlag.DEEP_FROZEN, HoldingFlag.DEEP_FREEZES
    if terms.frozen or any(held.has(flag) for flag in stopped):
        raise DestinationFrozen
    if isinstance(asset, Issued) and Decimal(held.balance) + value > Decimal(held.limit):
        raise DestinationWithoutLine if held.limit == "0" else DestinationLineFull
    return held


def check_rippling(sent: Holding, received: Holding) -> None:
    """Two lines on whose issuer's side nobody may pay through cannot pay each other.

    Raises:
        AssetNotTransferable: So it is.
    """
    if sent.has(HoldingFlag.PEER_NO_RIPPLE) and received.has(HoldingFlag.PEER_NO_RIPPLE):
        raise AssetNotTransferable


def direct_spend(asset: Issued | Mpt, terms: AssetTerms, amount: Amount, *, to_issuer: bool) -> Spend:
    """What a payment in one asset costs: the issuer's fee comes on top, except on the way back to it."""
    if to_issuer or terms.rate == terms.parity:
        return Spend(most=amount)
    if isinstance(asset, Mpt):
        cost = str(whole_ratio_up(int(amount.value), terms.rate, terms.parity))
    else:
        cost = plain(ratio_up(Decimal(amount.value), terms.rate, terms.parity))
    most = Amount(value=cost, asset=amount.asset)
    return Spend(most=most, send_max=most)


def exchange_spend(spent: Asset, quote: Quote | None, now: datetime) -> Spend:
    """What an exchange costs at most.

    Raises:
        NoPath: Nobody exchanges the one for the other now.
    """
    if quote is None or quote.cost <= 0:
        raise NoPath
    if isinstance(spent, Xrp):
        most = xrp(-int(-(quote.cost * QUOTE_SLACK * DROPS_PER_XRP) // 1))
    else:
        most = Amount(value=plain(scaled_up(quote.cost, QUOTE_SLACK)), asset=str(spent))
    return Spend(most=most, send_max=most, paths=quote.paths or None, quote_expires_at=now + QUOTE_LIFE)


def check_token_purse(held: Decimal, promised: Decimal, most: Decimal) -> None:
    """Refuse what the sender does not have of a token.

    Raises:
        InsufficientBalance: More than there is, payments on their way included.
    """
    if most > held - promised:
        raise InsufficientBalance
