"""Invariants of issued currencies and multi-purpose tokens: freezes hold, nothing is made or lost on the way.

Checks of the kind that `invariants` describes, and listed there.

Source: rippled `InvariantCheck.cpp` and its `FreezeInvariant`, `MPTInvariant`.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from xrpl_codec.amounts import BAD_CURRENCY, Amount, IssuedAmount, MPTAmount, signum
from xrpl_devnet.ledger import flags, funds, keylets
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.iou import ZERO, Arithmetic, Iou, sign
from xrpl_devnet.ledger.mpt import MAX_AMOUNT
from xrpl_devnet.ledger.outcome import Outcome

_MAKES_HOLDINGS: Final = frozenset({"EscrowFinish", "EscrowCancel"})
"""Types that may make an MPToken on the way."""


def _bad_amount(amount: Amount) -> bool:
    """Whether an amount is not something that can be locked."""
    if isinstance(amount, MPTAmount):
        return not 0 < amount.value <= MAX_AMOUNT
    if isinstance(amount, IssuedAmount):
        return amount.mantissa <= 0 or amount.currency == BAD_CURRENCY
    return amount <= 0


class TokensInRange:
    """Locked tokens are more than nothing; outstanding, held and locked amounts fit in each other."""

    def __init__(self) -> None:
        self.bad = False

    def visit(self, before: Entry | None, after: Entry | None) -> None:
        """Look at escrows, issuances and holders."""
        del before
        if after is None:
            return
        if after.kind == "Escrow":
            self.bad |= _bad_amount(after["Amount"])
        elif after.kind == "MPTokenIssuance":
            outstanding: int = after["OutstandingAmount"]
            most: int = after.get("MaximumAmount", MAX_AMOUNT)
            self.bad |= not 0 <= after.get("LockedAmount", 0) <= outstanding <= most
        elif after.kind == "MPToken":
            amounts = (after.get("MPTAmount", 0), after.get("LockedAmount", 0))
            self.bad |= not all(0 <= amount <= MAX_AMOUNT for amount in amounts)

    def holds(self, outcome: Outcome) -> bool:
        """Whether all were in range."""
        del outcome
        return not self.bad


class NoBadOffers:
    """No offer is for nothing, or of XRP for XRP."""

    def __init__(self) -> None:
        self.bad = False

    def visit(self, before: Entry | None, after: Entry | None) -> None:
        """Look at both amounts."""
        for entry in (before, after):
            if entry is not None and entry.kind == "Offer":
                pays, gets = entry["TakerPays"], entry["TakerGets"]
                self.bad |= signum(pays) < 0 or signum(gets) < 0
                self.bad |= isinstance(pays, int) and isinstance(gets, int)

    def holds(self, outcome: Outcome) -> bool:
        """Whether all were proper."""
        del outcome
        return not self.bad


class DeepFreezeNeedsFreeze:
    """No side of a line is deep-frozen without being frozen."""

    def __init__(self) -> None:
        self.bad = False

    def visit(self, before: Entry | None, after: Entry | None) -> None:
        """Look at the flags."""
        del before
        if after is not None and after.kind == "RippleState":
            self.bad |= after.flag(flags.LOW_DEEP_FREEZE) and not after.flag(flags.LOW_FREEZE)
            self.bad |= after.flag(flags.HIGH_DEEP_FREEZE) and not after.flag(flags.HIGH_FREEZE)

    def holds(self, outcome: Outcome) -> bool:
        """Whether none was."""
        del outcome
        return not self.bad


@dataclass(slots=True)
class _Changes:
    """The lines of one currency of one issuer on which holders gained or lost."""

    gained: list[Entry] = field(default_factory=list)
    lost: list[Entry] = field(default_factory=list)


class FrozenStaysPut:
    """What an issuer froze does not pass between holders."""

    def __init__(self) -> None:
        self.lines: list[tuple[Entry, Iou, Iou]] = []

    def visit(self, before: Entry | None, after: Entry | None) -> None:
        """Collect lines, with what the low side held before and after; a line that is gone held nothing."""
        line = after if after is not None else before
        if line is not None and line.kind == "RippleState":
            self.lines.append((line, _low_balance(before), _low_balance(after)))

    def holds(self, outcome: Outcome) -> bool:
        """Whether every transfer between holders was of what may move."""
        if not outcome.view.rules.enabled("DeepFreeze"):
            return True
        arithmetic = Arithmetic(outcome.view.rules)
        changes: dict[tuple[bytes, bytes], _Changes] = defaultdict(_Changes)
        for line, before, after in self.lines:
            change = arithmetic.subtract(after, before)
            currency: bytes = line["Balance"].currency
            # Each side may be the issuer: what the low side gains of the high side's is the high side's issue.
            for issuer, gain in (
                (line["HighLimit"].issuer, sign(change)),
                (line["LowLimit"].issuer, -sign(change)),
            ):
                if gain > 0:
                    changes[issuer, currency].gained.append(line)
                elif gain < 0:
                    changes[issuer, currency].lost.append(line)
        return all(_may_move(outcome, issuer, found) for (issuer, _), found in changes.items())


def _low_balance(line: Entry | None) -> Iou:
    if line is None:
        return ZERO
    balance: IssuedAmount = line["Balance"]
    return Iou(balance.mantissa, balance.exponent)


def _may_move(outcome: Outcome, issuer: bytes, changes: _Changes) -> bool:
    if not changes.gained or not changes.lost:
        return True
    if funds.is_global_frozen(outcome.view, issuer):
        return False
    for lines, loses in ((changes.gained, False), (changes.lost, True)):
        for line in lines:
            low = line["LowLimit"].issuer == issuer
            deep = line.flag(flags.LOW_DEEP_FREEZE if low else flags.HIGH_DEEP_FREEZE)
            frozen = line.flag(flags.LOW_FREEZE if low else flags.HIGH_FREEZE)
            if deep or (loses and frozen):
                return False
    return True


class ClawbackTakesFromOne:
    """A clawback changes one holding at most and leaves it no debt."""

    def __init__(self) -> None:
        self.lines = 0
        self.holdings = 0

    def visit(self, before: Entry | None, after: Entry | None) -> None:
        """Count what was there before and has changed."""
        del after
        if before is not None:
            self.lines += before.kind == "RippleState"
            self.holdings += before.kind == "MPToken"

    def holds(self, outcome: Outcome) -> bool:
        """Whether a clawback, if it was one, took from one holder, or failed and took nothing."""
        if outcome.type != "Clawback":
            return True
        if outcome.result != "tesSUCCESS":
            return self.lines == 0 and self.holdings == 0
        if self.lines + self.holdings > 1:
            return False
        amount: Amount = outcome.fields["Amount"]
        if self.lines == 0 or not isinstance(amount, IssuedAmount):
            return True
        issuer: bytes = outcome.fields["Account"]
        held = funds.credit_balance(outcome.view, amount.issuer, issuer, amount.currency)
        return sign(held) >= 0


class MptEntriesOnPurpose:
    """Issuances and holders are made and deleted by the transactions that are for it, one at a time."""

    def __init__(self) -> None:
        self.issuances = [0, 0]
        self.holdings = [0, 0]

    def visit(self, before: Entry | None, after: Entry | None) -> None:
        """Count what was made and what was deleted."""
        if (before is None) is (after is None):
            return
        entry = after if before is None else before
        assert entry is not None, "one of them is there"
        kind = entry.kind
        if kind == "MPTokenIssuance":
            self.issuances[before is not None] += 1
        elif kind == "MPToken":
            self.holdings[before is not None] += 1

    def holds(self, outcome: Outcome) -> bool:
        """Whether the counts fit the transaction."""
        issuances, holdings = self.issuances, self.holdings
        if outcome.result != "tesSUCCESS":
            return issuances == [0, 0] and holdings == [0, 0]
        if outcome.type == "MPTokenIssuanceCreate":
            return issuances == [1, 0] and holdings == [0, 0]
        if outcome.type == "MPTokenIssuanceDestroy":
            return issuances == [0, 1] and holdings == [0, 0]
        if outcome.type == "MPTokenAuthorize":
            wanted = 0 if "Holder" in outcome.fields else 1
            return issuances == [0, 0] and sum(holdings) == wanted
        if outcome.type in _MAKES_HOLDINGS:
            return issuances == [0, 0] and holdings[0] <= 1 and holdings[1] == 0
        return issuances == [0, 0] and holdings == [0, 0]


class DeletedAccountsLeaveNothing:
    """A deleted account leaves no directory, no signer list, no identifier."""

    def __init__(self) -> None:
        self.deleted: list[bytes] = []

    def visit(self, before: Entry | None, after: Entry | None) -> None:
        """Collect deleted accounts."""
        if before is not None and after is None and before.kind == "AccountRoot":
            self.deleted.append(before["Account"])

    def holds(self, outcome: Outcome) -> bool:
        """Whether nothing that only the account could own is left."""
        return not any(
            outcome.view.exists(keylet(account))
            for account in self.deleted
            for keylet in (keylets.owner_dir, keylets.signer_list, keylets.did)
        )
