"""Who signed, and may they: local checks before a transaction enters, and authority against a ledger.

Local checks need no ledger: signature bytes, the form of the Signers array, memos. What they refuse is no
transaction at all (`invalidTransaction`). Authority is part of preclaim: the key must be the account's
master key, its regular key, or a quorum of its signer list.
"""

import re
from typing import Any, Final

from xrpl_codec.base58 import encode_account
from xrpl_codec.binary import CodecError, encode
from xrpl_codec.hashing import MULTI_SIGN, SINGLE_SIGN, account_id
from xrpl_codec.keys import public_key_type, verify
from xrpl_devnet.amendments import Rules
from xrpl_devnet.ledger import flags, keylets
from xrpl_devnet.ledger.views import ReadView
from xrpl_devnet.results import Ter
from xrpl_devnet.tx.batch_parts import inner_transactions, signatures_hold
from xrpl_devnet.tx.transaction import INNER_BATCH, Transaction

MAX_MEMO_BYTES: Final = 1024
_URL_CHARACTERS: Final = re.compile(rb"[0-9A-Za-z\-._~:/?#\[\]@!$&'()*+,;=%]*")
_PSEUDO: Final = frozenset({"EnableAmendment", "SetFee", "UNLModify"})


def max_signers(rules: Rules) -> int:
    """How many may sign together."""
    return 32 if rules.enabled("ExpandedSignerList") else 8


def local_checks(tx: Transaction, rules: Rules) -> str | None:
    """Why a transaction may not enter this node at all, in rippled's words; None when it may."""
    if tx.checked is rules:
        return None
    reason = _batch_form_problem(tx, rules) or _signature_problem(tx, rules) or _local_problem(tx)
    if reason is None:
        tx.checked = rules
    return reason


def _batch_form_problem(tx: Transaction, rules: Rules) -> str | None:
    """Inner transactions do not come alone, and those of a Batch must fit their types."""
    if not rules.enabled("BatchV1_1"):
        return None
    if tx.flags & INNER_BATCH:
        return "Batch inner transactions are never considered validly signed."
    if tx.type == "Batch":
        try:
            inner_transactions(tx)
        except CodecError as error:
            return str(error)
    return None


def _signature_problem(tx: Transaction, rules: Rules) -> str | None:
    key: bytes = tx["SigningPubKey"]
    if key:
        if "Signers" in tx:
            return "Cannot both single- and multi-sign."
        if not verify(key, SINGLE_SIGN + tx.signing_blob, tx.get("TxnSignature", b"")):
            return "Invalid signature."
    else:
        reason = _signers_problem(tx, rules)
        if reason is not None:
            return reason
    if tx.type == "Batch" and rules.enabled("BatchV1_1") and not signatures_hold(tx):
        return "Invalid batch signature."
    return None


def _signers_problem(tx: Transaction, rules: Rules) -> str | None:
    if "Signers" not in tx:
        return "Empty SigningPubKey."
    if "TxnSignature" in tx:
        return "Cannot both single- and multi-sign."
    signers: list[dict[str, Any]] = tx["Signers"]
    if not 1 <= len(signers) <= max_signers(rules):
        return "Invalid Signers array size."
    last = bytes(20)
    for item in signers:
        signer = item.get("Signer", {})
        account: bytes = signer.get("Account", b"")
        if account == tx.account:
            return "Invalid multisigner."
        if account == last:
            return "Duplicate Signers not allowed."
        if account < last:
            return "Unsorted Signers array."
        last = account
        message = MULTI_SIGN + tx.signing_blob + account
        key: bytes = signer.get("SigningPubKey", b"")
        if not verify(key, message, signer.get("TxnSignature", b"")):
            return f"Invalid signature on account {encode_account(account)}."
    return None


