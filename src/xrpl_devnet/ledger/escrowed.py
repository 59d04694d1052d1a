"""Issued currencies and multi-purpose tokens in escrow: who may lock them, locking, and paying out.

XRP in escrow needs none of this. Tokens return to their issuer's side while they are locked; a transfer fee is taken
from what was locked, at the lower of the rates of then and now.

Source: rippled `Escrow.cpp`, its helpers for tokens.
"""

from fractions import Fraction
from typing import Final

from xrpl_codec.amounts import IssuedAmount, MPTAmount
from xrpl_devnet.ledger import flags, funds, keylets, mpt
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.iou import ONE, PARITY, Arithmetic, Iou, less, sign
from xrpl_devnet.ledger.views import ReadView, Sandbox
from xrpl_devnet.results import Ter

Token = IssuedAmount | MPTAmount

_MAX_LOSS: Final = Fraction(1, 10_000)


def issuer_of(amount: Token) -> bytes:
    """Who issued a token."""
    return mpt.issuer_of(amount.issuance_id) if isinstance(amount, MPTAmount) else amount.issuer


def transfer_rate(view: ReadView, amount: Token) -> int:
    """What a transfer of a token costs, in billionths."""
    if isinstance(amount, MPTAmount):
        return mpt.transfer_rate(view, amount.issuance_id)
    return funds.transfer_rate(view, amount.issuer)


# --- may it be locked ---


def check_lock(view: ReadView, sender: bytes, receiver: bytes, amount: Token) -> Ter:
    """Whether a sender may put a token in escrow for a receiver."""
    if issuer_of(amount) == sender:
        return "tecNO_PERMISSION"
    if isinstance(amount, MPTAmount):
        return _check_lock_mpt(view, sender, receiver, amount)
    return _check_lock_issued(view, sender, receiver, amount)


def _check_lock_issued(view: ReadView, sender: bytes, receiver: bytes, amount: IssuedAmount) -> Ter:
    issuer, currency = amount.issuer, amount.currency
    root = view.read(keylets.account(issuer))
    if root is None:
        return "tecNO_ISSUER"
    if not root.flag(flags.ALLOW_TRUST_LINE_LOCKING):
        return "tecNO_PERMISSION"
    line = view.read(keylets.trust_line(sender, issuer, currency))
    if line is None:
        return "tecNO_LINE"
    held = funds.balance_of(line, sender, issuer)
    if sign(held) < 0:
        return "tecNO_PERMISSION"
    for account in (sender, receiver):
        result = funds.requires_authorization(view, account, currency, issuer)
        if result != "tesSUCCESS":
            return result
    if any(funds.is_frozen(view, account, currency, issuer) for account in (sender, receiver)):
        return "tecFROZEN"
    wanted = Iou(amount.mantissa, amount.exponent)
    if sign(held) <= 0 or less(held, wanted):
        return "tecINSUFFICIENT_FUNDS"
    return "tesSUCCESS" if _can_add(Arithmetic(view.rules), held, wanted) else "tecPRECISION_LOSS"


def _can_add(arithmetic: Arithmetic, one: Iou, other: Iou) -> bool:
    """Whether a sum of two amounts loses few enough digits."""

    def loss(whole: Iou, part: Iou) -> Fraction:
        back = arithmetic.add(arithmetic.subtract(whole, part), part)
        ratio = arithmetic.divide(back, whole, native=False)
        off = arithmetic.subtract(ratio, ONE)
        assert isinstance(off, Iou), "issued"
        return abs(Fraction(off.mantissa) * Fraction(10) ** off.exponent)

    return loss(one, other) + loss(other, one) <= _MAX_LOSS


def _check_lock_mpt(view: ReadView, sender: bytes, receiver: bytes, amount: MPTAmount) -> Ter:
    token = amount.issuance_id
    issuance = mpt.issuance(view, token)
    if issuance is None:
        return "tecOBJECT_NOT_FOUND"
    if not issuance.flag(flags.MPT_CAN_ESCROW):
        return "tecNO_PERMISSION"
    if mpt.holding(view, token, sender) is None:
        return "tecOBJECT_NOT_FOUND"
    for account in (sender, receiver):
        result = mpt.check_authorized(view, token, account, must_hold=False)
        if result != "tesSUCCESS":
            return result
    if mpt.is_locked(view, token, sender) or mpt.is_locked(view, token, receiver):
        return "tecLOCKED"
    result = mpt.check_transferable(view, token, sender, receiver)
    if result != "tesSUCCESS":
        return result
    held = mpt.balance(view, token, sender)
    return "tecINSUFFICIENT_FUNDS" if held <= 0 or held < amount.value else "tesSUCCESS"


