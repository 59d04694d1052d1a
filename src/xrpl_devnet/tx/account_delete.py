"""AccountDelete: end an account and send what is left of its XRP elsewhere.

What an account only made for itself goes with it; obligations to others (lines, escrows, channels, checks, tokens)
stop it. The fee is a whole owner reserve.

Source: rippled `DeleteAccount.cpp`.
"""

from collections.abc import Callable
from typing import ClassVar, Final

from xrpl_devnet.ledger import credentials, directory, flags, keylets, offers
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.views import ReadView, Sandbox
from xrpl_devnet.results import Ter
from xrpl_devnet.tx import deposit, deposit_preauth, did, signer_list_set
from xrpl_devnet.tx.base import PreclaimContext, PreflightContext, Transactor, transactor
from xrpl_devnet.tx.tickets import delete_ticket
from xrpl_devnet.tx.transaction import Transaction

SEQUENCE_DISTANCE: Final = 255
"""How far an account's Sequence must lie behind the ledger, so that old transactions cannot be replayed."""
MAX_DELETED: Final = 1000
"""Owned entries that one transaction deletes at most."""

Deleter = Callable[[Sandbox, Entry, Entry], Ter]
"""Deletes an entry (third) of an owner (second)."""

DELETERS: Final[dict[str, Deleter]] = {
    "Credential": lambda view, _, entry: credentials.delete(view, entry),
    "DID": did.delete,
    "DepositPreauth": lambda view, owner, entry: deposit_preauth.delete(view, owner, entry.key),
    "Offer": lambda view, _, entry: offers.delete(view, entry),
    "SignerList": lambda view, owner, _: signer_list_set.delete(view, owner),
    "Ticket": lambda view, owner, entry: delete_ticket(view, owner, entry.key),
}
"""What goes with an account; every other kind is an obligation."""


@transactor("AccountDelete")
class AccountDelete(Transactor):
    """See the module."""

    AMENDMENTS: ClassVar[tuple[str, ...]] = ("DeletableAccounts",)

    @classmethod
    def is_enabled(cls, ctx: PreflightContext) -> bool:
        """Credentials may be shown where they exist."""
        return deposit.credentials_enabled(ctx.tx, ctx.rules.enabled("Credentials"))

    @classmethod
    def base_fee(cls, view: ReadView, tx: Transaction) -> int:
        """One owner reserve, whoever signs."""
        return view.fees.reserve_increment

    @classmethod
    def preflight(cls, ctx: PreflightContext) -> Ter:
        """Another account as the destination."""
        if ctx.tx.account == ctx.tx["Destination"]:
            return "temDST_IS_SRC"
        return deposit.check_form(ctx.tx)

    @classmethod
    def preclaim(cls, ctx: PreclaimContext) -> Ter:
        """A destination that takes the XRP, a Sequence old enough, nothing owed to others."""
        tx, view = ctx.tx, ctx.view
        destination = view.read(keylets.account(tx["Destination"]))
        if destination is None:
            return "tecNO_DST"
        if destination.flag(flags.REQUIRE_DEST_TAG) and "DestinationTag" not in tx:
            return "tecDST_TAG_NEEDED"
        shown = deposit.check_shown(view, tx)
        if shown != "tesSUCCESS":
            return shown
        # Credentials may have expired, which only apply can tell.
        if "CredentialIDs" not in tx and not deposit.is_authorized(view, destination, tx.account):
            return "tecNO_PERMISSION"
        root = view.read(keylets.account(tx.account))
        if root is None:
            return "terNO_ACCOUNT"
        if root["Sequence"] + SEQUENCE_DISTANCE > view.index:
            return "tecTOO_SOON"
        return _check_owned(view, tx.account)

    def apply(self) -> Ter:
        """Delete what is owned, move the rest of the XRP, delete the account."""
        view, sender = self.view, self.sender
        destination = view.peek(keylets.account(self.tx["Destination"]))
        if destination is None:
            return "tefBAD_LEDGER"
        if "CredentialIDs" in self.tx:
            result = deposit.verify(view, self.tx, destination)
            if result != "tesSUCCESS":
                return result
        root = keylets.owner_dir(self.account_id)
        for key in list(directory.entries(view, root)):
            entry = view.peek(key)
            if entry is None:
                return "tefBAD_LEDGER"
            deleter = DELETERS.get(entry.kind)
            result = "tecHAS_OBLIGATIONS" if deleter is None else deleter(view, sender, entry)
            if result != "tesSUCCESS":
                return result
        drops: int = sender["Balance"]
        destination["Balance"] += drops
        sender["Balance"] = 0
        self.delivered_amount = drops
        left = view.peek(root)
        if left is not None:
            if not directory.is_empty(view, root):
                return "tecHAS_OBLIGATIONS"
            view.erase(left)
        if drops > 0 and destination.flag(flags.PASSWORD_SPENT):
            destination["Flags"] &= ~flags.PASSWORD_SPENT
        view.update(destination)
        view.erase(sender)
        return "tesSUCCESS"


def _check_owned(view: ReadView, account: bytes) -> Ter:
    """Whether everything that an account owns may go with it, and is not too much."""
    for count, key in enumerate(directory.entries(view, keylets.owner_dir(account)), 1):
        entry = view.read(key)
        if entry is None:
            return "tefBAD_LEDGER"
        if entry.kind not in DELETERS:
            return "tecHAS_OBLIGATIONS"
        if count > MAX_DELETED:
            return "tefTOO_BIG"
    return "tesSUCCESS"
