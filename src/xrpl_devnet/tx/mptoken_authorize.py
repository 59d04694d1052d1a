"""MPTokenAuthorize: a holder opts in to a multi-purpose token or out of it; an issuer lets a holder hold it.

Source: rippled `MPTokenAuthorize.cpp`, `View.cpp` (`authorizeMPToken`).
"""

from typing import ClassVar, Final

from xrpl_devnet.ledger import directory, flags, keylets, mpt
from xrpl_devnet.results import Ter
from xrpl_devnet.tx.base import PreclaimContext, PreflightContext, Transactor, transactor

UNAUTHORIZE: Final = 0x00000001
FREE_HOLDINGS: Final = 2
"""An account that owns fewer objects opts in without a reserve."""


@transactor("MPTokenAuthorize")
class MPTokenAuthorize(Transactor):
    """See the module."""

    AMENDMENTS: ClassVar[tuple[str, ...]] = ("MPTokensV1",)
    FLAGS: ClassVar[int] = UNAUTHORIZE

    @classmethod
    def preflight(cls, ctx: PreflightContext) -> Ter:
        """The holder is another account."""
        return "temMALFORMED" if ctx.tx.get("Holder") == ctx.tx.account else "tesSUCCESS"

    @classmethod
    def preclaim(cls, ctx: PreclaimContext) -> Ter:
        """A holder's own choice, or the issuer's."""
        return _check_issuer(ctx) if "Holder" in ctx.tx else _check_holder(ctx)

    def apply(self) -> Ter:
        """Make, delete or authorise an MPToken."""
        token: bytes = self.tx["MPTokenIssuanceID"]
        if "Holder" in self.tx:
            held = self.view.peek(keylets.mptoken(token, self.tx["Holder"]))
            if held is None:
                return "tecINTERNAL"
            if self.tx.has_flag(UNAUTHORIZE):
                held["Flags"] &= ~flags.MPT_AUTHORIZED
            else:
                held["Flags"] |= flags.MPT_AUTHORIZED
            self.view.update(held)
            return "tesSUCCESS"
        if self.tx.has_flag(UNAUTHORIZE):
            return self._opt_out(token)
        owned: int = self.sender["OwnerCount"]
        if owned >= FREE_HOLDINGS and not self.reserve_met(owned + 1):
            return "tecINSUFFICIENT_RESERVE"
        return mpt.create_holding(self.view, token, self.account_id)

    def _opt_out(self, token: bytes) -> Ter:
        held = self.view.peek(keylets.mptoken(token, self.account_id))
        if held is None or held.get("MPTAmount", 0):
            return "tecINTERNAL"
        if not directory.owner_remove(self.view, self.account_id, held["OwnerNode"], held.key):
            return "tecINTERNAL"
        directory.adjust_owner_count(self.view, self.sender, -1)
        self.view.erase(held)
        return "tesSUCCESS"


def _check_holder(ctx: PreclaimContext) -> Ter:
    tx, view = ctx.tx, ctx.view
    token: bytes = tx["MPTokenIssuanceID"]
    held = mpt.holding(view, token, tx.account)
    # A holder may opt out even of a token that is gone.
    if tx.has_flag(UNAUTHORIZE):
        if held is None:
            return "tecOBJECT_NOT_FOUND"
        return "tecHAS_OBLIGATIONS" if held.get("MPTAmount") or held.get("LockedAmount") else "tesSUCCESS"
    issuance = mpt.issuance(view, token)
    if issuance is None:
        return "tecOBJECT_NOT_FOUND"
    if tx.account == issuance["Issuer"]:
        return "tecNO_PERMISSION"
    return "tesSUCCESS" if held is None else "tecDUPLICATE"


def _check_issuer(ctx: PreclaimContext) -> Ter:
    tx, view = ctx.tx, ctx.view
    if not view.exists(keylets.account(tx["Holder"])):
        return "tecNO_DST"
    token: bytes = tx["MPTokenIssuanceID"]
    issuance = mpt.issuance(view, token)
    if issuance is None:
        return "tecOBJECT_NOT_FOUND"
    if issuance["Issuer"] != tx.account:
        return "tecNO_PERMISSION"
    if not issuance.flag(flags.MPT_REQUIRE_AUTH):
        return "tecNO_AUTH"
    held = mpt.holding(view, token, tx["Holder"])
    return "tecOBJECT_NOT_FOUND" if held is None else "tesSUCCESS"
