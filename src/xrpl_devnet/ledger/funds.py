"""What accounts hold and how it moves: XRP balances, trust lines, freezes, transfer rates, reserves.

All balances here are seen from one account: positive is what it holds, negative what it owes. The entry itself keeps
the lower account's view, with `NO_ACCOUNT` as the issuer.

Source: rippled `View.cpp`, `Credit.cpp`.
"""

from typing import Final

from xrpl_codec.amounts import NO_ACCOUNT, XRP_CURRENCY, Amount, IssuedAmount
from xrpl_devnet.ledger import directory, flags, keylets
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.iou import PARITY, ZERO, Arithmetic, Iou, Value, less, negated, sign
from xrpl_devnet.ledger.payment_view import XRP_ISSUER, PaymentSandbox
from xrpl_devnet.ledger.views import ReadView, Sandbox
from xrpl_devnet.results import Ter

_MAX_COUNT: Final = 2**32 - 1


def value_of(amount: Amount) -> Value:
    """An amount without its asset; of XRP or an issued currency."""
    if isinstance(amount, int):
        return amount
    assert isinstance(amount, IssuedAmount), "multi-purpose tokens move elsewhere"
    return Iou(amount.mantissa, amount.exponent)


def issued(value: Iou, currency: bytes, issuer: bytes) -> IssuedAmount:
    """An issued value with its asset."""
    return IssuedAmount(value.mantissa, value.exponent, currency, issuer)


# --- reading ---


def is_high(account: bytes, other: bytes) -> bool:
    """Whether an account is the high side of its line with another."""
    return account > other


def balance_of(line: Entry, account: bytes, peer: bytes) -> Iou:
    """A line's balance as one side sees it."""
    balance: IssuedAmount = line["Balance"]
    value = Iou(balance.mantissa, balance.exponent)
    return Iou(-value.mantissa, value.exponent) if is_high(account, peer) else value


def side(line: Entry, name: str, account: bytes, peer: bytes) -> int:
    """A numeric field of one side (`QualityIn`, `QualityOut`); 0 where it is absent."""
    number: int = line.get(("High" if is_high(account, peer) else "Low") + name, 0)
    return number


def limit_of(line: Entry, account: bytes, peer: bytes) -> Iou:
    """How much an account trusts its peer for."""
    limit: IssuedAmount = line["HighLimit" if is_high(account, peer) else "LowLimit"]
    return Iou(limit.mantissa, limit.exponent)


def credit_limit(view: ReadView, account: bytes, peer: bytes, currency: bytes) -> Iou:
    """How much an account trusts a peer for; nothing without a line."""
    line = view.read(keylets.trust_line(account, peer, currency))
    return ZERO if line is None else limit_of(line, account, peer)


def credit_balance(view: ReadView, account: bytes, peer: bytes, currency: bytes) -> Iou:
    """What an account holds of a peer's currency; nothing without a line."""
    line = view.read(keylets.trust_line(account, peer, currency))
    return ZERO if line is None else balance_of(line, account, peer)


def transfer_rate(view: ReadView, issuer: bytes) -> int:
    """What an issuer charges for a transfer, in billionths; one where it charges nothing."""
    root = view.read(keylets.account(issuer))
    rate: int = 0 if root is None else root.get("TransferRate", 0)
    return rate or PARITY


def is_global_frozen(view: ReadView, issuer: bytes) -> bool:
    """Whether an issuer froze everything it issued."""
    if issuer == XRP_ISSUER:
        return False
    root = view.read(keylets.account(issuer))
    return root is not None and root.flag(flags.GLOBAL_FREEZE)


def is_individually_frozen(view: ReadView, account: bytes, currency: bytes, issuer: bytes) -> bool:
    """Whether an issuer froze one account's line."""
    if currency == XRP_CURRENCY or issuer == account:
        return False
    line = view.read(keylets.trust_line(account, issuer, currency))
    if line is None:
        return False
    return line.flag(flags.HIGH_FREEZE if is_high(issuer, account) else flags.LOW_FREEZE)


