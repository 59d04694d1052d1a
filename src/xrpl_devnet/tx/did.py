"""DIDSet, DIDDelete: an account's decentralised identifier.

Source: rippled `DID.cpp`.
"""

from typing import ClassVar, Final

from xrpl_devnet.ledger import directory, keylets
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.views import Sandbox
from xrpl_devnet.results import Ter
from xrpl_devnet.tx.base import PreflightContext, Transactor, transactor

FIELDS: Final = ("URI", "DIDDocument", "Data")
MAX_BYTES: Final = 256


@transactor("DIDSet")
class DIDSet(Transactor):
    """See the module."""

    AMENDMENTS: ClassVar[tuple[str, ...]] = ("DID",)

    @classmethod
    def preflight(cls, ctx: PreflightContext) -> Ter:
        """At least one field; not all three empty; none too long."""
        given = [ctx.tx[name] for name in FIELDS if name in ctx.tx]
        if not given or (len(given) == len(FIELDS) and not any(given)):
            return "temEMPTY_DID"
        return "temMALFORMED" if any(len(value) > MAX_BYTES for value in given) else "tesSUCCESS"

    def apply(self) -> Ter:
        """Change what is given (an empty field is taken away), or make the entry."""
        key = keylets.did(self.account_id)
        known = self.view.peek(key)
        entry = Entry.new("DID", key, Account=self.account_id) if known is None else known
        for name in FIELDS:
            value = self.tx.get(name)
            if value:
                entry[name] = value
            elif value is not None:
                entry.pop(name, None)
        empty = not any(name in entry for name in FIELDS)
        if empty and (known is not None or self.view.rules.enabled("fixEmptyDID")):
            return "tecEMPTY_DID"
        if known is not None:
            self.view.update(known)
            return "tesSUCCESS"
        sender = self.sender
        # Unlike most, this asks what is left after the fee.
        if sender["Balance"] < self.view.fees.account_reserve(sender["OwnerCount"] + 1):
            return "tecINSUFFICIENT_RESERVE"
        self.view.insert(entry)
        page = directory.owner_insert(self.view, self.account_id, key)
        if page is None:
            return "tecDIR_FULL"
        entry["OwnerNode"] = page
        directory.adjust_owner_count(self.view, sender, 1)
        return "tesSUCCESS"


@transactor("DIDDelete")
class DIDDelete(Transactor):
    """See the module."""

    AMENDMENTS: ClassVar[tuple[str, ...]] = ("DID",)

    def apply(self) -> Ter:
        """Delete the entry."""
        entry = self.view.peek(keylets.did(self.account_id))
        return "tecNO_ENTRY" if entry is None else delete(self.view, self.sender, entry)


def delete(view: Sandbox, owner: Entry, entry: Entry) -> Ter:
    """Delete an identifier and count it out of its owner's objects."""
    if not directory.owner_remove(view, owner["Account"], entry["OwnerNode"], entry.key, keep_root=True):
        return "tefBAD_LEDGER"
    directory.adjust_owner_count(view, owner, -1)
    view.erase(entry)
    return "tesSUCCESS"