def lock(view: Sandbox, sender: bytes, amount: Token) -> Ter:
    """Take a token from its holder into escrow."""
    if isinstance(amount, MPTAmount):
        return mpt.lock(view, amount.issuance_id, sender, amount.value)
    value = Iou(amount.mantissa, amount.exponent)
    return funds.ripple_credit(view, sender, amount.issuer, amount.currency, value)


# --- may it be paid out ---


def check_receive(view: ReadView, receiver: bytes, amount: Token, *, frozen: bool = True) -> Ter:
    """Whether an account may get a token out of escrow; `frozen`: also whether it is frozen for it."""
    if issuer_of(amount) == receiver:
        return "tesSUCCESS"
    if isinstance(amount, MPTAmount):
        token = amount.issuance_id
        result = mpt.check_authorized(view, token, receiver, must_hold=False)
        if result == "tesSUCCESS" and frozen and mpt.is_locked(view, token, receiver):
            return "tecLOCKED"
        return result
    result = funds.requires_authorization(view, receiver, amount.currency, amount.issuer)
    if (
        result == "tesSUCCESS"
        and frozen
        and funds.is_deep_frozen(view, receiver, amount.currency, amount.issuer)
    ):
        return "tecFROZEN"
    return result


def pay_out(
    view: Sandbox,
    escrow: Entry,
    receiver: bytes,
    *,
    locked_rate: int,
    may_create: bool,
    prior_balance: int,
) -> Ter:
    """Hand a token that an escrow holds to an account.

    Args:
        view: Where.
        escrow: The escrow.
        receiver: Its destination, or its sender when it is cancelled.
        locked_rate: The transfer rate that was in force when it was made.
        may_create: Whether the receiver itself asks: then its line or MPToken is made, and no limit holds.
        prior_balance: The asker's drops before the fee, for the reserve of what is made.
    """
    amount: Token = escrow["Amount"]
    sender: bytes = escrow["Account"]
    rate = min(locked_rate, transfer_rate(view, amount))
    if isinstance(amount, MPTAmount):
        return _pay_out_mpt(view, amount, sender, receiver, rate, may_create, prior_balance)
    return _pay_out_issued(view, amount, receiver, rate, may_create, prior_balance)


def _reserve_met(view: ReadView, receiver: bytes, drops: int) -> bool:
    root = view.read(keylets.account(receiver))
    return root is not None and drops >= view.fees.account_reserve(root["OwnerCount"] + 1)


def _pay_out_issued(
    view: Sandbox, amount: IssuedAmount, receiver: bytes, rate: int, may_create: bool, prior_balance: int
) -> Ter:
    issuer, currency = amount.issuer, amount.currency
    if issuer == receiver:
        return "tesSUCCESS"
    key = keylets.trust_line(receiver, issuer, currency)
    if not view.exists(key):
        if not may_create:
            return "tecNO_LINE"
        if not _reserve_met(view, receiver, prior_balance):
            return "tecNO_LINE_INSUF_RESERVE"
        result = funds.create_line(view, receiver, issuer, currency)
        if result != "tesSUCCESS":
            return result
    arithmetic = Arithmetic(view.rules)
    whole = Iou(amount.mantissa, amount.exponent)
    value = whole
    if rate != PARITY:
        kept = arithmetic.divide_round(whole, arithmetic.iou(rate, -9), native=False, up=True)
        fee = arithmetic.subtract(whole, kept)
        net = arithmetic.subtract(whole, fee)
        assert isinstance(net, Iou), "issued"
        value = net
    line = view.peek(key)
    assert line is not None, "made or found above"
    if not may_create:
        after = arithmetic.add(funds.balance_of(line, receiver, issuer), value)
        if less(funds.limit_of(line, receiver, issuer), after):
            return "tecLIMIT_EXCEEDED"
    return funds.ripple_credit(view, issuer, receiver, currency, value)


def _pay_out_mpt(
    view: Sandbox,
    amount: MPTAmount,
    sender: bytes,
    receiver: bytes,
    rate: int,
    may_create: bool,
    prior_balance: int,
) -> Ter:
    token = amount.issuance_id
    is_issuer = mpt.issuer_of(token) == receiver
    if not is_issuer and mpt.holding(view, token, receiver) is None:
        if not may_create:
            return "tecNO_PERMISSION"
        if not _reserve_met(view, receiver, prior_balance):
            return "tecINSUFFICIENT_RESERVE"
        result = mpt.create_holding(view, token, receiver)
        if result != "tesSUCCESS":
            return result
    arrives = amount.value
    if rate != PARITY and not is_issuer:
        arrives = -(-amount.value * PARITY // rate)
    locked = amount.value if view.rules.enabled("fixTokenEscrowV1") else arrives
    return mpt.unlock(view, token, sender, receiver, arrives=arrives, locked=locked)
