"""Methods that sign for the caller: sign, sign_for, submit with a secret, submit_multisigned, simulate.

Signing on a server is for administrators and tests; a secret in a request is echoed in errors, as rippled does.

Source: rippled `TransactionSign.cpp`, `Simulate.cpp`.
"""

from itertools import pairwise
from typing import Any, Final

from xrpl_codec.base58 import account_or_none, encode_account
from xrpl_codec.binary import CodecError, Fields
from xrpl_codec.hashing import MULTI_SIGN, SINGLE_SIGN, account_id
from xrpl_codec.json_form import FieldError, from_json, to_json
from xrpl_codec.keys import KeyPair
from xrpl_devnet.ledger import flags, keylets
from xrpl_devnet.ledger.entry import Entry
from xrpl_devnet.ledger.views import OpenView
from xrpl_devnet.rpc.errors import RpcError, invalid_field, missing_field
from xrpl_devnet.rpc.lookup import hash_param
from xrpl_devnet.rpc.registry import Context, method
from xrpl_devnet.rpc.secrets import SECRET_NAMES, key_pair_of
from xrpl_devnet.rpc.shape import engine_fields, hex_of, meta_json, transaction_json
from xrpl_devnet.rpc.transactions import parse_blob, submit_transaction
from xrpl_devnet.tx.base import ApplyFlags, Transactor, transactor_for
from xrpl_devnet.tx.engine import apply_transaction
from xrpl_devnet.tx.signatures import local_checks
from xrpl_devnet.tx.transaction import FULLY_CANONICAL_SIG, Transaction

HIGHEST_LEGACY_NETWORK_ID: Final = 1024
FEE_MULTIPLIER: Final = 10
_DEPRECATED: Final = (
    "{} has been deprecated and will be removed in a future version of the server. "
    "Please migrate to a standalone signing tool."
)
_DISCARDED: Final = ("hash", "index")
"""Fields that have a name and are never part of a transaction: what was answered can be sent again."""
SIGN_DEPRECATED: Final = _DEPRECATED.format("This command")
SUBMIT_DEPRECATED: Final = _DEPRECATED.format("Signing support in the 'submit' command")


# --- what every way of signing checks ---


def _object_field(name: str) -> RpcError:
    return RpcError("invalidParams", f"Invalid field '{name}', not object.")


def _tx_json(params: dict[str, Any]) -> dict[str, Any]:
    if "tx_json" not in params:
        raise missing_field("tx_json")
    tx_json = params["tx_json"]
    if not isinstance(tx_json, dict):
        raise _object_field("tx_json")
    out = dict(tx_json)
    if "DeliverMax" in out and out.get("TransactionType") == "Payment":
        if "Amount" in out and out["Amount"] != out["DeliverMax"]:
            raise RpcError(
                "invalidParams",
                "Cannot specify differing 'Amount' and 'DeliverMax' values",
            )
        out["Amount"] = out.pop("DeliverMax")
    return out


def _source(tx_json: dict[str, Any]) -> bytes:
    if "TransactionType" not in tx_json:
        raise missing_field("tx_json.TransactionType")
    if "Account" not in tx_json:
        raise RpcError("srcActMissing", "Missing field 'tx_json.Account'.")
    account = account_or_none(tx_json["Account"])
    if account is None:
        raise RpcError("srcActMalformed", "Invalid field 'tx_json.Account'.")
    return account


def _check_payment(params: dict[str, Any], tx_json: dict[str, Any], *, may_find_path: bool) -> None:
    if tx_json["TransactionType"] != "Payment":
        return
    if "Amount" not in tx_json:
        raise missing_field("tx_json.Amount")
    try:
        from_json({"Amount": tx_json["Amount"]})
    except FieldError as error:
        raise invalid_field("tx_json.Amount") from error
    if "Destination" not in tx_json:
        raise missing_field("tx_json.Destination")
    if account_or_none(tx_json["Destination"]) is None:
        raise invalid_field("tx_json.Destination")
    if "build_path" in params:
        if not may_find_path:
            raise RpcError("invalidParams", "Field 'build_path' not allowed in this context.")
        if "Paths" in tx_json:
            raise RpcError("invalidParams", "Cannot specify both 'tx_json.Paths' and 'build_path'")


