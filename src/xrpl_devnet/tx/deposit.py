"""Deposit authorisation: who may send to an account that set `DepositAuth`."""

from xrpl_devnet.ledger import credentials, flags, keylets
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.views import ReadView, Sandbox
from xrpl_devnet.results import Ter
from xrpl_devnet.tx.transaction import Transaction


def is_authorized(view: ReadView, destination: Entry, sender: bytes) -> bool:
    """Whether an account takes deposits of a sender: no DepositAuth, oneself, or preauthorised."""
    if not destination.flag(flags.DEPOSIT_AUTH):
        return True
    owner: bytes = destination["Account"]
    return owner == sender or view.exists(keylets.deposit_preauth(owner, sender))


def credentials_enabled(tx: Transaction, credentials_on: bool) -> bool:
    """Whether a transaction uses credentials only where they exist."""
    return credentials_on or "CredentialIDs" not in tx


def check_form(tx: Transaction) -> Ter:
    """In preflight: whether the credentials that a transaction shows are well-formed."""
    return credentials.check_ids(tx["CredentialIDs"]) if "CredentialIDs" in tx else "tesSUCCESS"


def check_shown(view: ReadView, tx: Transaction) -> Ter:
    """In preclaim: whether the sender holds the credentials that a transaction shows."""
    if "CredentialIDs" not in tx:
        return "tesSUCCESS"
    return credentials.check_held(view, tx["CredentialIDs"], tx.account)


def verify(view: Sandbox, tx: Transaction, destination: Entry) -> Ter:
    """In apply: whether the sender may deposit, by being preauthorised or by credentials.

    Expired credentials are deleted and answered with `tecEXPIRED`, whether they are needed or not.
    """
    shown: list[bytes] = tx.get("CredentialIDs", [])
    if shown and credentials.remove_expired(view, shown):
        return "tecEXPIRED"
    if is_authorized(view, destination, tx.account):
        return "tesSUCCESS"
    if shown and credentials.are_preauthorized(view, destination["Account"], shown):
        return "tesSUCCESS"
    return "tecNO_PERMISSION"
