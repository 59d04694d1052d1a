"""CredentialCreate, CredentialAccept, CredentialDelete: what an issuer attests of a subject.

Source: rippled `Credentials.cpp`.
"""

from typing import ClassVar, Final

from xrpl_devnet.ledger import credentials, directory, flags, keylets
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.results import Ter
from xrpl_devnet.tx.base import PreclaimContext, PreflightContext, Transactor, transactor
from xrpl_devnet.tx.transaction import Transaction

ANY_FLAGS: Final = 0xFFFFFFFF


def _has_good_type(tx: Transaction) -> bool:
    return 1 <= len(tx["CredentialType"]) <= credentials.MAX_TYPE_BYTES


class _AboutCredentials(Transactor):
    """What the three have in common."""

    AMENDMENTS: ClassVar[tuple[str, ...]] = ("Credentials",)

    @classmethod
    def flags_mask(cls, ctx: PreflightContext) -> int:
        """Older servers let any flag pass."""
        return super().flags_mask(ctx) if ctx.rules.enabled("fixInvalidTxFlags") else ANY_FLAGS


@transactor("CredentialCreate")
class CredentialCreate(_AboutCredentials):
    """See the module."""

    @classmethod
    def preflight(cls, ctx: PreflightContext) -> Ter:
        """A subject, a type, and a URI of proper size if any."""
        tx = ctx.tx
        if not any(tx["Subject"]):
            return "temMALFORMED"
        if "URI" in tx and not 1 <= len(tx["URI"]) <= credentials.MAX_URI_BYTES:
            return "temMALFORMED"
        return "tesSUCCESS" if _has_good_type(tx) else "temMALFORMED"

    @classmethod
    def preclaim(cls, ctx: PreclaimContext) -> Ter:
        """The subject exists and has no such credential yet."""
        tx, view = ctx.tx, ctx.view
        if not view.exists(keylets.account(tx["Subject"])):
            return "tecNO_TARGET"
        known = view.exists(keylets.credential(tx["Subject"], tx.account, tx["CredentialType"]))
        return "tecDUPLICATE" if known else "tesSUCCESS"

    def apply(self) -> Ter:
        """Make the entry; what one attests of oneself is accepted at once."""
        tx, view, sender = self.tx, self.view, self.sender
        subject: bytes = tx["Subject"]
        if "Expiration" in tx and view.parent_close_time > tx["Expiration"]:
            return "tecEXPIRED"
        if not self.reserve_met(sender["OwnerCount"] + 1):
            return "tecINSUFFICIENT_RESERVE"
        key = keylets.credential(subject, self.account_id, tx["CredentialType"])
        entry = Entry.new(
            "Credential",
            key,
            Subject=subject,
            Issuer=self.account_id,
            CredentialType=tx["CredentialType"],
        )
        for name in ("Expiration", "URI"):
            if name in tx:
                entry[name] = tx[name]
        nodes = [("IssuerNode", self.account_id)]
        if subject == self.account_id:
            entry["Flags"] = flags.CREDENTIAL_ACCEPTED
        else:
            nodes.append(("SubjectNode", subject))
        for node, account in nodes:
            page = directory.owner_insert(view, account, key)
            if page is None:
                return "tecDIR_FULL"
            entry[node] = page
        directory.adjust_owner_count(view, sender, 1)
        view.insert(entry)
        return "tesSUCCESS"


@transactor("CredentialAccept")
class CredentialAccept(_AboutCredentials):
    """See the module."""

    @classmethod
    def preflight(cls, ctx: PreflightContext) -> Ter:
        """An issuer and a type."""
        if not any(ctx.tx["Issuer"]):
            return "temINVALID_ACCOUNT_ID"
        return "tesSUCCESS" if _has_good_type(ctx.tx) else "temMALFORMED"

    @classmethod
    def preclaim(cls, ctx: PreclaimContext) -> Ter:
        """The credential is there and not accepted yet."""
        tx, view = ctx.tx, ctx.view
        if not view.exists(keylets.account(tx["Issuer"])):
            return "tecNO_ISSUER"
        entry = view.read(keylets.credential(tx.account, tx["Issuer"], tx["CredentialType"]))
        if entry is None:
            return "tecNO_ENTRY"
        return "tecDUPLICATE" if entry.flag(flags.CREDENTIAL_ACCEPTED) else "tesSUCCESS"

    def apply(self) -> Ter:
        """Accept it: from now on it counts for the subject."""
        tx, view, sender = self.tx, self.view, self.sender
        if not self.reserve_met(sender["OwnerCount"] + 1):
            return "tecINSUFFICIENT_RESERVE"
        issuer = view.peek(keylets.account(tx["Issuer"]))
        entry = view.peek(keylets.credential(self.account_id, tx["Issuer"], tx["CredentialType"]))
        if issuer is None or entry is None:
            return "tefINTERNAL"
        if credentials.is_expired(entry, view.parent_close_time):
            result = credentials.delete(view, entry)
            return "tecEXPIRED" if result == "tesSUCCESS" else result
        entry["Flags"] = flags.CREDENTIAL_ACCEPTED
        view.update(entry)
        directory.adjust_owner_count(view, issuer, -1)
        directory.adjust_owner_count(view, sender, 1)
        return "tesSUCCESS"


@transactor("CredentialDelete")
class CredentialDelete(_AboutCredentials):
    """See the module."""

    @classmethod
    def preflight(cls, ctx: PreflightContext) -> Ter:
        """At least one of the two whom it concerns, and a type."""
        tx = ctx.tx
        given = [tx[name] for name in ("Subject", "Issuer") if name in tx]
        if not given:
            return "temMALFORMED"
        if not all(any(account) for account in given):
            return "temINVALID_ACCOUNT_ID"
        return "tesSUCCESS" if _has_good_type(tx) else "temMALFORMED"

    @classmethod
    def preclaim(cls, ctx: PreclaimContext) -> Ter:
        """It is there."""
        return "tesSUCCESS" if ctx.view.exists(_deleted(ctx.tx)) else "tecNO_ENTRY"

    def apply(self) -> Ter:
        """Delete it; strangers may once it has expired."""
        entry = self.view.peek(_deleted(self.tx))
        if entry is None:
            return "tefINTERNAL"
        concerned = self.account_id in (entry["Subject"], entry["Issuer"])
        if not concerned and not credentials.is_expired(entry, self.view.parent_close_time):
            return "tecNO_PERMISSION"
        return credentials.delete(self.view, entry)


def _deleted(tx: Transaction) -> bytes:
    """The index of the credential to delete; who is not named is the sender."""
    return keylets.credential(
        tx.get("Subject", tx.account), tx.get("Issuer", tx.account), tx["CredentialType"]
    )
