"""Invariants: what no transaction may break, checked on the result of every apply.

A check is a class with `visit`, called for each touched entry with its state before and after, and `holds`,
asked at the end. To add one, write the class and list it in `CHECKS`. A broken invariant turns the
transaction into `tecINVARIANT_FAILED`, which charges the fee and nothing else.
"""

from typing import ClassVar, Protocol

from xrpl_codec.amounts import MAX_DROPS, XRP_CURRENCY, IssuedAmount
from xrpl_codec.binary import Fields
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.outcome import Outcome
from xrpl_devnet.ledger.token_invariants import (
    ClawbackTakesFromOne,
    DeepFreezeNeedsFreeze,
    DeletedAccountsLeaveNothing,
    FrozenStaysPut,
    MptEntriesOnPurpose,
    NoBadOffers,
    TokensInRange,
)
from xrpl_devnet.ledger.views import Action, Sandbox


class Check(Protocol):
    """One invariant, instantiated for one transaction."""

    def visit(self, before: Entry | None, after: Entry | None) -> None:
        """See one touched entry; `after` is None when it was deleted."""

    def holds(self, outcome: Outcome) -> bool:
        """Whether the invariant stands."""


def _locked_drops(entry: Entry) -> int:
    """The XRP that an entry holds."""
    kind = entry.kind
    if kind == "AccountRoot":
        drops: int = entry["Balance"]
        return drops
    if kind == "PayChannel":
        return int(entry["Amount"]) - int(entry["Balance"])
    if kind == "Escrow" and isinstance(entry["Amount"], int):
        return entry["Amount"]
    return 0


class XrpNotCreated:
    """XRP only ever decreases, by exactly the fee."""

    def __init__(self) -> None:
        self.change = 0

    def visit(self, before: Entry | None, after: Entry | None) -> None:
        """Add up what each entry gained or lost."""
        if before is not None:
            self.change -= _locked_drops(before)
        if after is not None:
            self.change += _locked_drops(after)

    def holds(self, outcome: Outcome) -> bool:
        """Whether the sum is the fee, negative."""
        return self.change == -outcome.fee_drops


class XrpBalances:
    """An account's XRP is never negative and never more than there is."""

    def __init__(self) -> None:
        self.bad = False

    def visit(self, before: Entry | None, after: Entry | None) -> None:
        """Look at each account's balance."""
        for entry in (before, after):
            if entry is not None and entry.kind == "AccountRoot":
                balance = entry["Balance"]
                if not isinstance(balance, int) or not 0 <= balance <= MAX_DROPS:
                    self.bad = True

    def holds(self, outcome: Outcome) -> bool:
        """Whether all were in range."""
        del outcome
        return not self.bad


class AccountsDeletedOnPurpose:
    """Only AccountDelete deletes an account, and exactly one."""

    DELETERS: ClassVar = frozenset({"AccountDelete"})

    def __init__(self) -> None:
        self.deleted = 0

    def visit(self, before: Entry | None, after: Entry | None) -> None:
        """Count deleted accounts."""
        if before is not None and after is None and before.kind == "AccountRoot":
            self.deleted += 1

    def holds(self, outcome: Outcome) -> bool:
        """Whether the count fits the transaction."""
        if outcome.type in self.DELETERS and outcome.result == "tesSUCCESS":
            return self.deleted == 1
        return self.deleted == 0


class AccountsCreatedByPayment:
    """Only a payment makes an account, one at a time, numbered by its ledger."""

    CREATORS: ClassVar = frozenset({"Payment"})

    def __init__(self) -> None:
        self.created: list[Entry] = []

    def visit(self, before: Entry | None, after: Entry | None) -> None:
        """Collect new accounts."""
        if before is None and after is not None and after.kind == "AccountRoot":
            self.created.append(after)

    def holds(self, outcome: Outcome) -> bool:
        """Whether at most one was made, by the right type, with the right Sequence."""
        if not self.created:
            return True
        first = outcome.view.index if outcome.view.rules.enabled("DeletableAccounts") else 1
        return (
            len(self.created) == 1
            and outcome.type in self.CREATORS
            and outcome.result == "tesSUCCESS"
            and self.created[0]["Sequence"] == first
        )


class TypesNeverChange:
    """An entry keeps its type."""

    def __init__(self) -> None:
        self.bad = False

    def visit(self, before: Entry | None, after: Entry | None) -> None:
        """Compare the types."""
        if before is not None and after is not None and before.kind != after.kind:
            self.bad = True

    def holds(self, outcome: Outcome) -> bool:
        """Whether none changed."""
        del outcome
        return not self.bad


class NoXrpTrustLines:
    """No trust line is for XRP."""

    def __init__(self) -> None:
        self.bad = False

    def visit(self, before: Entry | None, after: Entry | None) -> None:
        """Look at the limits."""
        del before
        if after is not None and after.kind == "RippleState":
            for name in ("LowLimit", "HighLimit"):
                limit = after[name]
                if not isinstance(limit, IssuedAmount) or limit.currency == XRP_CURRENCY:
                    self.bad = True

    def holds(self, outcome: Outcome) -> bool:
        """Whether all were issued currencies."""
        del outcome
        return not self.bad


class NoZeroEscrow:
    """What is locked is more than nothing and not more than there is."""

    def __init__(self) -> None:
        self.bad = False

    def visit(self, before: Entry | None, after: Entry | None) -> None:
        """Look at XRP escrows."""
        for entry in (before, after):
            if entry is not None and entry.kind == "Escrow" and isinstance(entry["Amount"], int):
                self.bad |= not 0 < entry["Amount"] < MAX_DROPS

    def holds(self, outcome: Outcome) -> bool:
        """Whether all were in range."""
        del outcome
        return not self.bad


CHECKS: list[type[Check]] = [
    XrpNotCreated,
    XrpBalances,
    AccountsDeletedOnPurpose,
    AccountsCreatedByPayment,
    TypesNeverChange,
    NoXrpTrustLines,
    NoZeroEscrow,
    TokensInRange,
    NoBadOffers,
    DeepFreezeNeedsFreeze,
    FrozenStaysPut,
    ClawbackTakesFromOne,
    MptEntriesOnPurpose,
    DeletedAccountsLeaveNothing,
]


def all_hold(sandbox: Sandbox, fields: Fields, result: str, *, fee_drops: int, stated_fee_drops: int) -> bool:
    """Whether a transaction's changes break nothing.

    Args:
        sandbox: The changes.
        fields: The transaction.
        result: The result so far.
        fee_drops: What was charged.
        stated_fee_drops: The Fee field, which is the most that may be charged.
    """
    if not 0 <= fee_drops <= stated_fee_drops or fee_drops >= MAX_DROPS:
        return False
    checks = [check() for check in CHECKS]
    base = sandbox.parent
    for key, item in sandbox.changed().items():
        if item.action is Action.CACHED:
            continue
        before = None if item.action is Action.INSERTED else base.read(key)
        after = None if item.action is Action.ERASED else item.entry
        for check in checks:
            check.visit(before, after)
    outcome = Outcome(fields["TransactionType"], result, fee_drops, sandbox, fields)
    return all(check.holds(outcome) for check in checks)
