"""Multi-purpose tokens: issuances, holders, what may be held and sent, and how it moves.

What an issuer issued is `OutstandingAmount` of the issuance; each holder has an MPToken. Escrowed amounts are
`LockedAmount` of both.

Source: rippled `View.cpp` (its functions for MPTIssue), `MPTokenAuthorize.cpp`.
"""

from fractions import Fraction
from typing import Final

from xrpl_devnet.ledger import directory, flags, keylets
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.iou import PARITY
from xrpl_devnet.ledger.views import ReadView, Sandbox
from xrpl_devnet.results import Ter

MAX_AMOUNT: Final = 2**63 - 1
RATE_UNIT: Final = 10_000
"""A TransferFee is in thousandths of a percent; a rate is in billionths."""


def issuer_of(issuance_id: bytes) -> bytes:
    """The issuer whose account is part of an issuance's id."""
    return issuance_id[4:]


def issuance(view: ReadView, issuance_id: bytes) -> Entry | None:
    """The issuance, to look at."""
    return view.read(keylets.mpt_issuance(issuance_id))


def holding(view: ReadView, issuance_id: bytes, account: bytes) -> Entry | None:
    """A holder's MPToken, to look at."""
    return view.read(keylets.mptoken(issuance_id, account))


def balance(view: ReadView, issuance_id: bytes, account: bytes) -> int:
    """What an account holds, locked amounts apart; nothing where it has no MPToken."""
    held = holding(view, issuance_id, account)
    return 0 if held is None else held.get("MPTAmount", 0)


def transfer_rate(view: ReadView, issuance_id: bytes) -> int:
    """What a transfer between holders costs the sender, in billionths."""
    entry = issuance(view, issuance_id)
    return PARITY if entry is None else PARITY + RATE_UNIT * int(entry.get("TransferFee", 0))


def is_locked(view: ReadView, issuance_id: bytes, account: bytes) -> bool:
    """Whether the issuer locked everything, or what one account holds."""
    entry = issuance(view, issuance_id)
    if entry is not None and entry.flag(flags.MPT_LOCKED):
        return True
    held = holding(view, issuance_id, account)
    return held is not None and held.flag(flags.MPT_LOCKED)


def check_authorized(view: ReadView, issuance_id: bytes, account: bytes, *, must_hold: bool) -> Ter:
    """Whether an account may hold a token.

    Args:
        view: The ledger.
        issuance_id: The token.
        account: The holder.
        must_hold: Whether having no MPToken is `tecNO_AUTH` even where anyone may hold the token.
    """
    entry = issuance(view, issuance_id)
    if entry is None:
        return "tecOBJECT_NOT_FOUND"
    if account == entry["Issuer"]:
        return "tesSUCCESS"
    held = holding(view, issuance_id, account)
    if held is None and must_hold:
        return "tecNO_AUTH"
    if entry.flag(flags.MPT_REQUIRE_AUTH) and (held is None or not held.flag(flags.MPT_AUTHORIZED)):
        return "tecNO_AUTH"
    return "tesSUCCESS"


def check_transferable(view: ReadView, issuance_id: bytes, sender: bytes, receiver: bytes) -> Ter:
    """Whether a token may pass between two accounts; to and from its issuer it always may."""
    entry = issuance(view, issuance_id)
    if entry is None:
        return "tecOBJECT_NOT_FOUND"
    if entry.flag(flags.MPT_CAN_TRANSFER) or entry["Issuer"] in (sender, receiver):
        return "tesSUCCESS"
    return "tecNO_AUTH"


def create_holding(view: Sandbox, issuance_id: bytes, account: bytes) -> Ter:
    """Make an account a holder of nothing yet, and count it."""
    root = view.peek(keylets.account(account))
    if root is None:
        return "tecINTERNAL"
    key = keylets.mptoken(issuance_id, account)
    page = directory.owner_insert(view, account, key)
    if page is None:
        return "tecDIR_FULL"
    view.insert(
        Entry.new("MPToken", key, Account=account, MPTokenIssuanceID=issuance_id, Flags=0, OwnerNode=page)
    )
    directory.adjust_owner_count(view, root, 1)
    return "tesSUCCESS"


def times(amount: int, rate: int) -> int:
    """An amount at a rate, rounded half to even."""
    return round(Fraction(amount * rate, PARITY))


def over(amount: int, rate: int) -> int:
    """An amount divided by a rate, rounded half to even."""
    return round(Fraction(amount * PARITY, rate))


