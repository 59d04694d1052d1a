"""MPTokenIssuanceCreate, MPTokenIssuanceSet, MPTokenIssuanceDestroy: a multi-purpose token as its issuer sees it.

Under DynamicMPT metadata and transfer fee may change and capabilities be added later, as long as `ImmutableFlags`
does not forbid it for good.

Source: rippled `MPTokenIssuanceCreate.cpp`, `MPTokenIssuanceSet.cpp`, `MPTokenIssuanceDestroy.cpp`; XLS-94.
"""

from typing import ClassVar, Final

from xrpl_devnet.ledger import directory, flags, keylets, mpt
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.results import Ter
from xrpl_devnet.tx.base import PreclaimContext, PreflightContext, Transactor, transactor
from xrpl_devnet.tx.transaction import UNIVERSAL_FLAGS, Transaction

MAX_TRANSFER_FEE: Final = 50_000
"""Half, in thousandths of a percent."""
MAX_METADATA_BYTES: Final = 1024

CAPABILITIES: Final = (
    flags.MPT_CAN_LOCK
    | flags.MPT_REQUIRE_AUTH
    | flags.MPT_CAN_ESCROW
    | flags.MPT_CAN_TRADE
    | flags.MPT_CAN_TRANSFER
    | flags.MPT_CAN_CLAWBACK
)
LOCK: Final = 0x00000001
UNLOCK: Final = 0x00000002
SET_CAPABILITIES: Final = CAPABILITIES << 1
"""In MPTokenIssuanceSet each capability's flag is the next higher bit."""
IMMUTABLE_METADATA: Final = 0x00010000
IMMUTABLE_TRANSFER_FEE: Final = 0x00020000
IMMUTABLE_CONFIDENTIAL: Final = 0x00000080
IMMUTABLE: Final = CAPABILITIES | IMMUTABLE_METADATA | IMMUTABLE_TRANSFER_FEE

_DOMAINS: Final = ("PermissionedDomains", "SingleAssetVault")
_COPIED: Final = (
    *("MaximumAmount", "AssetScale", "TransferFee", "MPTokenMetadata", "DomainID", "ImmutableFlags"),
)
_DEFAULTED: Final = frozenset({"AssetScale", "TransferFee", "ImmutableFlags"})
"""Fields that an issuance leaves out when they are nothing."""


def _optional_fields_enabled(ctx: PreflightContext) -> bool:
    """Domains and immutability each need their own amendments."""
    if "DomainID" in ctx.tx and not all(ctx.rules.enabled(name) for name in _DOMAINS):
        return False
    immutable = ctx.tx.get("ImmutableFlags")
    if immutable is None:
        return True
    if immutable & IMMUTABLE_CONFIDENTIAL and not ctx.rules.enabled("ConfidentialTransfer"):
        return False
    return ctx.rules.enabled("DynamicMPT")


def _has_bad_immutable_flags(tx: Transaction) -> bool:
    immutable = tx.get("ImmutableFlags")
    return immutable is not None and (immutable == 0 or bool(immutable & ~IMMUTABLE))