def _fill_fee(ctx: Context, tx_json: dict[str, Any], *, may_fill: bool) -> None:
    if "Fee" in tx_json:
        return
    if not may_fill:
        raise missing_field("tx_json.Fee")
    base = ctx.node.open.fees.base
    fee = base
    try:
        tx = _transaction({**tx_json, "Fee": "0", "Sequence": 0, "SigningPubKey": ""})
        fee = (transactor_for(tx) or Transactor).base_fee(ctx.node.open, tx)
    except RpcError:
        pass  # What is wrong with it is said when it is made for good.
    params = ctx.params
    multiplier = _positive(params, "fee_mult_max", FEE_MULTIPLIER)
    divisor = _positive(params, "fee_div_max", 1)
    if divisor == 0:
        raise RpcError("invalidParams", "Invalid field 'fee_div_max', not a positive integer.")
    limit = base * multiplier // divisor
    if fee > max(limit, fee if "fee_mult_max" not in params else 0):
        raise RpcError("highFee", f"Fee of {fee} exceeds the requested tx limit of {limit}")
    tx_json["Fee"] = str(fee)


def _positive(params: dict[str, Any], name: str, default: int) -> int:
    value = params.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise RpcError("highFee", f"Invalid field '{name}', not a positive integer.")
    if value < 0:
        raise RpcError("invalidParams", f"Invalid field '{name}', not a positive integer.")
    return value


def _check_owner(root: Entry | None, account: bytes, public: bytes) -> None:
    """Whether a key may sign for an account, so that a mistake is found before it is sent."""
    made = account_id(public)
    if made == account:
        if root is not None and root.flag(flags.DISABLE_MASTER):
            raise RpcError("masterDisabled")
        return
    if root is None or root.get("RegularKey") != made:
        raise RpcError("badSecret")


def _transaction(tx_json: dict[str, Any]) -> Transaction:
    """The transaction of its JSON; what answers add to it (`hash`) may stand there and is left out."""
    kept = dict(tx_json)
    for name in _DISCARDED:
        if name in kept and hash_param(kept.pop(name)) is None:
            raise RpcError("invalidParams", f"Field 'tx_json.{name}' has invalid data.")
    try:
        return Transaction.from_fields(from_json(kept))
    except FieldError as error:
        raise RpcError("invalidParams", f"Field 'tx_json.{error.field}' {error.reason}.") from error
    except CodecError as error:
        raise RpcError("invalidParams", str(error)) from error


def _must_pass(ctx: Context, tx: Transaction) -> None:
    reason = local_checks(tx, ctx.node.settings.rules)
    if reason is not None:
        raise RpcError("invalidParams", reason)


def _autofill(ctx: Context, tx_json: dict[str, Any], root: Entry | None) -> None:
    if "Sequence" not in tx_json:
        has_ticket = "TicketSequence" in tx_json
        if not has_ticket and root is None:
            raise RpcError("srcActNotFound")
        tx_json["Sequence"] = 0 if has_ticket or root is None else root["Sequence"]
    network = ctx.node.settings.network_id
    if "NetworkID" not in tx_json and network > HIGHEST_LEGACY_NETWORK_ID:
        tx_json["NetworkID"] = network


def _signed(ctx: Context) -> Transaction:
    """The transaction of `tx_json`, filled in and signed with the request's secret."""
    pair = key_pair_of(ctx.params)
    offline = ctx.params.get("offline") is True
    tx_json = _tx_json(ctx.params)
    source = _source(tx_json)
    if offline and "Sequence" not in tx_json:
        raise missing_field("tx_json.Sequence")
    root = None if offline else ctx.node.open.read(keylets.account(source))
    if root is None and not offline:
        raise RpcError("srcActNotFound")
    _fill_fee(ctx, tx_json, may_fill=not offline)
    _check_payment(ctx.params, tx_json, may_find_path=not offline)
    _autofill(ctx, tx_json, root)
    if "Flags" not in tx_json:
        tx_json["Flags"] = FULLY_CANONICAL_SIG
    if "Signers" in tx_json:
        raise RpcError("alreadyMultisig")
    if not offline:
        _check_owner(root, source, pair.public)
    tx_json["SigningPubKey"] = hex_of(pair.public)
    tx_json.pop("TxnSignature", None)
    unsigned = _transaction(tx_json)
    signature = pair.sign(SINGLE_SIGN + unsigned.signing_blob)
    signed = Transaction.from_fields({**unsigned.fields, "TxnSignature": signature})
    _must_pass(ctx, signed)
    return signed


def _shown(ctx: Context, tx: Transaction) -> dict[str, Any]:
    shown = transaction_json(tx.fields, v2=ctx.v2)
    out: dict[str, Any] = {"tx_blob": hex_of(tx.blob), "tx_json": shown}
    if ctx.v2:
        out["hash"] = hex_of(tx.id)
    else:
        shown["hash"] = hex_of(tx.id)
    return out


# --- methods ---


