"""A sandbox in which money that a payment has moved in cannot be spent again by the same payment.

While a payment runs, what an account has received through it does not count as its balance, and reserves that it
freed are not free yet. The table of deferred credits keeps, per trust line and per XRP balance, what was debited and
what the balance was at first.

Source: rippled `PaymentSandbox.cpp` (the algorithm after its switch-over).
"""

from dataclasses import dataclass
from typing import Final

from xrpl_devnet.ledger.iou import Arithmetic, Value, less, negated, zero_like
from xrpl_devnet.ledger.views import OpenView, Sandbox

XRP_ISSUER: Final = bytes(20)

_Key = tuple[bytes, bytes, bytes]


@dataclass(slots=True)
class _Credits:
    """Both directions of one line, from the view of the account that sorts lower."""

    to_high: Value
    to_low: Value
    low_balance: Value
    """The lower account's balance before the first credit."""


class PaymentSandbox(Sandbox):
    """See the module."""

    def __init__(self, parent: OpenView | Sandbox) -> None:
        super().__init__(parent)
        self._above = parent if isinstance(parent, PaymentSandbox) else None
        self._arithmetic = Arithmetic(parent.rules)
        self._credits: dict[_Key, _Credits] = {}
        self._owner_counts: dict[bytes, int] = {}

    def credited(
        self, sender: bytes, receiver: bytes, currency: bytes, amount: Value, sender_balance: Value
    ) -> None:
        """Remember that `amount` went from sender to receiver, and what the sender had before."""
        low_sends = sender < receiver
        key = (sender, receiver, currency) if low_sends else (receiver, sender, currency)
        known = self._credits.get(key)
        nothing = zero_like(amount)
        if known is None:
            self._credits[key] = (
                _Credits(amount, nothing, sender_balance)
                if low_sends
                else _Credits(nothing, amount, negated(sender_balance))
            )
        elif low_sends:
            known.to_high = self._arithmetic.add(known.to_high, amount)
        else:
            known.to_low = self._arithmetic.add(known.to_low, amount)

    def owner_count_changed(self, account: bytes, before: int, after: int) -> None:
        """Remember the greatest owner count an account had."""
        most = max(before, after, self._owner_counts.get(account, 0))
        self._owner_counts[account] = most

    def usable_balance(self, account: bytes, issuer: bytes, currency: bytes, balance: Value) -> Value:
        """How much of a balance may be spent: the least of it, of what it was less the debits, and of what it was."""
        debits = zero_like(balance)
        last = least = balance
        view: PaymentSandbox | None = self
        while view is not None:
            entry = view._credits.get(
                (account, issuer, currency) if account < issuer else (issuer, account, currency)
            )
            if entry is not None:
                low = account < issuer
                debits = self._arithmetic.add(debits, entry.to_high if low else entry.to_low)
                last = entry.low_balance if low else negated(entry.low_balance)
                if less(last, least):
                    least = last
            view = view._above
        usable = balance
        for candidate in (self._arithmetic.subtract(last, debits), least):
            if less(candidate, usable):
                usable = candidate
        # XRP credited and debited by one payment may seem to go below nothing.
        return max(usable, 0) if isinstance(usable, int) else usable

    def reserved_count(self, account: bytes, count: int) -> int:
        """The owner count that reserves are reckoned with: the greatest so far."""
        view: PaymentSandbox | None = self
        while view is not None:
            count = max(count, view._owner_counts.get(account, 0))
            view = view._above
        return count

    def commit(self) -> None:
        """Hand changes and deferred credits to the view below."""
        below = self._above
        if below is not None:
            for key, entry in self._credits.items():
                known = below._credits.get(key)
                if known is None:
                    below._credits[key] = entry
                else:
                    known.to_high = self._arithmetic.add(known.to_high, entry.to_high)
                    known.to_low = self._arithmetic.add(known.to_low, entry.to_low)
            for account, count in self._owner_counts.items():
                below.owner_count_changed(account, count, count)
        self._credits = {}
        self._owner_counts = {}
        super().commit()
