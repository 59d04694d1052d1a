"""SignerListSet: who may sign for an account together, and how much each one's signature weighs.

Source: rippled `SetSignerList.cpp`.
"""

from typing import Any, ClassVar, Final

from xrpl_devnet.ledger import directory, flags, keylets
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.views import Sandbox
from xrpl_devnet.results import Ter
from xrpl_devnet.tx.base import PreflightContext, Transactor, transactor
from xrpl_devnet.tx.signatures import max_signers
from xrpl_devnet.tx.transaction import Transaction

ANY_FLAGS: Final = 0xFFFFFFFF
_BEFORE_MULTI_SIGN_RESERVE: Final = 2
"""What a list counted for, besides one for each signer, before MultiSignReserve."""


@transactor("SignerListSet")
class SignerListSet(Transactor):
    """See the module."""

    AMENDMENTS: ClassVar[tuple[str, ...]] = ("MultiSign",)

    @classmethod
    def flags_mask(cls, ctx: PreflightContext) -> int:
        """Older servers let any flag pass."""
        return super().flags_mask(ctx) if ctx.rules.enabled("fixInvalidTxFlags") else ANY_FLAGS

    @classmethod
    def preflight(cls, ctx: PreflightContext) -> Ter:
        """A quorum with signers that reach it, or neither, to delete the list."""
        tx = ctx.tx
        quorum: int = tx["SignerQuorum"]
        if (quorum != 0) is not ("SignerEntries" in tx):
            return "temMALFORMED"
        if quorum == 0:
            return "tesSUCCESS"
        listed: list[dict[str, Any]] = tx["SignerEntries"]
        if any("SignerEntry" not in item for item in listed):
            return "temMALFORMED"
        signers = _entries(tx)
        if not 1 <= len(signers) <= max_signers(ctx.rules):
            return "temMALFORMED"
        if not ctx.rules.enabled("ExpandedSignerList") and any("WalletLocator" in one for one in signers):
            return "temMALFORMED"
        if len({signer["Account"] for signer in signers}) != len(signers):
            return "temBAD_SIGNER"
        for signer in signers:
            if signer["SignerWeight"] == 0:
                return "temBAD_WEIGHT"
            if signer["Account"] == tx.account:
                return "temBAD_SIGNER"
        reachable = sum(signer["SignerWeight"] for signer in signers) >= quorum
        return "tesSUCCESS" if reachable else "temBAD_QUORUM"

    def apply(self) -> Ter:
        """Replace the list, or delete it."""
        sender = self.sender
        if self.tx["SignerQuorum"] == 0:
            if sender.flag(flags.DISABLE_MASTER) and "RegularKey" not in sender:
                return "tecNO_ALTERNATIVE_KEY"
            return delete(self.view, sender)
        result = delete(self.view, sender)
        if result != "tesSUCCESS":
            return result
        one_count = self.view.rules.enabled("MultiSignReserve")
        signers = _entries(self.tx)
        count = 1 if one_count else _BEFORE_MULTI_SIGN_RESERVE + len(signers)
        if not self.reserve_met(sender["OwnerCount"] + count):
            return "tecINSUFFICIENT_RESERVE"
        key = keylets.signer_list(self.account_id)
        entry = Entry.new("SignerList", key, SignerQuorum=self.tx["SignerQuorum"], SignerListID=0)
        if one_count:
            entry["Flags"] = flags.ONE_OWNER_COUNT
        if self.view.rules.enabled("fixIncludeKeyletFields"):
            entry["Owner"] = self.account_id
        entry["SignerEntries"] = [{"SignerEntry": signer} for signer in signers]
        self.view.insert(entry)
        page = directory.owner_insert(self.view, self.account_id, key)
        if page is None:
            return "tecDIR_FULL"
        entry["OwnerNode"] = page
        directory.adjust_owner_count(self.view, sender, count)
        return "tesSUCCESS"


def _entries(tx: Transaction) -> list[dict[str, Any]]:
    """The signers as the ledger keeps them: sorted by account."""
    listed: list[dict[str, Any]] = tx["SignerEntries"]
    return sorted((item["SignerEntry"] for item in listed), key=lambda signer: signer["Account"])


def delete(view: Sandbox, owner: Entry) -> Ter:
    """Delete an account's signer list, if it has one, and count it out."""
    account: bytes = owner["Account"]
    entry = view.peek(keylets.signer_list(account))
    if entry is None:
        return "tesSUCCESS"
    count = 1
    if not entry.flag(flags.ONE_OWNER_COUNT):
        count = _BEFORE_MULTI_SIGN_RESERVE + len(entry["SignerEntries"])
    if not directory.owner_remove(view, account, entry["OwnerNode"], entry.key):
        return "tefBAD_LEDGER"
    directory.adjust_owner_count(view, owner, -count)
    view.erase(entry)
    return "tesSUCCESS"
