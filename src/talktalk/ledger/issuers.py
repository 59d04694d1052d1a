"""What the issuer of an asset has decided about it, and single holdings, read from a node.

Source: xrpl.org, AccountRoot, MPTokenIssuance, RippleState, Freezing Tokens, Transfer Fees.
"""

from typing import Any, Final

import msgspec
from xrpl.core.addresscodec import encode_classic_address

from talktalk.ledger.amounts import Issued, Mpt
from talktalk.ledger.errors import LedgerUnavailable, NodeRefused, NodeUnavailable
from talktalk.ledger.lines import Holding, holdings_of
from talktalk.ledger.rounding import MPT_FEE_PARITY, RATE_PARITY
from talktalk.ledger.service import Ledger

_REQUIRE_AUTH: Final = 0x00040000
_NO_FREEZE: Final = 0x00200000
_GLOBAL_FREEZE: Final = 0x00400000
_DEFAULT_RIPPLE: Final = 0x00800000
_DISALLOW_LINES: Final = 0x20000000
_CLAWBACK: Final = 0x80000000
_MPT_LOCKED: Final = 0x01
_MPT_CAN_LOCK: Final = 0x02
_MPT_REQUIRE_AUTH: Final = 0x04
_MPT_CAN_TRANSFER: Final = 0x20
_MPT_CAN_CLAWBACK: Final = 0x40
DOMAIN_BYTES_MAX: Final = 256


class AssetTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What the issuer has decided, as the newest validated ledger holds it."""

    issuer: str
    frozen: bool
    """Nobody but the issuer can pay or be paid with it."""
    requires_authorization: bool
    lets_holders_pay: bool
    """Whether holders can pay each other: DefaultRipple of a currency, CanTransfer of an MPT."""
    takes_lines: bool
    """Whether somebody new may hold it."""
    can_freeze: bool
    can_claw_back: bool
    rate: int
    """What a holder pays for `parity` units that another holder receives."""
    parity: int
    scale: int | None
    """How many of an MPT's digits are decimal places, for people alone."""
    domain: str | None
    """As the issuer claims it; nothing proves it."""


def issuer_of(asset: Issued | Mpt) -> str:
    """The address that issues an asset."""
    if isinstance(asset, Issued):
        return asset.issuer
    return encode_classic_address(bytes.fromhex(asset.issuance_id)[4:])


async def read_terms(ledger: Ledger, asset: Issued | Mpt) -> AssetTerms | None:
    """The issuer's terms; None if there is no such issuer or issuance.

    Raises:
        LedgerUnavailable: No node answered.
    """
    if isinstance(asset, Issued):
        found = await _ask(ledger, "account_info", {"actNotFound"}, account=asset.issuer)
        return None if found is None else _issued_terms(asset, found["account_data"])
    found = await _ask(ledger, "ledger_entry", {"entryNotFound"}, mpt_issuance=asset.issuance_id)
    return None if found is None else _mpt_terms(asset, found["node"])


async def read_holding(ledger: Ledger, account: str, asset: Issued | Mpt) -> Holding | None:
    """What an account holds of an asset; None if it has no line or entry for it.

    Raises:
        LedgerUnavailable: No node answered.
    """
    if isinstance(asset, Mpt):
        named: dict[str, Any] = {"mptoken": {"mpt_issuance_id": asset.issuance_id, "account": account}}
        kind = "MPToken"
    else:
        named = {"ripple_state": {"accounts": [account, asset.issuer], "currency": asset.code}}
        kind = "RippleState"
    found = await _ask(ledger, "ledger_entry", {"entryNotFound"}, **named)
    if found is None:
        return None
    for holding in holdings_of(kind, found["node"], int(found["ledger_index"])):
        if holding.account == account:
            return holding
    return None


async def _ask(ledger: Ledger, command: str, absent: set[str], **named: Any) -> dict[str, Any] | None:
    try:
        return await ledger.pool.request(command, ledger_index="validated", **named)
    except NodeRefused as error:
        if error.error in absent:
            return None
        raise LedgerUnavailable(f"the node answered {error.error}") from error
    except NodeUnavailable as error:
        raise LedgerUnavailable from error


def _issued_terms(asset: Issued, fields: dict[str, Any]) -> AssetTerms:
    flags = int(fields.get("Flags", 0))
    return AssetTerms(
        issuer=asset.issuer,
        frozen=bool(flags & _GLOBAL_FREEZE),
        requires_authorization=bool(flags & _REQUIRE_AUTH),
        lets_holders_pay=bool(flags & _DEFAULT_RIPPLE),
        takes_lines=not flags & _DISALLOW_LINES,
        can_freeze=not flags & _NO_FREEZE,
        can_claw_back=bool(flags & _CLAWBACK),
        # Absent and zero both mean that the issuer takes nothing.
        rate=int(fields.get("TransferRate", 0)) or RATE_PARITY,
        parity=RATE_PARITY,
        scale=None,
        domain=_domain(fields.get("Domain")),
    )


def _mpt_terms(asset: Mpt, fields: dict[str, Any]) -> AssetTerms:
    flags = int(fields.get("Flags", 0))
    return AssetTerms(
        issuer=issuer_of(asset),
        frozen=bool(flags & _MPT_LOCKED),
        requires_authorization=bool(flags & _MPT_REQUIRE_AUTH),
        lets_holders_pay=bool(flags & _MPT_CAN_TRANSFER),
        takes_lines=True,
        can_freeze=bool(flags & _MPT_CAN_LOCK),
        can_claw_back=bool(flags & _MPT_CAN_CLAWBACK),
        rate=MPT_FEE_PARITY + int(fields.get("TransferFee", 0)),
        parity=MPT_FEE_PARITY,
        scale=int(fields.get("AssetScale", 0)),
        domain=None,
    )


def _domain(hexadecimal: object) -> str | None:
    """A domain as text, if it is one that can be shown."""
    if not isinstance(hexadecimal, str) or len(hexadecimal) > 2 * DOMAIN_BYTES_MAX:
        return None
    try:
        text = bytes.fromhex(hexadecimal).decode("ascii")
    except ValueError:
        return None
    return text if text and text.isprintable() else None