@transactor("MPTokenIssuanceCreate")
class MPTokenIssuanceCreate(Transactor):
    """See the module."""

    AMENDMENTS: ClassVar[tuple[str, ...]] = ("MPTokensV1",)
    FLAGS: ClassVar[int] = CAPABILITIES

    @classmethod
    def is_enabled(cls, ctx: PreflightContext) -> bool:
        """Domains and immutability have their own amendments."""
        return _optional_fields_enabled(ctx)

    @classmethod
    def preflight(cls, ctx: PreflightContext) -> Ter:
        """A fee only where the token can be transferred; everything in range."""
        tx = ctx.tx
        if _has_bad_immutable_flags(tx):
            return "temINVALID_FLAG"
        fee = tx.get("TransferFee", 0)
        if fee > MAX_TRANSFER_FEE:
            return "temBAD_TRANSFER_FEE"
        if fee > 0 and not tx.has_flag(flags.MPT_CAN_TRANSFER):
            return "temMALFORMED"
        if "DomainID" in tx and (not any(tx["DomainID"]) or not tx.has_flag(flags.MPT_REQUIRE_AUTH)):
            return "temMALFORMED"
        if "MPTokenMetadata" in tx and not 1 <= len(tx["MPTokenMetadata"]) <= MAX_METADATA_BYTES:
            return "temMALFORMED"
        if "MaximumAmount" in tx and not 1 <= tx["MaximumAmount"] <= mpt.MAX_AMOUNT:
            return "temMALFORMED"
        return "tesSUCCESS"

    def apply(self) -> Ter:
        """Make the issuance."""
        tx, sender = self.tx, self.sender
        if not self.reserve_met(sender["OwnerCount"] + 1):
            return "tecINSUFFICIENT_RESERVE"
        issuance_id = tx.sequence_value.to_bytes(4, "big") + self.account_id
        key = keylets.mpt_issuance(issuance_id)
        page = directory.owner_insert(self.view, self.account_id, key)
        if page is None:
            return "tecDIR_FULL"
        entry = Entry.new(
            "MPTokenIssuance",
            key,
            Flags=tx.flags & ~UNIVERSAL_FLAGS,
            Issuer=self.account_id,
            OutstandingAmount=0,
            OwnerNode=page,
            Sequence=tx.sequence_value,
        )
        for name in _COPIED:
            value = tx.get(name)
            if value is not None and (value or name not in _DEFAULTED):
                entry[name] = value
        self.view.insert(entry)
        directory.adjust_owner_count(self.view, sender, 1)
        return "tesSUCCESS"


def _changes_issuance(tx: Transaction) -> bool:
    """Whether a transaction changes the issuance's settings, not who is locked."""
    fields = ("MPTokenMetadata", "TransferFee", "ImmutableFlags")
    return bool(tx.flags & SET_CAPABILITIES) or any(name in tx for name in fields)


@transactor("MPTokenIssuanceSet")
class MPTokenIssuanceSet(Transactor):
    """See the module."""

    AMENDMENTS: ClassVar[tuple[str, ...]] = ("MPTokensV1",)

    @classmethod
    def flags_mask(cls, ctx: PreflightContext) -> int:
        """Capabilities can be added under DynamicMPT only."""
        mask = super().flags_mask(ctx) | LOCK | UNLOCK
        return mask | SET_CAPABILITIES if ctx.rules.enabled("DynamicMPT") else mask

    @classmethod
    def is_enabled(cls, ctx: PreflightContext) -> bool:
        """Changing an issuance, domains and confidential amounts have their own amendments."""
        tx = ctx.tx
        if _changes_issuance(tx) and not ctx.rules.enabled("DynamicMPT"):
            return False
        if "IssuerEncryptionKey" in tx or "AuditorEncryptionKey" in tx:
            return False
        return _optional_fields_enabled(ctx)

    @classmethod
    def preflight(cls, ctx: PreflightContext) -> Ter:
        """Lock or unlock, of all or of one holder, or change the issuance."""
        tx = ctx.tx
        if "DomainID" in tx and "Holder" in tx:
            return "temMALFORMED"
        if tx.has_flag(LOCK | UNLOCK):
            return "temINVALID_FLAG"
        if tx.get("Holder") == tx.account:
            return "temMALFORMED"
        if not ctx.rules.enabled("DynamicMPT"):
            return "tesSUCCESS"
        changes = _changes_issuance(tx)
        if tx.flags == 0 and "DomainID" not in tx and not changes:
            return "temMALFORMED"
        if changes and ("Holder" in tx or tx.flags & (LOCK | UNLOCK)):
            return "temMALFORMED"
        if tx.get("TransferFee", 0) > MAX_TRANSFER_FEE:
            return "temBAD_TRANSFER_FEE"
        if len(tx.get("MPTokenMetadata", b"")) > MAX_METADATA_BYTES:
            return "temMALFORMED"
        return "temINVALID_FLAG" if _has_bad_immutable_flags(tx) else "tesSUCCESS"

    @classmethod
    def preclaim(cls, ctx: PreclaimContext) -> Ter:
        """The sender's issuance; locking only where it can be locked; a holder that holds it."""
        tx, view = ctx.tx, ctx.view
        token: bytes = tx["MPTokenIssuanceID"]
        issuance = mpt.issuance(view, token)
        if issuance is None:
            return "tecOBJECT_NOT_FOUND"
        locks = bool(tx.flags & (LOCK | UNLOCK)) or not view.rules.enabled("DynamicMPT")
        if locks and not issuance.flag(flags.MPT_CAN_LOCK):
            return "tecNO_PERMISSION"
        if issuance["Issuer"] != tx.account:
            return "tecNO_PERMISSION"
        if "Holder" in tx:
            if not view.exists(keylets.account(tx["Holder"])):
                return "tecNO_DST"
            if mpt.holding(view, token, tx["Holder"]) is None:
                return "tecOBJECT_NOT_FOUND"
        return _check_mutable(tx, issuance)

    def apply(self) -> Ter:
        """Change the issuance, or one holder's lock."""
        tx = self.tx
        token: bytes = tx["MPTokenIssuanceID"]
        key = keylets.mptoken(token, tx["Holder"]) if "Holder" in tx else keylets.mpt_issuance(token)
        entry = self.view.peek(key)
        if entry is None:
            return "tecINTERNAL"
        if tx.has_flag(LOCK):
            entry["Flags"] |= flags.MPT_LOCKED
        elif tx.has_flag(UNLOCK):
            entry["Flags"] &= ~flags.MPT_LOCKED
        entry["Flags"] |= (tx.flags & SET_CAPABILITIES) >> 1
        for name in ("TransferFee", "MPTokenMetadata"):
            value = tx.get(name)
            if value:
                entry[name] = value
            elif value is not None:
                entry.pop(name, None)
        if "ImmutableFlags" in tx:
            entry["ImmutableFlags"] = entry.get("ImmutableFlags", 0) | tx["ImmutableFlags"]
        self.view.update(entry)
        return "tesSUCCESS"