def is_frozen(view: ReadView, account: bytes, currency: bytes, issuer: bytes) -> bool:
    """Whether what an account holds cannot be spent, except to its issuer."""
    if currency == XRP_CURRENCY:
        return False
    return is_global_frozen(view, issuer) or is_individually_frozen(view, account, currency, issuer)


def is_deep_frozen(view: ReadView, account: bytes, currency: bytes, issuer: bytes) -> bool:
    """Whether either side of a line froze it so that nothing may come in either."""
    if currency == XRP_CURRENCY or issuer == account:
        return False
    line = view.read(keylets.trust_line(account, issuer, currency))
    return line is not None and bool(line["Flags"] & (flags.HIGH_DEEP_FREEZE | flags.LOW_DEEP_FREEZE))


def xrp_liquid(view: ReadView, account: bytes, count_change: int = 0) -> int:
    """The drops an account may spend: its balance less the reserve for its objects and `count_change` more."""
    root = view.read(keylets.account(account))
    if root is None:
        return 0
    count: int = root["OwnerCount"]
    balance: int = root["Balance"]
    if isinstance(view, PaymentSandbox):
        count = view.reserved_count(account, count)
        usable = view.usable_balance(account, XRP_ISSUER, XRP_CURRENCY, balance)
        assert isinstance(usable, int), "XRP is in drops"
        balance = usable
    reserve = view.fees.account_reserve(min(max(count + count_change, 0), _MAX_COUNT))
    return max(balance - reserve, 0)


def holds(view: ReadView, account: bytes, currency: bytes, issuer: bytes, *, zero_if_frozen: bool) -> Value:
    """What an account holds of an asset and may spend; negative where it owes on the line."""
    if currency == XRP_CURRENCY:
        return xrp_liquid(view, account)
    line = view.read(keylets.trust_line(account, issuer, currency))
    if line is None:
        return ZERO
    frozen = zero_if_frozen and (
        is_frozen(view, account, currency, issuer) or is_deep_frozen(view, account, currency, issuer)
    )
    value: Value = ZERO if frozen else balance_of(line, account, issuer)
    if isinstance(view, PaymentSandbox):
        return view.usable_balance(account, issuer, currency, value)
    return value


def funds(view: ReadView, account: bytes, wanted: Amount) -> Value:
    """What an account can deliver of an asset when asked for `wanted`: issuers have as much as they like."""
    if isinstance(wanted, int):
        return holds(view, account, XRP_CURRENCY, XRP_ISSUER, zero_if_frozen=True)
    assert isinstance(wanted, IssuedAmount), "multi-purpose tokens are no offers"
    if wanted.issuer == account:
        return value_of(wanted)
    return holds(view, account, wanted.currency, wanted.issuer, zero_if_frozen=True)


def requires_authorization(view: ReadView, account: bytes, currency: bytes, issuer: bytes) -> Ter:
    """Whether an issuer lets an account hold its currency: success, `tecNO_AUTH` or `tecNO_LINE`."""
    if currency == XRP_CURRENCY or issuer == account:
        return "tesSUCCESS"
    root = view.read(keylets.account(issuer))
    if root is None or not root.flag(flags.REQUIRE_AUTH):
        return "tesSUCCESS"
    line = view.read(keylets.trust_line(account, issuer, currency))
    if line is None:
        return "tecNO_LINE"
    authorized = line.flag(flags.LOW_AUTH if account > issuer else flags.HIGH_AUTH)
    return "tesSUCCESS" if authorized else "tecNO_AUTH"


# --- owner counts ---


def count_owned(view: Sandbox, account: bytes, change: int) -> None:
    """Count objects in or out of an account's reserve."""
    root = view.peek(keylets.account(account))
    assert root is not None, "an owner exists"
    before: int = root["OwnerCount"]
    directory.adjust_owner_count(view, root, change)
    if isinstance(view, PaymentSandbox):
        view.owner_count_changed(account, before, root["OwnerCount"])


# --- trust lines ---


