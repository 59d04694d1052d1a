"""AccountSet: flags and fields of an account.

Source: rippled `SetAccount.cpp`; xrpl.org, AccountSet.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from xrpl_codec.hashing import account_id
from xrpl_codec.keys import public_key_type
from xrpl_devnet.ledger import directory, flags, keylets
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.results import Ter
from xrpl_devnet.tx.base import (
    ApplyFlags,
    PreclaimContext,
    PreflightContext,
    Transactor,
    transactor,
)
from xrpl_devnet.tx.transaction import Transaction

TF_REQUIRE_DEST_TAG: Final = 0x00010000
TF_OPTIONAL_DEST_TAG: Final = 0x00020000
TF_REQUIRE_AUTH: Final = 0x00040000
TF_OPTIONAL_AUTH: Final = 0x00080000
TF_DISALLOW_XRP: Final = 0x00100000
TF_ALLOW_XRP: Final = 0x00200000

REQUIRE_DEST: Final = 1
REQUIRE_AUTH: Final = 2
DISALLOW_XRP: Final = 3
DISABLE_MASTER: Final = 4
ACCOUNT_TXN_ID: Final = 5
NO_FREEZE: Final = 6
GLOBAL_FREEZE: Final = 7
DEFAULT_RIPPLE: Final = 8
DEPOSIT_AUTH: Final = 9
AUTHORIZED_NFTOKEN_MINTER: Final = 10
ALLOW_CLAWBACK: Final = 16
ALLOW_LOCKING: Final = 17

QUALITY_ONE: Final = 1_000_000_000
MIN_TICK_SIZE: Final = 3
MAX_TICK_SIZE: Final = 15
TICK_SIZE_OFF: Final = 16
MAX_DOMAIN_BYTES: Final = 256

_OPPOSITES: Final = (
    (TF_REQUIRE_DEST_TAG, TF_OPTIONAL_DEST_TAG, REQUIRE_DEST),
    (TF_REQUIRE_AUTH, TF_OPTIONAL_AUTH, REQUIRE_AUTH),
    (TF_DISALLOW_XRP, TF_ALLOW_XRP, DISALLOW_XRP),
)


@dataclass(frozen=True, slots=True)
class _Toggle:
    """An account flag that is simply set and cleared."""

    bit: int
    amendment: str | None = None


_TOGGLES: Final[dict[int, _Toggle]] = {
    REQUIRE_DEST: _Toggle(flags.REQUIRE_DEST_TAG),
    REQUIRE_AUTH: _Toggle(flags.REQUIRE_AUTH),
    DISALLOW_XRP: _Toggle(flags.DISALLOW_XRP),
    DEFAULT_RIPPLE: _Toggle(flags.DEFAULT_RIPPLE),
    DEPOSIT_AUTH: _Toggle(flags.DEPOSIT_AUTH, "DepositAuth"),
    12: _Toggle(flags.DISALLOW_INCOMING_NFTOKEN_OFFER, "DisallowIncoming"),
    13: _Toggle(flags.DISALLOW_INCOMING_CHECK, "DisallowIncoming"),
    14: _Toggle(flags.DISALLOW_INCOMING_PAYCHAN, "DisallowIncoming"),
    15: _Toggle(flags.DISALLOW_INCOMING_TRUSTLINE, "DisallowIncoming"),
}


def _wants(tx: Transaction, number: int) -> tuple[bool, bool]:
    """Whether a transaction sets, and clears, an account flag; old transaction flags count too."""
    sets = tx.get("SetFlag", 0) == number
    clears = tx.get("ClearFlag", 0) == number
    for on, off, which in _OPPOSITES:
        if which == number:
            sets = sets or tx.has_flag(on)
            clears = clears or tx.has_flag(off)
    return sets, clears


@transactor("AccountSet")
class AccountSet(Transactor):
    """See the module."""

    FLAGS: ClassVar[int] = (
        TF_REQUIRE_DEST_TAG
        | TF_OPTIONAL_DEST_TAG
        | TF_REQUIRE_AUTH
        | TF_OPTIONAL_AUTH
        | TF_DISALLOW_XRP
        | TF_ALLOW_XRP
    )

    @classmethod
    def preflight(cls, ctx: PreflightContext) -> Ter:
        """Contradictions, and values out of range."""
        tx = ctx.tx
        set_flag, clear_flag = tx.get("SetFlag", 0), tx.get("ClearFlag", 0)
        if set_flag != 0 and set_flag == clear_flag:
            return "temINVALID_FLAG"
        if any(all(_wants(tx, number)) for _, _, number in _OPPOSITES):
            return "temINVALID_FLAG"
        return _check_values(ctx)

    @classmethod
    def preclaim(cls, ctx: PreclaimContext) -> Ter:
        """RequireAuth and clawback need an account that owns nothing yet."""
        tx, view = ctx.tx, ctx.view
        root = view.read(keylets.account(tx.account))
        if root is None:
            return "terNO_ACCOUNT"
        sets_auth, _ = _wants(tx, REQUIRE_AUTH)
        owns = not directory.is_empty(view, keylets.owner_dir(tx.account))
        if sets_auth and not root.flag(flags.REQUIRE_AUTH) and owns:
            return "terOWNERS" if ctx.flags & ApplyFlags.RETRY else "tecOWNERS"
        if view.rules.enabled("Clawback"):
            set_flag = tx.get("SetFlag", 0)
            if set_flag == ALLOW_CLAWBACK:
                if root.flag(flags.NO_FREEZE):
                    return "tecNO_PERMISSION"
                if owns:
                    return "tecOWNERS"
            elif set_flag == NO_FREEZE and root.flag(flags.ALLOW_TRUST_LINE_CLAWBACK):
                return "tecNO_PERMISSION"
        return "tesSUCCESS"

    def apply(self) -> Ter:
        """Set and clear."""
        sender = self.sender
        result = self._set_flags(sender)
        if result != "tesSUCCESS":
            return result
        self._set_fields(sender)
        self.view.update(sender)
        return "tesSUCCESS"

    def _signed_by_master(self) -> bool:
        key: bytes = self.tx["SigningPubKey"]
        return bool(key) and account_id(key) == self.account_id

    def _set_flags(self, sender: Entry) -> Ter:
        for number, toggle in _TOGGLES.items():
            if toggle.amendment is not None and not self.view.rules.enabled(toggle.amendment):
                continue
            sets, clears = _wants(self.tx, number)
            if sets:
                sender["Flags"] |= toggle.bit
            elif clears:
                sender["Flags"] &= ~toggle.bit
        result = self._disable_master(sender)
        return result if result != "tesSUCCESS" else self._freeze(sender)

    def _disable_master(self, sender: Entry) -> Ter:
        sets, clears = _wants(self.tx, DISABLE_MASTER)
        if sets and not sender.flag(flags.DISABLE_MASTER):
            if not self._signed_by_master():
                return "tecNEED_MASTER_KEY"
            if "RegularKey" not in sender and not self.view.exists(keylets.signer_list(self.account_id)):
                return "tecNO_ALTERNATIVE_KEY"
            sender["Flags"] |= flags.DISABLE_MASTER
        if clears:
            sender["Flags"] &= ~flags.DISABLE_MASTER
        return "tesSUCCESS"

    def _freeze(self, sender: Entry) -> Ter:
        sets_no_freeze, _ = _wants(self.tx, NO_FREEZE)
        if sets_no_freeze:
            if not self._signed_by_master() and not sender.flag(flags.DISABLE_MASTER):
                return "tecNEED_MASTER_KEY"
            sender["Flags"] |= flags.NO_FREEZE
        sets_global, clears_global = _wants(self.tx, GLOBAL_FREEZE)
        if sets_global:
            sender["Flags"] |= flags.GLOBAL_FREEZE
        # With NoFreeze a global freeze can be set and never lifted.
        if not sets_global and clears_global and not sender.flag(flags.NO_FREEZE):
            sender["Flags"] &= ~flags.GLOBAL_FREEZE
        if self.tx.get("SetFlag", 0) == ALLOW_CLAWBACK and self.view.rules.enabled("Clawback"):
            sender["Flags"] |= flags.ALLOW_TRUST_LINE_CLAWBACK
        if self.view.rules.enabled("TokenEscrow"):
            sets, clears = _wants(self.tx, ALLOW_LOCKING)
            if sets:
                sender["Flags"] |= flags.ALLOW_TRUST_LINE_LOCKING
            elif clears:
                sender["Flags"] &= ~flags.ALLOW_TRUST_LINE_LOCKING
        return "tesSUCCESS"

    def _set_fields(self, sender: Entry) -> None:
        sets_id, clears_id = _wants(self.tx, ACCOUNT_TXN_ID)
        if sets_id and "AccountTxnID" not in sender:
            sender["AccountTxnID"] = bytes(32)
        if clears_id:
            sender.pop("AccountTxnID", None)
        for name in ("EmailHash", "WalletLocator", "MessageKey", "Domain"):
            value = self.tx.get(name)
            if value is not None:
                zero = not any(value) if name in ("EmailHash", "WalletLocator") else not value
                _set_or_clear(sender, name, value, clear=zero)
        rate = self.tx.get("TransferRate")
        if rate is not None:
            _set_or_clear(sender, "TransferRate", rate, clear=rate in (0, QUALITY_ONE))
        tick = self.tx.get("TickSize")
        if tick is not None:
            _set_or_clear(sender, "TickSize", tick, clear=tick in (0, TICK_SIZE_OFF))
        if self.view.rules.enabled("NonFungibleTokensV1_1"):
            sets, clears = _wants(self.tx, AUTHORIZED_NFTOKEN_MINTER)
            if sets:
                sender["NFTokenMinter"] = self.tx["NFTokenMinter"]
            if clears:
                sender.pop("NFTokenMinter", None)


def _set_or_clear(sender: Entry, name: str, value: bytes | int, *, clear: bool) -> None:
    if clear:
        sender.pop(name, None)
    else:
        sender[name] = value


def _check_values(ctx: PreflightContext) -> Ter:
    tx = ctx.tx
    rate = tx.get("TransferRate")
    if rate is not None and rate != 0 and not QUALITY_ONE <= rate <= 2 * QUALITY_ONE:
        return "temBAD_TRANSFER_RATE"
    tick = tx.get("TickSize")
    if tick is not None:
        if not ctx.rules.enabled("TickSize"):
            return "temDISABLED"
        if tick != 0 and tick != TICK_SIZE_OFF and not MIN_TICK_SIZE <= tick <= MAX_TICK_SIZE:
            return "temBAD_TICK_SIZE"
    key = tx.get("MessageKey")
    if key and public_key_type(key) is None:
        return "telBAD_PUBLIC_KEY"
    domain = tx.get("Domain")
    if domain is not None and len(domain) > MAX_DOMAIN_BYTES:
        return "telBAD_DOMAIN"
    if ctx.rules.enabled("NonFungibleTokensV1_1"):
        minter = "NFTokenMinter" in tx
        if tx.get("SetFlag", 0) == AUTHORIZED_NFTOKEN_MINTER and not minter:
            return "temMALFORMED"
        if tx.get("ClearFlag", 0) == AUTHORIZED_NFTOKEN_MINTER and minter:
            return "temMALFORMED"
    return "tesSUCCESS"