def _check_mutable(tx: Transaction, issuance: Entry) -> Ter:
    """Whether what a transaction changes was left open when the issuance was made."""
    fixed: int = issuance.get("ImmutableFlags", 0)
    asked = (tx.flags & SET_CAPABILITIES) >> 1
    if asked & fixed:
        return "tecNO_PERMISSION"
    if "MPTokenMetadata" in tx and fixed & IMMUTABLE_METADATA:
        return "tecNO_PERMISSION"
    if "TransferFee" in tx:
        transferable = (issuance["Flags"] | asked) & flags.MPT_CAN_TRANSFER
        if (tx["TransferFee"] and not transferable) or fixed & IMMUTABLE_TRANSFER_FEE:
            return "tecNO_PERMISSION"
    return "tesSUCCESS"


@transactor("MPTokenIssuanceDestroy")
class MPTokenIssuanceDestroy(Transactor):
    """See the module."""

    AMENDMENTS: ClassVar[tuple[str, ...]] = ("MPTokensV1",)

    @classmethod
    def preclaim(cls, ctx: PreclaimContext) -> Ter:
        """The sender's issuance, with nothing outstanding."""
        issuance = mpt.issuance(ctx.view, ctx.tx["MPTokenIssuanceID"])
        if issuance is None:
            return "tecOBJECT_NOT_FOUND"
        if issuance["Issuer"] != ctx.tx.account:
            return "tecNO_PERMISSION"
        held = issuance["OutstandingAmount"] or issuance.get("LockedAmount", 0)
        return "tecHAS_OBLIGATIONS" if held else "tesSUCCESS"

    def apply(self) -> Ter:
        """Delete it."""
        issuance = self.view.peek(keylets.mpt_issuance(self.tx["MPTokenIssuanceID"]))
        if issuance is None:
            return "tecINTERNAL"
        if not directory.owner_remove(self.view, self.account_id, issuance["OwnerNode"], issuance.key):
            return "tefBAD_LEDGER"
        self.view.erase(issuance)
        directory.adjust_owner_count(self.view, self.sender, -1)
        return "tesSUCCESS"