def _change(entry: Entry, name: str, change: int) -> None:
    """Add to an amount that is absent when nothing."""
    amount = entry.get(name, 0) + change
    if amount:
        entry[name] = amount
    else:
        entry.pop(name, None)


def credit(view: Sandbox, issuance_id: bytes, sender: bytes, receiver: bytes, amount: int) -> Ter:
    """Move an amount between a holder and the issuer, either way, or between holders, without a fee."""
    entry = view.peek(keylets.mpt_issuance(issuance_id))
    if entry is None:
        return "tecOBJECT_NOT_FOUND"
    issuer: bytes = entry["Issuer"]
    if sender == issuer:
        entry["OutstandingAmount"] += amount
        view.update(entry)
    else:
        source = view.peek(keylets.mptoken(issuance_id, sender))
        if source is None:
            return "tecNO_AUTH"
        if source.get("MPTAmount", 0) < amount:
            return "tecINSUFFICIENT_FUNDS"
        _change(source, "MPTAmount", -amount)
        view.update(source)
    if receiver == issuer:
        if entry["OutstandingAmount"] < amount:
            return "tecINTERNAL"
        entry["OutstandingAmount"] -= amount
        view.update(entry)
        return "tesSUCCESS"
    target = view.peek(keylets.mptoken(issuance_id, receiver))
    if target is None:
        return "tecNO_AUTH"
    _change(target, "MPTAmount", amount)
    view.update(target)
    return "tesSUCCESS"


def send(view: Sandbox, issuance_id: bytes, sender: bytes, receiver: bytes, amount: int) -> Ter:
    """Move an amount; between holders the sender pays the transfer fee on top."""
    entry = view.read(keylets.mpt_issuance(issuance_id))
    if entry is None:
        return "tecOBJECT_NOT_FOUND"
    if amount == 0 or sender == receiver:
        return "tesSUCCESS"
    issuer: bytes = entry["Issuer"]
    if issuer in (sender, receiver):
        most: int = entry.get("MaximumAmount", MAX_AMOUNT)
        if sender == issuer and entry["OutstandingAmount"] + amount > most:
            return "tecPATH_DRY"
        return credit(view, issuance_id, sender, receiver, amount)
    charged = times(amount, transfer_rate(view, issuance_id))
    result = credit(view, issuance_id, issuer, receiver, amount)
    return result if result != "tesSUCCESS" else credit(view, issuance_id, sender, issuer, charged)


# --- escrow ---


def lock(view: Sandbox, issuance_id: bytes, sender: bytes, amount: int) -> Ter:
    """Set an amount of a holder aside for an escrow."""
    entry = view.peek(keylets.mpt_issuance(issuance_id))
    source = view.peek(keylets.mptoken(issuance_id, sender))
    if entry is None or source is None:
        return "tecOBJECT_NOT_FOUND"
    if source.get("MPTAmount", 0) < amount:
        return "tecINTERNAL"
    _change(source, "MPTAmount", -amount)
    _change(source, "LockedAmount", amount)
    view.update(source)
    _change(entry, "LockedAmount", amount)
    view.update(entry)
    return "tesSUCCESS"


def unlock(
    view: Sandbox, issuance_id: bytes, sender: bytes, receiver: bytes, *, arrives: int, locked: int
) -> Ter:
    """Hand what an escrow set aside to its receiver, or back.

    Args:
        view: Where.
        issuance_id: The token.
        sender: Who set it aside.
        receiver: Who gets it; the issuer redeems it.
        arrives: What is left after the transfer fee.
        locked: What was set aside.
    """
    entry = view.peek(keylets.mpt_issuance(issuance_id))
    source = view.peek(keylets.mptoken(issuance_id, sender))
    if entry is None or source is None:
        return "tecOBJECT_NOT_FOUND"
    if entry.get("LockedAmount", 0) < locked or source.get("LockedAmount", 0) < locked:
        return "tecINTERNAL"
    _change(entry, "LockedAmount", -locked)
    if receiver == entry["Issuer"]:
        entry["OutstandingAmount"] -= arrives
    else:
        target = view.peek(keylets.mptoken(issuance_id, receiver))
        if target is None:
            return "tecOBJECT_NOT_FOUND"
        _change(target, "MPTAmount", arrives)
        view.update(target)
    _change(source, "LockedAmount", -locked)
    view.update(source)
    # The fee is gone for everyone.
    entry["OutstandingAmount"] -= locked - arrives
    view.update(entry)
    return "tesSUCCESS"
