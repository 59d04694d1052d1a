"""The faucet, as public test networks have it: `POST /accounts` gives XRP of the genesis account.

The body is `{"destination": address, "xrpAmount": "100"}`, both optional; without a destination a new key
pair is made and its seed returned. The answer has the layout of the public faucets, which client libraries
read. The payment is only submitted: it is final when the next ledger closes.
"""

import secrets
from typing import Any, Final

import msgspec

from xrpl_codec.base58 import account_or_none, encode, encode_account
from xrpl_codec.binary import encode as encode_fields
from xrpl_codec.hashing import SINGLE_SIGN
from xrpl_codec.keys import derive, new_seed
from xrpl_devnet.ledger import keylets
from xrpl_devnet.node import Node
from xrpl_devnet.service import HttpAnswer, parse_json
from xrpl_devnet.tx.signatures import local_checks
from xrpl_devnet.tx.transaction import Transaction

DEFAULT_XRP: Final = 1000
MAX_XRP: Final = 1_000_000
_TEST_X_ADDRESS: Final = b"\x04\x93"


def _answer(status: int, body: dict[str, Any]) -> HttpAnswer:
    return HttpAnswer(status, msgspec.json.encode(body))


def _amount_xrp(request: dict[str, Any]) -> int | None:
    """The whole XRP asked for, or None when it is no allowed amount."""
    asked = request.get("xrpAmount", DEFAULT_XRP)
    if isinstance(asked, bool) or not isinstance(asked, int | str):
        return None
    try:
        amount = int(asked)
    except ValueError:
        return None
    return amount if 0 < amount <= MAX_XRP else None


def pay(node: Node, destination: bytes, drops: int) -> tuple[Transaction, str]:
    """Send XRP of the genesis account and return the transaction with its preliminary result."""
    key = node.genesis
    root = node.open.read(keylets.account(key.account))
    assert root is not None, "the genesis account is never deleted"
    fields: dict[str, Any] = {
        "TransactionType": "Payment",
        "Account": key.account,
        "Destination": destination,
        "Amount": drops,
        "Fee": node.settings.fees.base,
        "Sequence": root["Sequence"],
        "SigningPubKey": key.public,
    }
    if node.settings.network_id > 1024:
        fields["NetworkID"] = node.settings.network_id
    fields["TxnSignature"] = key.sign(SINGLE_SIGN + encode_fields(fields, signing=True))
    tx = Transaction.from_fields(fields)
    problem = local_checks(tx, node.settings.rules)
    assert problem is None, problem
    return tx, node.submit(tx, fail_hard=True).result


def fund(node: Node, body: bytes) -> HttpAnswer:
    """The answer to a `POST /accounts`."""
    try:
        request = parse_json(body) if body.strip() else {}
    except ValueError:
        return _answer(400, {"error": "The body is not JSON."})
    if not isinstance(request, dict):
        return _answer(400, {"error": "The body must be a JSON object."})
    amount = _amount_xrp(request)
    if amount is None:
        return _answer(400, {"error": f"xrpAmount must be a whole number from 1 to {MAX_XRP}."})
    seed: str | None = None
    if request.get("destination") is None:
        entropy = secrets.token_bytes(16)
        seed = new_seed(entropy, "ed25519")
        destination: bytes | None = derive(entropy, "ed25519").account
    else:
        destination = account_or_none(request["destination"])
    if destination is None:
        return _answer(400, {"error": "destination must be a classic address."})
    tx, result = pay(node, destination, amount * 1_000_000)
    if result != "tesSUCCESS":
        return _answer(503, {"error": f"The faucet's payment was refused: {result}."})
    address = encode_account(destination)
    account: dict[str, Any] = {
        "xAddress": encode(_TEST_X_ADDRESS, destination + bytes(9)),
        "address": address,
        "classicAddress": address,
    }
    out: dict[str, Any] = {
        "account": account,
        "amount": amount,
        "transactionHash": tx.id.hex().upper(),
    }
    if seed is not None:
        account["secret"] = seed
        out["seed"] = seed
    return _answer(200, out)
