"""Trust lines and MPT entries, read from the ledger's own entries and seen from one side. Pure.

A trust line is one entry between two accounts: its balance counts up for the account with the
lower id and down for the other, and each side has its own limit and flags. Here it is two
holdings, one for each side, in which a positive balance is what that side owns.

Source: xrpl.org, RippleState, MPToken.
"""

import enum
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from talktalk.ledger.amounts import Issued, Mpt
from talktalk.ledger.rounding import plain, subtract
from talktalk.ledger.schemas import LedgerTransaction, ValidatedLedger


class HoldingFlag(enum.IntFlag):
    """What a holding's two sides have set, seen from the holder."""

    NO_RIPPLE = 0x001
    """The holder lets nobody pay through it."""
    PEER_NO_RIPPLE = 0x002
    """The issuer lets nobody pay through it: two such lines cannot pay each other."""
    FREEZES = 0x004
    """The holder has frozen the other side."""
    FROZEN = 0x008
    """The issuer has frozen the holder (or locked its MPTs): it may receive, and pay the issuer alone."""
    DEEP_FREEZES = 0x010
    DEEP_FROZEN = 0x020
    """The issuer has frozen the holder deeply: nothing moves, either way."""
    AUTHORIZES = 0x040
    AUTHORIZED = 0x080
    """The issuer has authorised the holder."""
    RESERVED = 0x100
    """It counts towards the holder's reserve."""


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """One asset of one account, as one validated ledger holds it."""

    account: str
    asset: str
    """`<code>.<the other side>` or `mpt.<issuance>`."""
    balance: str
    """Positive is owned; negative, on a trust line, is owed to the other side."""
    locked: str
    """Of an MPT: held in escrow, not part of `balance`."""
    limit: str
    """How much of it the holder would have at most; "0" where it asked for none."""
    peer_limit: str
    flags: int
    present: bool
    """False once the entry was removed."""
    ledger_index: int

    def has(self, flag: HoldingFlag) -> bool:
        """Whether the flag is set."""
        return bool(self.flags & flag)


HOLDING_TYPES: Final = frozenset({"RippleState", "MPToken"})

# Low side, high side, in the order of `HoldingFlag`'s pairs (holder's, other's).
_LINE_FLAGS: Final = (
    (0x00100000, 0x00200000, HoldingFlag.NO_RIPPLE, HoldingFlag.PEER_NO_RIPPLE),
    (0x00400000, 0x00800000, HoldingFlag.FREEZES, HoldingFlag.FROZEN),
    (0x02000000, 0x04000000, HoldingFlag.DEEP_FREEZES, HoldingFlag.DEEP_FROZEN),
    (0x00040000, 0x00080000, HoldingFlag.AUTHORIZES, HoldingFlag.AUTHORIZED),
)
_LINE_RESERVES: Final = (0x00010000, 0x00020000)
_MPT_LOCKED: Final = 0x1
_MPT_AUTHORIZED: Final = 0x2


def holdings_after(ledger: ValidatedLedger) -> dict[tuple[str, str], Holding]:
    """Every holding a ledger touched, by account and asset, as the ledger leaves it."""
    found: dict[tuple[str, str], Holding] = {}
    for transaction in ledger.transactions:
        for kind, fields, present in _entries(transaction):
            for holding in holdings_of(kind, fields, ledger.ledger_index, present=present):
                found[holding.account, holding.asset] = holding
    return found


def holdings_of(
    kind: str, fields: Mapping[str, Any], ledger_index: int, *, present: bool = True
) -> Iterator[Holding]:
    """The holdings in one entry of the ledger: both sides of a trust line, or the one of an MPToken."""
    if kind == "RippleState":
        yield _side(fields, ledger_index, low=True, present=present)
        yield _side(fields, ledger_index, low=False, present=present)
    elif kind == "MPToken":
        flags = int(fields.get("Flags", 0))
        yield Holding(
            account=str(fields["Account"]),
            asset=str(Mpt(str(fields["MPTokenIssuanceID"]).upper())),
            balance=str(fields.get("MPTAmount", "0")) if present else "0",
            locked=str(fields.get("LockedAmount", "0")) if present else "0",
            limit="0",
            peer_limit="0",
            flags=_mpt_flags(flags) if present else 0,
            present=present,
            ledger_index=ledger_index,
        )


