"""DepositPreauth: let an account, or whoever shows a set of credentials, pay in spite of DepositAuth.

Source: rippled `DepositPreauth.cpp`.
"""

from typing import Any, ClassVar, Final

from xrpl_devnet.ledger import credentials, directory, keylets
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.views import ReadView, Sandbox
from xrpl_devnet.results import Ter
from xrpl_devnet.tx.base import PreclaimContext, PreflightContext, Transactor, transactor
from xrpl_devnet.tx.transaction import Transaction

_BY_CREDENTIALS: Final = ("AuthorizeCredentials", "UnauthorizeCredentials")
_CHOICES: Final = ("Authorize", "Unauthorize", *_BY_CREDENTIALS)


@transactor("DepositPreauth")
class DepositPreauth(Transactor):
    """See the module."""

    AMENDMENTS: ClassVar[tuple[str, ...]] = ("DepositPreauth",)

    @classmethod
    def is_enabled(cls, ctx: PreflightContext) -> bool:
        """Sets of credentials need their own amendment."""
        return ctx.rules.enabled("Credentials") or not any(name in ctx.tx for name in _BY_CREDENTIALS)

    @classmethod
    def preflight(cls, ctx: PreflightContext) -> Ter:
        """Exactly one of the four, naming another account or a proper set."""
        tx = ctx.tx
        chosen = [name for name in _CHOICES if name in tx]
        if len(chosen) != 1:
            return "temMALFORMED"
        if chosen[0] in _BY_CREDENTIALS:
            return credentials.check_set(tx[chosen[0]])
        target: bytes = tx[chosen[0]]
        if not any(target):
            return "temINVALID_ACCOUNT_ID"
        if chosen[0] == "Authorize" and target == tx.account:
            return "temCANNOT_PREAUTH_SELF"
        return "tesSUCCESS"

    @classmethod
    def preclaim(cls, ctx: PreclaimContext) -> Ter:
        """Who is authorised must exist and not be so yet; what is removed must be there."""
        tx, view = ctx.tx, ctx.view
        if "Authorize" in tx and not view.exists(keylets.account(tx["Authorize"])):
            return "tecNO_TARGET"
        if "AuthorizeCredentials" in tx and not _issuers_exist(view, tx["AuthorizeCredentials"]):
            return "tecNO_ISSUER"
        known = view.exists(_key(tx))
        if "Authorize" in tx or "AuthorizeCredentials" in tx:
            return "tecDUPLICATE" if known else "tesSUCCESS"
        return "tesSUCCESS" if known else "tecNO_ENTRY"

    def apply(self) -> Ter:
        """Make the entry, or delete it."""
        tx, sender = self.tx, self.sender
        if "Authorize" not in tx and "AuthorizeCredentials" not in tx:
            return delete(self.view, sender, _key(tx))
        if not self.reserve_met(sender["OwnerCount"] + 1):
            return "tecINSUFFICIENT_RESERVE"
        entry = Entry.new("DepositPreauth", _key(tx), Account=self.account_id)
        if "Authorize" in tx:
            entry["Authorize"] = tx["Authorize"]
        else:
            entry["AuthorizeCredentials"] = [
                {"Credential": {"Issuer": issuer, "CredentialType": kind}}
                for issuer, kind in sorted(credentials.pairs(tx["AuthorizeCredentials"]))
            ]
        self.view.insert(entry)
        page = directory.owner_insert(self.view, self.account_id, entry.key)
        if page is None:
            return "tecDIR_FULL"
        entry["OwnerNode"] = page
        directory.adjust_owner_count(self.view, sender, 1)
        return "tesSUCCESS"


def _issuers_exist(view: ReadView, listed: list[dict[str, Any]]) -> bool:
    return all(view.exists(keylets.account(issuer)) for issuer, _ in credentials.pairs(listed))


def _key(tx: Transaction) -> bytes:
    """The index of the entry that a transaction is about."""
    for name in ("Authorize", "Unauthorize"):
        if name in tx:
            return keylets.deposit_preauth(tx.account, tx[name])
    listed = tx.get("AuthorizeCredentials") or tx["UnauthorizeCredentials"]
    return keylets.deposit_preauth_credentials(tx.account, credentials.pairs(listed))


def delete(view: Sandbox, owner: Entry, key: bytes) -> Ter:
    """Delete a preauthorisation and count it out of its owner's objects."""
    entry = view.peek(key)
    if entry is None:
        return "tecNO_ENTRY"
    if not directory.owner_remove(view, owner["Account"], entry["OwnerNode"], key):
        return "tefBAD_LEDGER"
    directory.adjust_owner_count(view, owner, -1)
    view.erase(entry)
    return "tesSUCCESS"