def create_line(
    view: Sandbox,
    account: bytes,
    peer: bytes,
    currency: bytes,
    *,
    limit: Iou = ZERO,
    balance: Iou = ZERO,
    line_flags: int = 0,
    qualities: tuple[int, int] = (0, 0),
    no_ripple: bool | None = None,
) -> Ter:
    """Make the line between two accounts, counted for `account`.

    Args:
        view: Where.
        account: Whose settings follow.
        peer: The other side, which gets defaults.
        currency: Of the line.
        limit: How much `account` trusts `peer` for.
        balance: What `account` holds from the start.
        line_flags: Further flags of `account`'s side.
        qualities: QualityIn and QualityOut of `account`'s side, in billionths, 0 for none.
        no_ripple: Whether `account`'s side has NoRipple; None: as its DefaultRipple says.
    """
    high = is_high(account, peer)
    low_account, high_account = (peer, account) if high else (account, peer)
    key = keylets.trust_line(account, peer, currency)
    line = Entry.new("RippleState", key)
    view.insert(line)
    low_page = directory.owner_insert(view, low_account, key)
    high_page = directory.owner_insert(view, high_account, key)
    if low_page is None or high_page is None:
        return "tecDIR_FULL"
    root = view.peek(keylets.account(account))
    peer_root = view.peek(keylets.account(peer))
    if root is None or peer_root is None:
        return "tecNO_TARGET"
    if no_ripple is None:
        no_ripple = not root.flag(flags.DEFAULT_RIPPLE)
    mine, theirs = ("High", "Low") if high else ("Low", "High")
    line["LowNode"], line["HighNode"] = low_page, high_page
    line[f"{mine}Limit"] = issued(limit, currency, account)
    line[f"{theirs}Limit"] = issued(ZERO, currency, peer)
    for name, quality in zip(("QualityIn", "QualityOut"), qualities, strict=True):
        if quality:
            line[mine + name] = quality
    set_flags = line_flags | (flags.HIGH_RESERVE if high else flags.LOW_RESERVE)
    if no_ripple:
        set_flags |= flags.HIGH_NO_RIPPLE if high else flags.LOW_NO_RIPPLE
    if not peer_root.flag(flags.DEFAULT_RIPPLE):
        set_flags |= flags.LOW_NO_RIPPLE if high else flags.HIGH_NO_RIPPLE
    line["Flags"] = set_flags
    count_owned(view, account, 1)
    value = Iou(-balance.mantissa, balance.exponent) if high else balance
    line["Balance"] = issued(value, currency, NO_ACCOUNT)
    if isinstance(view, PaymentSandbox):
        view.credited(peer, account, currency, balance, ZERO)
    return "tesSUCCESS"


def delete_line(view: Sandbox, line: Entry) -> Ter:
    """Take a line out of the ledger and of both directories."""
    low: bytes = line["LowLimit"].issuer
    high: bytes = line["HighLimit"].issuer
    if not directory.owner_remove(view, low, line["LowNode"], line.key):
        return "tefBAD_LEDGER"
    if not directory.owner_remove(view, high, line["HighNode"], line.key):
        return "tefBAD_LEDGER"
    view.erase(line)
    return "tesSUCCESS"


def _sender_side_is_default(view: Sandbox, line: Entry, sender: bytes, receiver: bytes) -> bool:
    """Whether nothing but its balance keeps the sender's side of a line."""
    high = is_high(sender, receiver)
    line_flags: int = line["Flags"]
    root = view.read(keylets.account(sender))
    assert root is not None, "a side of a line exists"
    no_ripple = bool(line_flags & (flags.HIGH_NO_RIPPLE if high else flags.LOW_NO_RIPPLE))
    return (
        bool(line_flags & (flags.HIGH_RESERVE if high else flags.LOW_RESERVE))
        and no_ripple is not root.flag(flags.DEFAULT_RIPPLE)
        and not line_flags & (flags.HIGH_FREEZE if high else flags.LOW_FREEZE)
        and sign(limit_of(line, sender, receiver)) == 0
        and not side(line, "QualityIn", sender, receiver)
        and not side(line, "QualityOut", sender, receiver)
    )


