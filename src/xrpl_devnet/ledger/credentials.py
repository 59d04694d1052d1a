"""Credentials: entries that say what an issuer attests of a subject, and where deposits ask for them.

Until it is accepted a credential counts for its issuer, then for its subject. Whoever meets an expired one
deletes it, even in a transaction that fails.

Source: rippled `CredentialHelpers.cpp`.
"""

from collections.abc import Iterable
from typing import Any, Final

from xrpl_devnet.ledger import directory, flags, keylets
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.views import ReadView, Sandbox
from xrpl_devnet.results import Ter

MAX_CREDENTIALS: Final = 8
"""In one transaction, and in one preauthorised set."""
MAX_TYPE_BYTES: Final = 64
MAX_URI_BYTES: Final = 256

_NEVER: Final = 2**32 - 1


def is_expired(credential: Entry, now: int) -> bool:
    """Whether a credential's time is over at a close time."""
    expiration: int = credential.get("Expiration", _NEVER)
    return now > expiration


def delete(view: Sandbox, credential: Entry) -> Ter:
    """Take a credential out of the ledger and of both directories."""
    issuer: bytes = credential["Issuer"]
    subject: bytes = credential["Subject"]
    accepted = credential.flag(flags.CREDENTIAL_ACCEPTED)
    result = _unlist(view, credential, issuer, "IssuerNode", is_owner=not accepted or issuer == subject)
    if result == "tesSUCCESS" and issuer != subject:
        result = _unlist(view, credential, subject, "SubjectNode", is_owner=accepted)
    if result == "tesSUCCESS":
        view.erase(credential)
    return result


def _unlist(view: Sandbox, credential: Entry, account: bytes, node: str, *, is_owner: bool) -> Ter:
    root = view.peek(keylets.account(account))
    if root is None:
        return "tecINTERNAL"
    if not directory.owner_remove(view, account, credential[node], credential.key):
        return "tefBAD_LEDGER"
    if is_owner:
        directory.adjust_owner_count(view, root, -1)
    return "tesSUCCESS"


def remove_expired(view: Sandbox, keys: Iterable[bytes]) -> bool:
    """Delete those of some credentials that have expired; whether there were any."""
    found = False
    for key in keys:
        credential = view.peek(key)
        if credential is not None and is_expired(credential, view.parent_close_time):
            delete(view, credential)
            found = True
    return found


def check_ids(ids: list[bytes]) -> Ter:
    """Whether a list of credential ids is well-formed."""
    if not 1 <= len(ids) <= MAX_CREDENTIALS or len(set(ids)) != len(ids):
        return "temMALFORMED"
    return "tesSUCCESS"


def check_held(view: ReadView, ids: list[bytes], subject: bytes) -> Ter:
    """Whether an account has accepted all of these credentials; their expiry is looked at later."""
    for key in ids:
        credential = view.read(key)
        if (
            credential is None
            or credential.kind != "Credential"
            or credential["Subject"] != subject
            or not credential.flag(flags.CREDENTIAL_ACCEPTED)
        ):
            return "tecBAD_CREDENTIALS"
    return "tesSUCCESS"


def check_set(listed: list[dict[str, Any]]) -> Ter:
    """Whether a set of (issuer, type) pairs is well-formed."""
    if not listed:
        return "temARRAY_EMPTY"
    if len(listed) > MAX_CREDENTIALS:
        return "temARRAY_TOO_LARGE"
    seen: set[tuple[bytes, bytes]] = set()
    for issuer, kind in pairs(listed):
        if not any(issuer):
            return "temINVALID_ACCOUNT_ID"
        if not 1 <= len(kind) <= MAX_TYPE_BYTES or (issuer, kind) in seen:
            return "temMALFORMED"
        seen.add((issuer, kind))
    return "tesSUCCESS"


def pairs(listed: list[dict[str, Any]]) -> list[tuple[bytes, bytes]]:
    """Issuer and type of each listed credential."""
    return [(item["Credential"]["Issuer"], item["Credential"]["CredentialType"]) for item in listed]


def are_preauthorized(view: ReadView, owner: bytes, ids: list[bytes]) -> bool:
    """Whether exactly these credentials form a set that an account preauthorised."""
    found: list[tuple[bytes, bytes]] = []
    for key in ids:
        credential = view.read(key)
        if credential is None:
            return False
        found.append((credential["Issuer"], credential["CredentialType"]))
    return view.exists(keylets.deposit_preauth_credentials(owner, found))
