"""What a key may sign: types by list, fields by list, values by rule. Pure; deny by default.

A transaction is read from the very bytes that will be signed. Whatever is not named here is
refused: another type, another field, another value. What a type may carry is decided in one place,
`_TYPES`; who adds a type says which fields it has and what each may say.

Source: xrpl.org, Transaction Types; XLS-56 (Batch).
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from talktalk.custody.errors import SignatureRefused

Fields = Mapping[str, Any]

COMMON: Final = frozenset(
    {
        "TransactionType",
        "Account",
        "Fee",
        "Flags",
        "Sequence",
        "TicketSequence",
        "LastLedgerSequence",
        "SigningPubKey",
        "NetworkID",
        "Memos",
    }
)
"""What any transaction may carry. Not among them: a signature, `Signers`, `Delegate`, `AccountTxnID`."""
PARTIAL_PAYMENT: Final = 0x0002_0000
INNER_BATCH: Final = 0x4000_0000
BATCH_MODES: Final = frozenset({0x0001_0000, 0x0004_0000, 0x0008_0000})
"""All or nothing, until failure, independent. Only one of several is nothing we offer."""
BATCH_INNER_MIN: Final = 2
BATCH_INNER_MAX: Final = 8
TICKETS_MAX: Final = 250
PATHS_MAX: Final = 6
STEPS_MAX: Final = 8
SET_NO_RIPPLE: Final = 0x0002_0000
MPT_UNAUTHORIZE: Final = 0x0000_0001


class Signable(msgspec.Struct, frozen=True):
    """One type: its own fields, and what they may say."""

    fields: frozenset[str]
    check: Callable[[Fields], None]


def check_person(fields: Fields, *, address: str, public_key: str) -> None:
    """Let pass what a person's key may sign.

    Raises:
        SignatureRefused: Anything else.
    """
    _check(fields, PERSON, address=address, public_key=public_key)


def check_operator(fields: Fields, *, address: str, public_key: str) -> int:
    """Let pass what the operator's own keys may sign; the drops it spends at most, fee included.

    Raises:
        SignatureRefused: Anything else.
    """
    _check(fields, OPERATOR, address=address, public_key=public_key)
    amount = fields.get("Amount", "0")
    return int(amount) + int(fields["Fee"])


def _check(fields: Fields, types: Mapping[str, Signable], *, address: str, public_key: str) -> None:
    if fields.get("Account") != address or fields.get("SigningPubKey") != public_key:
        raise SignatureRefused("the transaction is of another account or key")
    if "LastLedgerSequence" not in fields:
        raise SignatureRefused("must expire")
    _check_type(fields, types)


def _check_type(fields: Fields, types: Mapping[str, Signable]) -> None:
    kind = str(fields.get("TransactionType"))
    signable = types.get(kind)
    if signable is None:
        raise SignatureRefused(f"this key does not sign {kind}")
    foreign = fields.keys() - COMMON - signable.fields
    if foreign:
        raise SignatureRefused(f"{kind} must not carry {', '.join(sorted(foreign))}")
    if (int(fields["Sequence"]) == 0) != ("TicketSequence" in fields):
        raise SignatureRefused("a number or a ticket")
    signable.check(fields)


def _no_flags(fields: Fields) -> None:
    if int(fields.get("Flags", 0)):
        raise SignatureRefused("must not set flags")


def _xrp(fields: Fields) -> None:
    amount = fields.get("Amount")
    if not isinstance(amount, str) or int(amount) <= 0:
        raise SignatureRefused("must move XRP")


def _payment(fields: Fields) -> None:
    if int(fields.get("Flags", 0)) & PARTIAL_PAYMENT:
        raise SignatureRefused("must deliver in full")
    _no_flags(fields)
    _xrp(fields)


def _person_payment(fields: Fields) -> None:
    """Any asset; `SendMax` and `Paths` where they bound what an exchange or a transfer fee may cost."""
    _no_flags(fields)
    amount = _asset_of(fields.get("Amount"))
    if "SendMax" not in fields:
        if "Paths" in fields:
            raise SignatureRefused("paths without a bound on what is spent")
        return
    spent = _asset_of(fields["SendMax"])
    if amount == spent == "XRP":
        raise SignatureRefused("XRP for XRP has no bound but its amount")
    if "Paths" in fields:
        _check_paths(fields["Paths"], amount, spent)


def _asset_of(amount: object) -> str:
    """The asset of a positive amount, in exactly the shape the ledger has for it."""
    if isinstance(amount, str):
        if not amount.isascii() or not amount.isdigit() or int(amount) <= 0:
            raise SignatureRefused("must move something")
        return "XRP"
    if not isinstance(amount, dict):
        raise SignatureRefused("must move something")
    if amount.keys() == {"currency", "issuer", "value"}:
        named = f"{amount['currency']}.{amount['issuer']}"
    elif amount.keys() == {"mpt_issuance_id", "value"}:
        named = f"mpt.{amount['mpt_issuance_id']}"
    else:
        raise SignatureRefused("an amount of an unknown form")
    if Decimal(str(amount["value"])) <= 0:
        raise SignatureRefused("must move something")
    return named


def _check_paths(paths: object, amount: str, spent: str) -> None:
    if amount == spent or amount.startswith("mpt.") or spent.startswith("mpt."):
        raise SignatureRefused("paths where nothing is exchanged")
    if not isinstance(paths, list) or not 1 <= len(paths) <= PATHS_MAX:
        raise SignatureRefused(f"1 to {PATHS_MAX} paths")
    for path in paths:
        if not isinstance(path, list) or not 1 <= len(path) <= STEPS_MAX:
            raise SignatureRefused(f"paths of 1 to {STEPS_MAX} steps")


def _trust_set(fields: Fields) -> None:
    """A line that lets nobody pay through it; it freezes and authorises nobody."""
    if int(fields.get("Flags", 0)) != SET_NO_RIPPLE:
        raise SignatureRefused("a trust line must not ripple, and sets nothing else")
    limit = fields.get("LimitAmount")
    if not isinstance(limit, dict) or limit.keys() != {"currency", "issuer", "value"}:
        raise SignatureRefused("a limit of an issued currency")
    if Decimal(str(limit["value"])) < 0 or limit["issuer"] == fields["Account"]:
        raise SignatureRefused("a limit, and of another's currency")


def _mptoken_authorize(fields: Fields) -> None:
    if int(fields.get("Flags", 0)) not in (0, MPT_UNAUTHORIZE):
        raise SignatureRefused("take the token up or let it go, nothing else")


def _ticket_create(fields: Fields) -> None:
    _no_flags(fields)
    if not 1 <= int(fields.get("TicketCount", 0)) <= TICKETS_MAX:
        raise SignatureRefused(f"between 1 and {TICKETS_MAX} tickets")


def _batch(fields: Fields) -> None:
    """Every inner transaction is one of this very account that could be signed alone, without a fee."""
    if int(fields.get("Flags", 0)) not in BATCH_MODES:
        raise SignatureRefused("exactly one known mode")
    wrapped = fields.get("RawTransactions", [])
    if not BATCH_INNER_MIN <= len(wrapped) <= BATCH_INNER_MAX:
        raise SignatureRefused(f"{BATCH_INNER_MIN} to {BATCH_INNER_MAX} inner transactions")
    for item in wrapped:
        if item.keys() != {"RawTransaction"}:
            raise SignatureRefused("an inner transaction of an unknown form")
        inner = item["RawTransaction"]
        if inner.get("Account") != fields["Account"]:
            raise SignatureRefused("an inner transaction of another account")
        if inner.get("SigningPubKey") != "" or inner.get("Fee") != "0":
            raise SignatureRefused("an inner transaction is neither signed nor paid for")
        flags = int(inner.get("Flags", 0))
        if not flags & INNER_BATCH:
            raise SignatureRefused("an inner transaction that could be sent alone")
        _check_type({**inner, "Flags": flags & ~INNER_BATCH}, INNER)


_TYPES: Final = {
    "Payment": Signable(
        # Credentials are shown to a receiver that chooses its senders; they move nothing.
        frozenset({"Destination", "DestinationTag", "Amount", "CredentialIDs"}),
        _payment,
    ),
    "TicketCreate": Signable(frozenset({"TicketCount"}), _ticket_create),
    "Batch": Signable(frozenset({"RawTransactions"}), _batch),
}

PERSON: Final = {
    **{name: _TYPES[name] for name in ("TicketCreate", "Batch")},
    "Payment": Signable(_TYPES["Payment"].fields | {"SendMax", "Paths"}, _person_payment),
    "TrustSet": Signable(frozenset({"LimitAmount"}), _trust_set),
    "MPTokenAuthorize": Signable(frozenset({"MPTokenIssuanceID"}), _mptoken_authorize),
}
"""What a person's key may sign."""
OPERATOR: Final = {name: _TYPES[name] for name in ("Payment",)}
"""What the operator's own keys may sign."""
INNER: Final = {name: _TYPES[name] for name in ("Payment",)}
"""What a Batch may carry."""