def ripple_credit(view: Sandbox, sender: bytes, receiver: bytes, currency: bytes, amount: Iou) -> Ter:
    """Move an amount along the line between two accounts; one of them is its issuer.

    A line that does not exist is made for the receiver. A line whose sender goes to zero with everything else at its
    defaults stops costing a reserve, and goes when neither side keeps it.
    """
    arithmetic = Arithmetic(view.rules)
    line = view.peek(keylets.trust_line(sender, receiver, currency))
    if line is None:
        return create_line(view, receiver, sender, currency, balance=amount)
    before = balance_of(line, sender, receiver)
    if isinstance(view, PaymentSandbox):
        view.credited(sender, receiver, currency, amount, before)
    after = arithmetic.subtract(before, amount)
    assert isinstance(after, Iou), "lines hold issued amounts"
    high = is_high(sender, receiver)
    deleted = False
    if sign(before) > 0 >= sign(after) and _sender_side_is_default(view, line, sender, receiver):
        count_owned(view, sender, -1)
        line["Flags"] &= ~(flags.HIGH_RESERVE if high else flags.LOW_RESERVE)
        peer_reserve = flags.LOW_RESERVE if high else flags.HIGH_RESERVE
        deleted = sign(after) == 0 and not line["Flags"] & peer_reserve
    value = negated(after) if high else after
    assert isinstance(value, Iou), "lines hold issued amounts"
    # The balance is brought to zero even where the line goes: its last state stands in the metadata.
    line["Balance"] = issued(value, currency, NO_ACCOUNT)
    if deleted:
        return delete_line(view, line)
    view.update(line)
    return "tesSUCCESS"


def send(view: Sandbox, sender: bytes, receiver: bytes, amount: Amount) -> Ter:
    """Move XRP or an issued currency between accounts, with the issuer's transfer fee where it passes through."""
    value = value_of(amount)
    if sign(value) == 0 or sender == receiver:
        return "tesSUCCESS"
    if isinstance(value, int):
        return _send_xrp(view, sender, receiver, value)
    assert isinstance(amount, IssuedAmount), "not XRP"
    issuer, currency = amount.issuer, amount.currency
    if issuer in (sender, receiver, NO_ACCOUNT):
        return ripple_credit(view, sender, receiver, currency, value)
    charged = with_transfer_fee(view, value, issuer)
    result = ripple_credit(view, issuer, receiver, currency, value)
    if result != "tesSUCCESS":
        return result
    return ripple_credit(view, sender, issuer, currency, charged)


def with_transfer_fee(view: ReadView, value: Iou, issuer: bytes) -> Iou:
    """What a sender gives so that `value` arrives through the issuer."""
    rate = transfer_rate(view, issuer)
    if rate == PARITY:
        return value
    product = Arithmetic(view.rules).multiply(value, Arithmetic(view.rules).iou(rate, -9), native=False)
    assert isinstance(product, Iou), "issued"
    return product


def _send_xrp(view: Sandbox, sender: bytes, receiver: bytes, drops: int) -> Ter:
    """Move drops; the zero account is where XRP waits between two steps of one payment."""
    if sender != XRP_ISSUER:
        source = view.peek(keylets.account(sender))
        if source is None or source["Balance"] < drops:
            return "telFAILED_PROCESSING" if view.is_open else "tecFAILED_PROCESSING"
        if isinstance(view, PaymentSandbox):
            view.credited(sender, XRP_ISSUER, XRP_CURRENCY, drops, source["Balance"])
        source["Balance"] -= drops
        view.update(source)
    if receiver != XRP_ISSUER:
        target = view.peek(keylets.account(receiver))
        assert target is not None, "the receiver exists"
        if isinstance(view, PaymentSandbox):
            view.credited(XRP_ISSUER, receiver, XRP_CURRENCY, drops, -target["Balance"])
        target["Balance"] += drops
        view.update(target)
    return "tesSUCCESS"


def at_most(value: Value, limit: Value) -> Value:
    """The value, or the limit where that is less."""
    return limit if less(limit, value) else value