def _local_problem(tx: Transaction) -> str | None:
    memos = tx.get("Memos")
    if memos is not None:
        reason = _memo_problem(memos)
        if reason is not None:
            return reason
    for name, value in tx.fields.items():
        if value == b"" and name in _ACCOUNTS:
            return "An account field is invalid."
    if tx.type in _PSEUDO:
        return "Cannot submit pseudo transactions."
    return None


_ACCOUNTS: Final = frozenset(
    {"Account", "Destination", "Issuer", "Owner", "Authorize", "Unauthorize", "RegularKey"}
    | {"Holder", "Subject", "Delegate", "NFTokenMinter"}
)


def _memo_problem(memos: list[dict[str, Any]]) -> str | None:
    if len(encode({"Memos": memos})) - 2 > MAX_MEMO_BYTES:
        return "The memo exceeds the maximum allowed size."
    for item in memos:
        memo = item.get("Memo")
        if memo is None:
            return "A memo array may contain only Memo objects."
        for name, value in memo.items():
            if name not in ("MemoType", "MemoData", "MemoFormat"):
                return "A memo may contain only MemoType, MemoData or MemoFormat fields."
            if name != "MemoData" and not _URL_CHARACTERS.fullmatch(value):
                return (
                    "The MemoType and MemoFormat fields may only contain characters "
                    "that are allowed in URLs under RFC 3986."
                )
    return None


# --- authority ---------------------------------------------------------------------------------------------


def check_authority(view: ReadView, tx: Transaction) -> Ter:
    """Whether the keys that signed may act for the account in this ledger."""
    key: bytes = tx["SigningPubKey"]
    if not key and "Signers" in tx:
        return check_multi(view, tx.account, tx["Signers"])
    return check_single(view, account_id(key), tx.account)


def check_single(view: ReadView, signer: bytes, account: bytes) -> Ter:
    """Whether a key, given by the account id it makes, may sign alone for an account."""
    root = view.read(keylets.account(account))
    if root is None:
        return "terNO_ACCOUNT"
    master_disabled = root.flag(flags.DISABLE_MASTER)
    if view.rules.enabled("fixMasterKeyAsRegularKey"):
        if root.get("RegularKey") == signer:
            return "tesSUCCESS"
        if signer == account:
            return "tefMASTER_DISABLED" if master_disabled else "tesSUCCESS"
        return "tefBAD_AUTH"
    if signer == account:
        return "tefMASTER_DISABLED" if master_disabled else "tesSUCCESS"
    if root.get("RegularKey") == signer:
        return "tesSUCCESS"
    return "tefBAD_AUTH" if "RegularKey" in root else "tefBAD_AUTH_MASTER"


def check_multi(view: ReadView, account: bytes, signers: list[dict[str, Any]]) -> Ter:
    """Whether some signers, sorted by account, reach the quorum of an account's list."""
    listed = view.read(keylets.signer_list(account))
    if listed is None:
        return "tefNOT_MULTI_SIGNING"
    weights = {
        entry["SignerEntry"]["Account"]: entry["SignerEntry"]["SignerWeight"]
        for entry in listed["SignerEntries"]
    }
    total = 0
    for item in signers:
        signer = item["Signer"]
        who: bytes = signer["Account"]
        weight = weights.get(who)
        if weight is None:
            return "tefBAD_SIGNATURE"
        result = _check_signer(view, who, signer["SigningPubKey"])
        if result != "tesSUCCESS":
            return result
        total += weight
    return "tesSUCCESS" if total >= listed["SignerQuorum"] else "tefBAD_QUORUM"


def _check_signer(view: ReadView, who: bytes, key: bytes) -> Ter:
    if public_key_type(key) is None:
        return "tefBAD_SIGNATURE"
    made = account_id(key)
    root = view.read(keylets.account(who))
    if made == who:
        # A phantom (an address without an account) may sign with its own master key.
        if root is not None and root.flag(flags.DISABLE_MASTER):
            return "tefMASTER_DISABLED"
        return "tesSUCCESS"
    if root is None or root.get("RegularKey") != made:
        return "tefBAD_SIGNATURE"
    return "tesSUCCESS"