@method("sign")
def sign(ctx: Context) -> dict[str, Any]:
    """Sign a transaction with a secret."""
    try:
        return {**_shown(ctx, _signed(ctx)), "deprecated": SIGN_DEPRECATED}
    except RpcError as error:
        error.extra["deprecated"] = SIGN_DEPRECATED
        raise


@method("submit")
def submit(ctx: Context) -> dict[str, Any]:
    """Submit a signed transaction, or sign one with a secret and submit it."""
    if "tx_blob" in ctx.params:
        fail_hard = ctx.params.get("fail_hard") is True
        return submit_transaction(ctx, parse_blob(ctx.params["tx_blob"]), fail_hard=fail_hard)
    try:
        tx = _signed(ctx)
        fail_hard = ctx.params.get("fail_hard") is True
        answer = submit_transaction(ctx, tx, fail_hard=fail_hard)
    except RpcError as error:
        error.extra["deprecated"] = SUBMIT_DEPRECATED
        raise
    return {**_submission(answer), "deprecated": SUBMIT_DEPRECATED}


def _submission(answer: dict[str, Any]) -> dict[str, Any]:
    """What the ways of submitting that build the transaction themselves answer."""
    names = ("engine_result", "engine_result_code", "engine_result_message", "tx_blob", "tx_json", "hash")
    return {name: answer[name] for name in names if name in answer}


def _check_multi_sign_fields(tx_json: dict[str, Any]) -> None:
    if "Sequence" not in tx_json:
        raise missing_field("tx_json.Sequence")
    if "SigningPubKey" not in tx_json:
        raise missing_field("tx_json.SigningPubKey")
    if tx_json["SigningPubKey"] != "":
        raise RpcError("invalidParams", "When multi-signing 'tx_json.SigningPubKey' must be empty.")


def _sorted_signers(signers: list[Fields], source: bytes) -> list[Fields]:
    ordered = sorted(signers, key=lambda item: bytes(item["Signer"]["Account"]))
    accounts = [item["Signer"]["Account"] for item in ordered]
    for one, other in pairwise(accounts):
        if one == other:
            raise RpcError(
                "invalidParams",
                f"Duplicate Signers:Signer:Account entries ({encode_account(one)}) are not allowed.",
            )
    if source in accounts:
        raise RpcError(
            "invalidParams",
            f"A Signer may not be the transaction's Account ({encode_account(source)}).",
        )
    return ordered


@method("sign_for")
def sign_for(ctx: Context) -> dict[str, Any]:
    """Add one signer's signature to a multi-signed transaction."""
    try:
        return {**_shown(ctx, _signed_for(ctx)), "deprecated": SIGN_DEPRECATED}
    except RpcError as error:
        error.extra["deprecated"] = SIGN_DEPRECATED
        raise


def _signed_for(ctx: Context) -> Transaction:
    if "account" not in ctx.params:
        raise missing_field("account")
    signer = account_or_none(ctx.params["account"])
    if signer is None:
        raise RpcError("srcActMalformed", "Invalid field 'account'.")
    tx_json = _tx_json(ctx.params)
    tx_json.setdefault("SigningPubKey", "")
    _check_multi_sign_fields(tx_json)
    pair: KeyPair = key_pair_of(ctx.params)
    source = _source(tx_json)
    if ctx.node.open.read(keylets.account(source)) is None:
        raise RpcError("srcActNotFound")
    _fill_fee(ctx, tx_json, may_fill=False)
    _check_payment(ctx.params, tx_json, may_find_path=False)
    if "TxnSignature" in tx_json:
        raise RpcError("alreadySingleSig")
    _check_owner(ctx.node.open.read(keylets.account(signer)), signer, pair.public)
    unsigned = _transaction(tx_json)
    fields: Fields = dict(unsigned.fields)
    made = {
        "Signer": {
            "Account": signer,
            "TxnSignature": pair.sign(MULTI_SIGN + unsigned.signing_blob + signer),
            "SigningPubKey": pair.public,
        }
    }
    fields["Signers"] = _sorted_signers([*fields.get("Signers", ()), made], source)
    return Transaction.from_fields(fields)