def changes(transaction: LedgerTransaction) -> Iterator[tuple[str, str, Decimal]]:
    """Account, asset and change of balance of every holding that changed, from both sides of each line."""
    for entry in transaction.meta.get("AffectedNodes", []):
        ((change, node),) = entry.items()
        kind = node.get("LedgerEntryType")
        if kind not in HOLDING_TYPES:
            continue
        final = node.get("NewFields" if change == "CreatedNode" else "FinalFields", {})
        before = _balance_before(transaction, change, node, final)
        for holding in holdings_of(str(kind), final, 0):
            was = before if kind == "MPToken" or _is_low(final, holding.account) else -before
            moved = subtract(Decimal(holding.balance), was)
            if moved:
                yield holding.account, holding.asset, moved


def _balance_before(
    transaction: LedgerTransaction, change: str, node: Mapping[str, Any], final: Mapping[str, Any]
) -> Decimal:
    """The balance that was, as a trust line's low side counts it."""
    if change == "CreatedNode":
        return Decimal(0)
    previous = node.get("PreviousFields", {})
    if node["LedgerEntryType"] == "RippleState":
        return Decimal(str(previous.get("Balance", final["Balance"])["value"]))
    if "MPTAmount" in previous or "MPTAmount" not in final:
        return Decimal(str(previous.get("MPTAmount", "0")))
    # An amount of zero is not stored, so one that appears has no previous value in the metadata: a first
    # receipt changes nothing else, and a cancelled escrow gives back what was locked.
    appeared = not previous or (
        "LockedAmount" in previous and transaction.tx_json["TransactionType"] == "EscrowCancel"
    )
    return Decimal(0) if appeared else Decimal(str(final["MPTAmount"]))


def _entries(transaction: LedgerTransaction) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    for entry in transaction.meta.get("AffectedNodes", []):
        ((change, node),) = entry.items()
        if node.get("LedgerEntryType") not in HOLDING_TYPES:
            continue
        fields = node.get("NewFields" if change == "CreatedNode" else "FinalFields")
        if fields:
            yield node["LedgerEntryType"], fields, change != "DeletedNode"


def _is_low(fields: Mapping[str, Any], account: str) -> bool:
    return bool(fields["LowLimit"]["issuer"] == account)


def _side(fields: Mapping[str, Any], ledger_index: int, *, low: bool, present: bool) -> Holding:
    own, other = fields["LowLimit"], fields["HighLimit"]
    balance = Decimal(str(fields["Balance"]["value"]))
    if not low:
        own, other, balance = other, own, -balance
    return Holding(
        account=str(own["issuer"]),
        asset=str(Issued(_code(str(own["currency"])), str(other["issuer"]))),
        balance=plain(balance) if present else "0",
        locked="0",
        limit=plain(Decimal(str(own["value"]))) if present else "0",
        peer_limit=plain(Decimal(str(other["value"]))) if present else "0",
        flags=_line_flags(int(fields.get("Flags", 0)), low=low) if present else 0,
        present=present,
        ledger_index=ledger_index,
    )


def _code(code: str) -> str:
    return code if len(code) == 3 else code.upper()


def _line_flags(flags: int, *, low: bool) -> int:
    seen = HoldingFlag(0)
    for low_bit, high_bit, own, other in _LINE_FLAGS:
        if flags & low_bit:
            seen |= own if low else other
        if flags & high_bit:
            seen |= other if low else own
    if flags & _LINE_RESERVES[0 if low else 1]:
        seen |= HoldingFlag.RESERVED
    return int(seen)


def _mpt_flags(flags: int) -> int:
    seen = HoldingFlag.RESERVED
    if flags & _MPT_LOCKED:
        seen |= HoldingFlag.DEEP_FROZEN
    if flags & _MPT_AUTHORIZED:
        seen |= HoldingFlag.AUTHORIZED
    return int(seen)
