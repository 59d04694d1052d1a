"""DepositPreauth: let one account pay in spite of DepositAuth, or stop letting it.

Source: rippled `DepositPreauth.cpp`.
"""

from typing import ClassVar

from xrpl_devnet.ledger import directory, keylets
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.results import Ter
from xrpl_devnet.tx.base import PreclaimContext, PreflightContext, Transactor, transactor


@transactor("DepositPreauth")
class DepositPreauth(Transactor):
    """See the module."""

    AMENDMENTS: ClassVar[tuple[str, ...]] = ("DepositPreauth",)

    @classmethod
    def preflight(cls, ctx: PreflightContext) -> Ter:
        """Exactly one of the two, naming another account."""
        tx = ctx.tx
        if ("Authorize" in tx) is ("Unauthorize" in tx):
            return "temMALFORMED"
        target: bytes = tx["Authorize"] if "Authorize" in tx else tx["Unauthorize"]
        if not any(target):
            return "temINVALID_ACCOUNT_ID"
        if "Authorize" in tx and target == tx.account:
            return "temCANNOT_PREAUTH_SELF"
        return "tesSUCCESS"

    @classmethod
    def preclaim(cls, ctx: PreclaimContext) -> Ter:
        """The account must be there and not preauthorised yet; or preauthorised, to be removed."""
        tx, view = ctx.tx, ctx.view
        if "Authorize" in tx:
            if not view.exists(keylets.account(tx["Authorize"])):
                return "tecNO_TARGET"
            known = view.exists(keylets.deposit_preauth(tx.account, tx["Authorize"]))
            return "tecDUPLICATE" if known else "tesSUCCESS"
        known = view.exists(keylets.deposit_preauth(tx.account, tx["Unauthorize"]))
        return "tesSUCCESS" if known else "tecNO_ENTRY"

    def apply(self) -> Ter:
        """Make the entry, or delete it."""
        if "Authorize" not in self.tx:
            return delete(self.sender, self, keylets.deposit_preauth(self.account_id, self.tx["Unauthorize"]))
        sender = self.sender
        if not self.reserve_met(sender["OwnerCount"] + 1):
            return "tecINSUFFICIENT_RESERVE"
        key = keylets.deposit_preauth(self.account_id, self.tx["Authorize"])
        entry = Entry.new("DepositPreauth", key, Account=self.account_id, Authorize=self.tx["Authorize"])
        self.view.insert(entry)
        page = directory.owner_insert(self.view, self.account_id, key)
        if page is None:
            return "tecDIR_FULL"
        entry["OwnerNode"] = page
        directory.adjust_owner_count(self.view, sender, 1)
        return "tesSUCCESS"


def delete(owner: Entry, transactor_: Transactor, key: bytes) -> Ter:
    """Delete a preauthorisation and count it out of its owner's objects."""
    view = transactor_.view
    entry = view.peek(key)
    if entry is None:
        return "tecNO_ENTRY"
    if not directory.owner_remove(view, owner["Account"], entry["OwnerNode"], key):
        return "tefBAD_LEDGER"
    directory.adjust_owner_count(view, owner, -1)
    view.erase(entry)
    return "tesSUCCESS"