@method("submit_multisigned")
def submit_multisigned(ctx: Context) -> dict[str, Any]:
    """Submit a transaction that several have signed."""
    tx_json = _tx_json(ctx.params)
    _check_multi_sign_fields(tx_json)
    source = _source(tx_json)
    if ctx.node.open.read(keylets.account(source)) is None:
        raise RpcError("srcActNotFound")
    _fill_fee(ctx, tx_json, may_fill=False)
    _check_payment(ctx.params, tx_json, may_find_path=False)
    tx = _transaction(tx_json)
    if "TxnSignature" in tx:
        raise RpcError("signingMalformed")
    if not isinstance(tx.fee, int):
        raise RpcError("invalidParams", "Invalid Fee field.  Fees must be specified in XRP.")
    if tx.fee <= 0:
        raise RpcError("invalidParams", "Invalid Fee field.  Fees must be greater than zero.")
    if "Signers" not in tx:
        raise missing_field("tx_json.Signers")
    signers: list[Fields] = tx["Signers"]
    if not signers:
        raise RpcError("invalidParams", "tx_json.Signers array may not be empty.")
    wanted = {"Account", "SigningPubKey", "TxnSignature"}
    if any(set(item.get("Signer", {})) != wanted for item in signers):
        raise RpcError("invalidParams", "Signers array may only contain Signer entries.")
    ordered = Transaction.from_fields({**tx.fields, "Signers": _sorted_signers(signers, source)})
    _must_pass(ctx, ordered)
    fail_hard = ctx.params.get("fail_hard") is True
    return _submission(submit_transaction(ctx, ordered, fail_hard=fail_hard))


# --- simulate ---


@method("simulate")
def simulate(ctx: Context) -> dict[str, Any]:
    """What an unsigned transaction would do if it were the next; nothing is changed."""
    params = ctx.params
    for name in SECRET_NAMES:
        if name in params:
            raise invalid_field(name)
    binary = params.get("binary", False)
    if not isinstance(binary, bool):
        raise invalid_field("binary")
    tx = _unsigned(ctx)
    if tx.type == "Batch":
        raise RpcError("notImpl")
    view = OpenView(
        ctx.node.closed,
        parent_close_time=ctx.node.open.parent_close_time,
        is_open=ctx.node.open.is_open,
    )
    for key, entry in ctx.node.open.changes.items():
        if entry is None:
            view.raw_erase(key)
        else:
            view.raw_put(entry)
    outcome = apply_transaction(tx, view, ApplyFlags.DRY_RUN, network_id=ctx.node.settings.network_id)
    out: dict[str, Any] = {
        "applied": False,
        **engine_fields(outcome.result),
        "ledger_index": view.index,
    }
    if outcome.result == "tesSUCCESS":
        out["engine_result_message"] = "The simulated transaction would have been applied."
    if outcome.record is not None:
        if binary:
            out["meta_blob"] = hex_of(outcome.record.meta_blob)
        else:
            out["meta"] = meta_json(tx.fields, outcome.record.meta)
    if binary:
        return {**out, "tx_blob": hex_of(tx.blob)}
    # Of one layout in both versions.
    return {**out, "tx_json": {**to_json(tx.fields), "hash": hex_of(tx.id)}}


def _unsigned(ctx: Context) -> Transaction:
    params = ctx.params
    if "tx_blob" in params:
        if "tx_json" in params:
            raise RpcError("invalidParams", "Can only include one of `tx_blob` and `tx_json`.")
        try:
            tx_json = to_json(parse_blob(params["tx_blob"]).fields)
        except RpcError as error:
            raise invalid_field("tx_blob") from error
    elif "tx_json" in params:
        tx_json = _tx_json(params)
    else:
        raise RpcError("invalidParams", "Neither `tx_blob` nor `tx_json` included.")
    if "TransactionType" not in tx_json:
        raise missing_field("tx.TransactionType")
    if "Account" not in tx_json:
        raise missing_field("tx.Account")
    source = account_or_none(tx_json["Account"])
    if source is None:
        raise RpcError("srcActMalformed", "Invalid field 'tx.Account'.")
    _refuse_signed(tx_json)
    tx_json.setdefault("SigningPubKey", "")
    tx_json.setdefault("TxnSignature", "")
    root = ctx.node.open.read(keylets.account(source))
    _autofill(ctx, tx_json, root)
    _fill_fee(ctx, tx_json, may_fill=True)
    return _transaction(tx_json)


def _refuse_signed(tx_json: dict[str, Any]) -> None:
    if tx_json.get("TxnSignature", "") != "":
        raise RpcError("transactionSigned")
    signers = tx_json.get("Signers", [])
    if not isinstance(signers, list):
        raise invalid_field("tx.Signers")
    for number, item in enumerate(signers):
        signer = item.get("Signer") if isinstance(item, dict) else None
        if not isinstance(signer, dict):
            raise invalid_field(f"tx.Signers[{number}]")
        if signer.get("TxnSignature", "") != "":
            raise RpcError("transactionSigned")
        signer.setdefault("SigningPubKey", "")
        signer.setdefault("TxnSignature", "")
